#include "api/dicomweb/retrieval.h"

#include <algorithm>
#include <iterator>

#include "api/dicomweb/edited_head.h"
#include "http/conditional.h"

namespace larmor::api {
namespace {

LocatedInstancePtr with_file(const LocatedInstance& primary, const catalog::StoredFile& file,
                             const objects::ObjectLocation& location) {
    auto located = std::make_shared<LocatedInstance>();
    located->instance = primary.instance;
    located->instance.file = file;
    // Made from the bytes of the primary. Everything else holds for all encodings.
    located->instance.prepared.frame_index = {};
    located->file = location;
    located->changes = primary.changes;
    return located;
}

/// What was edited does not go out as it is stored.
ChosenInstance with_edits(ChosenInstance chosen) {
    const bool is_changed = !chosen.located->changes.empty();
    if (is_changed && chosen.form == InstanceForm::AsStored) {
        chosen.form = can_be_edited_as_stored(chosen.located->instance.file.transfer_syntax_uid)
                          ? InstanceForm::Edited
                          : InstanceForm::ExplicitLittle;
    }
    return chosen;
}

tl::unexpected<Error> nothing_acceptable(const std::vector<std::string_view>& stored) {
    std::string message =
        "Accept takes none of what there is: application/dicom in Explicit VR Little Endian "
        "where the pixels can be decoded, or as stored (transfer-syntax=*), here in";
    for (const auto uid : stored) {
        message += ' ';
        message += uid;
    }
    return fail(ErrorCode::Unsupported, std::move(message));
}

}  // namespace

Result<Retrieval> read_retrieval(const http::Request& request) {
    Retrieval retrieval;
    TRY(retrieval.path, resource_path(request));
    TRY(const auto accepts, accepts_of(request));
    for (const std::string& accept : accepts) {
        TRY(auto choices, parse_media_choices(accept));
        std::ranges::move(choices, std::back_inserter(retrieval.choices));
    }
    return retrieval;
}

std::string weak_etag(std::string_view text) {
    return "W/" + http::etag_of(text);
}

std::optional<http::Response> not_modified(const http::Request& request,
                                           const std::string& etag) {
    const std::string known = request.headers.joined("If-None-Match");
    if (known.empty() || !http::etag_matches_weakly(known, etag)) {
        return std::nullopt;
    }
    http::Response response(304);
    response.headers.add("ETag", etag);
    response.headers.add("Cache-Control", "no-cache");
    return response;
}

std::string with_transfer_syntax(std::string_view type, std::string_view uid) {
    return std::string(type) + "; transfer-syntax=" + std::string(uid);
}

Result<std::vector<LocatedInstancePtr>> stored_encodings(const Context& context,
                                                         LocatedInstancePtr primary) {
    const auto& services = context.services;
    std::vector<LocatedInstancePtr> encodings = {primary};
    TRY_VOID(services.database.read([&](db::Snapshot& snapshot) -> Result<void> {
        TRY(const auto alternates,
            services.catalog.alternates(snapshot, primary->instance.row));
        for (const catalog::Alternate& alternate : alternates) {
            TRY(const auto location, services.store.locate(snapshot, alternate.file.object));
            encodings.push_back(with_file(*primary, alternate.file, location));
        }
        return {};
    }));
    return encodings;
}

std::vector<std::string_view> syntaxes_of(const std::vector<LocatedInstancePtr>& encodings) {
    std::vector<std::string_view> uids;
    uids.reserve(encodings.size());
    for (const auto& encoding : encodings) {
        uids.emplace_back(encoding->instance.file.transfer_syntax_uid);
    }
    return uids;
}

std::string_view ChosenInstance::transfer_syntax() const {
    return form == InstanceForm::ExplicitLittle
               ? dicom::kExplicitLittleUid
               : std::string_view(located->instance.file.transfer_syntax_uid);
}

std::optional<ChosenInstance> choose_primary(const LocatedInstancePtr& primary,
                                             const std::vector<MediaChoice>& choices,
                                             bool is_file) {
    const auto answer =
        choose_instance_form(choices, {primary->instance.file.transfer_syntax_uid});
    const bool fits =
        answer && answer->form == InstanceForm::AsStored && (answer->any || is_file);
    if (!fits) return std::nullopt;
    return with_edits({primary, answer->form, answer->body});
}

Result<ChosenInstance> choose_instance(const Context& context, LocatedInstancePtr primary,
                                       const std::vector<MediaChoice>& choices) {
    TRY(const bool primary_is_file, is_file_format(context.services.store, primary->file));
    if (auto chosen = choose_primary(primary, choices, primary_is_file)) {
        return *std::move(chosen);
    }
    TRY(const auto encodings, stored_encodings(context, std::move(primary)));
    const auto syntaxes = syntaxes_of(encodings);
    const auto answer = choose_instance_form(choices, syntaxes);
    if (!answer) {
        return nothing_acceptable(syntaxes);
    }
    ChosenInstance chosen{encodings[answer->encoding], answer->form, answer->body};
    if (chosen.form == InstanceForm::AsStored && !answer->any &&
        syntaxes[answer->encoding] == dicom::kExplicitLittleUid) {
        TRY(const bool is_file, is_file_format(context.services.store, chosen.located->file));
        // A bare data set is no application/dicom: it is written again with what it lacks.
        chosen.form = is_file ? InstanceForm::AsStored : InstanceForm::ExplicitLittle;
    }
    return with_edits(std::move(chosen));
}

}  // namespace larmor::api
