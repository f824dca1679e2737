#include "api/healthimaging/update_request.h"

#include <simdjson.h>

#include "api/healthimaging/service_request.h"
#include "api/image_set_json.h"
#include "base/base64.h"

namespace larmor::api {
namespace {

namespace dom = simdjson::dom;

tl::unexpected<Error> wrong_update(std::string what) {
    return fail(ErrorCode::InvalidInput, std::move(what));
}

/// A blob of the service is base64 of a JSON document.
Result<std::string> blob_of(std::string_view name, dom::element value) {
    std::string_view text;
    if (value.get(text) != simdjson::SUCCESS) {
        return wrong_update(std::string(name) + " is a text in base64");
    }
    const auto bytes = from_base64(text);
    if (!bytes) return wrong_update(std::string(name) + " is no base64");
    return to_string(*bytes);
}

Result<void> read_updates(catalog::EditRequest& request, dom::element value) {
    dom::object updates;
    if (value.get(updates) != simdjson::SUCCESS || updates.size() == 0) {
        return wrong_update(
            "DICOMUpdates is an object with updatableAttributes or removableAttributes");
    }
    for (const auto [key, blob] : updates) {
        TRY(const std::string document, blob_of(key, blob));
        if (key == "updatableAttributes") {
            TRY_VOID(edits::read_updatable(document, request.document));
        } else if (key == "removableAttributes") {
            TRY_VOID(edits::read_removable(document, request.document));
        } else {
            return wrong_update(
                "DICOMUpdates has updatableAttributes and removableAttributes only");
        }
    }
    return {};
}

Result<void> read_update_body(catalog::EditRequest& request, std::string_view body) {
    dom::parser parser;
    dom::object root;
    if (parser.parse(body.data(), body.size()).get(root) != simdjson::SUCCESS ||
        root.size() != 1) {
        return wrong_update("the body has either DICOMUpdates or revertToVersionId");
    }
    const auto [key, value] = *root.begin();
    if (key == "DICOMUpdates") return read_updates(request, value);
    std::string_view text;
    if (key != "revertToVersionId" || value.get(text) != simdjson::SUCCESS) {
        return wrong_update("the body has either DICOMUpdates or revertToVersionId, a text");
    }
    TRY(request.revert_to, parse_version(key, text));
    return {};
}

}  // namespace

Result<catalog::EditRequest> parse_update_request(std::string_view query,
                                                  std::string_view body) {
    catalog::EditRequest request;
    TRY(const auto parameters, http::parse_query(query));
    const auto latest = parameters.find("latestVersion");
    if (!latest) return wrong_update("latestVersion is missing: the version that was seen");
    TRY(request.latest_version, parse_version("latestVersion", *latest));
    TRY(const bool force, flag_in(parameters, "force"));
    TRY(const bool whole_study, flag_in(parameters, "includeStudyImageSets"));
    request.force = force ? edits::Force::Yes : edits::Force::No;
    using Span = catalog::EditRequest::Span;
    request.span = whole_study ? Span::Study : Span::ImageSet;
    TRY_VOID(read_update_body(request, body));
    if (request.revert_to && whole_study) {
        return wrong_update("includeStudyImageSets does not go with revertToVersionId");
    }
    return request;
}

}  // namespace larmor::api
