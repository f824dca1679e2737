#include "api/image_set_json.h"

#include <simdjson.h>

#include <charconv>

#include "base/json_text.h"
#include "dicom/dictionary.h"

namespace larmor::api {
namespace {

using simdjson::dom::element;

void append_text(std::string& json, std::string_view key, std::string_view value) {
    if (json.back() != '{') json += ',';
    append_json_string(json, key);
    json += ':';
    append_json_string(json, value);
}

void append_state(std::string& json, std::string_view key, const edits::Change* change) {
    json += ",\"" + std::string(key) + "\":";
    if (change == nullptr) {
        json += R"({"state":"stored"})";
    } else if (change->removes()) {
        json += R"({"state":"removed"})";
    } else {
        json += R"({"state":"edited","value":)" + change->element + '}';
    }
}

tl::unexpected<Error> invalid(std::string what) {
    return fail(ErrorCode::InvalidInput, std::move(what));
}

Result<std::int64_t> version_of(std::string_view key, element value) {
    std::string_view text;
    return parse_version(key, value.get(text) == simdjson::SUCCESS ? text : "");
}

Result<bool> flag_of(std::string_view key, element value) {
    bool flag = false;
    if (value.get(flag) != simdjson::SUCCESS) {
        return invalid(std::string(key) + " is true or false");
    }
    return flag;
}

Result<void> read_member(EditBody& body, std::string_view key, element value) {
    auto& request = body.request;
    if (key == "latestVersionId") {
        TRY(request.latest_version, version_of(key, value));
    } else if (key == "revertToVersionId") {
        TRY(request.revert_to, version_of(key, value));
    } else if (key == "force") {
        TRY(const bool force, flag_of(key, value));
        request.force = force ? edits::Force::Yes : edits::Force::No;
    } else if (key == "includeStudyImageSets") {
        TRY(const bool all, flag_of(key, value));
        using Span = catalog::EditRequest::Span;
        request.span = all ? Span::Study : Span::ImageSet;
    } else if (key == "updatableAttributes") {
        return edits::read_updatable(simdjson::minify(value), request.document);
    } else if (key == "removableAttributes") {
        return edits::read_removable(simdjson::minify(value), request.document);
    } else if (key == "issuerOfPatientId") {
        std::string_view issuer;
        if (value.get(issuer) != simdjson::SUCCESS)
            return invalid("issuerOfPatientId is a text");
        body.issuer_of_patient_id = issuer;
    } else {
        return invalid(
            "an edit has the members latestVersionId, updatableAttributes, "
            "removableAttributes, revertToVersionId, force, includeStudyImageSets and "
            "issuerOfPatientId");
    }
    return {};
}

}  // namespace

std::string_view service_name_of(catalog::ImageSetState state) {
    switch (state) {
        case catalog::ImageSetState::Active:
            return "ACTIVE";
        case catalog::ImageSetState::Locked:
            return "LOCKED";
        case catalog::ImageSetState::Deleted:
            return "DELETED";
    }
    return "DELETED";
}

void append_image_set_json(std::string& json, const catalog::PlacedImageSet& placed) {
    const catalog::ImageSet& set = placed.image_set;
    json += '{';
    append_text(json, "imageSetId", set.id);
    append_text(json, "versionId", std::to_string(set.latest_version));
    append_text(json, "imageSetState", service_name_of(set.state));
    append_text(json, "imageSetWorkflowStatus", set.workflow_status);
    json += R"(,"isPrimary":)";
    json += set.is_primary ? "true" : "false";
    append_text(json, "createdAt", to_iso8601(set.created));
    append_text(json, "updatedAt", to_iso8601(set.updated));
    append_text(json, "studyInstanceUid", placed.study_instance_uid);
    append_text(json, "seriesInstanceUid", placed.series_instance_uid);
    json += R"(,"numberOfInstances":)" + std::to_string(placed.number_of_instances) + '}';
}

void append_version_json(std::string& json, const catalog::ImageSetVersion& version) {
    json += '{';
    append_text(json, "versionId", std::to_string(version.version));
    append_text(json, "createdAt", to_iso8601(version.created));
    append_text(json, "cause", version.cause);
    json += R"(,"numberOfInstances":)" + std::to_string(version.number_of_instances);
    json += R"(,"overrides":{"forced":)";
    json += version.forced ? "true}}" : "false}}";
}

void append_difference_json(std::string& json, std::string_view sop_instance_uid,
                            const edits::Change* before, const edits::Change* after) {
    const edits::Path& path = before == nullptr ? after->path : before->path;
    json += '{';
    append_text(json, "path", edits::to_string(path));
    append_text(json, "keyword", dicom::keyword_of(path.tag));
    if (!sop_instance_uid.empty()) append_text(json, "sopInstanceUid", sop_instance_uid);
    append_state(json, "from", before);
    append_state(json, "to", after);
    json += '}';
}

Result<std::int64_t> parse_version(std::string_view name, std::string_view text) {
    std::int64_t version = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), version);
    if (error == std::errc() && end == text.data() + text.size() && version > 0) {
        return version;
    }
    return invalid(std::string(name) + " is a number from 1 as text");
}

Result<EditBody> parse_edit_body(std::string_view json) {
    simdjson::dom::parser parser;
    simdjson::dom::object root;
    if (parser.parse(json.data(), json.size()).get(root) != simdjson::SUCCESS) {
        return invalid("an edit is a JSON object");
    }
    EditBody body;
    for (const auto [key, value] : root) {
        TRY_VOID(read_member(body, key, value));
    }
    return body;
}

}  // namespace larmor::api
