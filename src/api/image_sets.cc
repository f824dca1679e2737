#include "api/image_sets.h"

#include <charconv>
#include <limits>
#include <map>

#include "api/access.h"
#include "api/deletions.h"
#include "api/handler.h"
#include "api/image_set_acts.h"
#include "api/image_set_copy.h"
#include "api/image_set_json.h"
#include "api/json_request.h"
#include "api/problem.h"
#include "base/ids.h"
#include "http/query.h"

namespace larmor::api {
namespace {

using catalog::PlacedImageSet;
using http::Request;
using http::Response;
using http::Task;

Task<Response> get_image_set(ContextPtr context, Request request) {
    const std::string& id = request.path_parameter("imageSet");
    const auto placed = co_await context->read([&](db::Snapshot& snapshot) {
        return context->services.catalog.place_image_set(snapshot, id);
    });
    if (!placed) {
        co_return problem(request, placed.error());
    }
    std::string json;
    append_image_set_json(json, *placed);
    Response response = private_json(std::move(json));
    response.context = note_of(*placed);
    co_return response;
}

Task<Response> list_versions(ContextPtr context, Request request) {
    const std::string& id = request.path_parameter("imageSet");
    std::string json = R"({"versions":[)";
    const auto& catalog = context->services.catalog;
    const auto placed =
        co_await context->read([&](db::Snapshot& snapshot) -> Result<PlacedImageSet> {
            TRY(auto found, catalog.place_image_set(snapshot, id));
            TRY(const auto versions, catalog.list_versions(snapshot, found.image_set.row));
            for (const auto& version : versions) {
                if (json.back() != '[') json += ',';
                append_version_json(json, version);
            }
            return found;
        });
    if (!placed) {
        co_return problem(request, placed.error());
    }
    Response response = private_json(json + "]}");
    response.context = note_of(*placed);
    co_return response;
}

/// Which versions are compared; 0 is what was stored.
struct Compared {
    std::int64_t from = 0;
    std::int64_t to = std::numeric_limits<std::int64_t>::max();
};
Result<Compared> read_compared(const Request& request) {
    TRY(const http::Query query, http::parse_query(request.query));
    Compared compared;
    for (const auto& [name, value] : query.parameters) {
        std::int64_t* number = name == "from" ? &compared.from : &compared.to;
        const auto [end, error] =
            std::from_chars(value.data(), value.data() + value.size(), *number);
        if ((name != "from" && name != "to") || error != std::errc() ||
            end != value.data() + value.size() || *number < 0) {
            return fail(ErrorCode::InvalidInput,
                        "from and to are numbers of versions; 0 is what was stored");
        }
    }
    return compared;
}

/// The last change of each path.
std::map<std::string, const edits::Change*> by_path(const edits::Changes& changes) {
    std::map<std::string, const edits::Change*> last;
    for (const auto& change : changes) last[edits::to_string(change.path)] = &change;
    return last;
}

void append_differences(std::string& json, std::string_view uid, const edits::Changes& before,
                        const edits::Changes& after) {
    const auto from = by_path(before);
    const auto to = by_path(after);
    auto paths = from;
    paths.insert(to.begin(), to.end());
    const auto find = [](const auto& all, const std::string& path) {
        const auto found = all.find(path);
        return found == all.end() ? nullptr : found->second;
    };
    for (const auto& [path, change] : paths) {
        const edits::Change* then = find(from, path);
        const edits::Change* now = find(to, path);
        if (then != nullptr && now != nullptr && then->element == now->element) continue;
        if (json.back() != '[') json += ',';
        append_difference_json(json, uid, then, now);
    }
}

Result<std::string> differences(const catalog::Catalog& catalog, db::Snapshot& snapshot,
                                const PlacedImageSet& placed, const Compared& compared) {
    const auto edits_at = [&](std::int64_t version) {
        return catalog.find_edits(
            snapshot, placed.image_set.row, version, catalog::InstanceRow{1},
            catalog::InstanceRow{std::numeric_limits<std::int64_t>::max()});
    };
    TRY(auto before, edits_at(compared.from));
    TRY(auto after, edits_at(compared.to));
    std::string json = R"({"changes":[)";
    append_differences(json, {}, before.of_all, after.of_all);
    for (const auto& [row, changes] : after.of_one) before.of_one.try_emplace(row);
    for (const auto& [row, changes] : before.of_one) {
        // Taken out of the image set since.
        const auto instance = catalog.find_instance(snapshot, row);
        if (!instance) continue;
        append_differences(json, instance->attributes.sop_instance_uid, changes,
                           after.of_one[row]);
    }
    return json + "]}";
}

Task<Response> compare_versions(ContextPtr context, Request request) {
    const auto compared = read_compared(request);
    if (!compared) {
        co_return problem(request, compared.error());
    }
    const std::string& id = request.path_parameter("imageSet");
    const auto& catalog = context->services.catalog;
    std::string json;
    const auto placed =
        co_await context->read([&](db::Snapshot& snapshot) -> Result<PlacedImageSet> {
            TRY(auto found, catalog.place_image_set(snapshot, id));
            TRY(json, differences(catalog, snapshot, found, *compared));
            return found;
        });
    if (!placed) {
        co_return problem(request, placed.error());
    }
    Response response = private_json(std::move(json));
    response.context = note_of(*placed);
    co_return response;
}

/// What is edited: `name` is of the path.
using Edit = EditOutcome (*)(catalog::Catalog& catalog, db::Transaction& tx,
                             const std::string& name, const EditBody& body);

EditOutcome edit_image_set(catalog::Catalog& catalog, db::Transaction& tx,
                           const std::string& name, const EditBody& body) {
    return catalog.edit_image_set(tx, name, body.request);
}
EditOutcome edit_study(catalog::Catalog& catalog, db::Transaction& tx, const std::string& name,
                       const EditBody& body) {
    return catalog.edit_study(tx, name, body.request);
}
EditOutcome edit_patient(catalog::Catalog& catalog, db::Transaction& tx,
                         const std::string& name, const EditBody& body) {
    return catalog.edit_patient(tx, name, body.issuer_of_patient_id, body.request);
}

Task<Response> edit(ContextPtr context, Request request, std::string_view parameter,
                    Edit change) {
    auto text = co_await read_json_body(request, kEditBodyMaxBytes);
    if (!text) {
        co_return std::move(text).error();
    }
    const auto body = parse_edit_body(*text);
    if (!body) {
        co_return problem(request, body.error());
    }
    const std::string& name = request.path_parameter(parameter);
    const ImageSetEdit in_transaction = [&](catalog::Catalog& catalog, db::Transaction& tx) {
        return change(catalog, tx, name, *body);
    };
    const auto edited = co_await run_edit(context, in_transaction);
    if (!edited) {
        co_return problem(request, edited.error());
    }
    std::string json =
        R"({"datastoreId":")" + context->services.catalog.datastore_id() + R"(","imageSets":[)";
    for (const PlacedImageSet& placed : *edited) {
        if (json.back() != '[') json += ',';
        append_image_set_json(json, placed);
    }
    Response response = private_json(json + "]}");
    response.context = note_of(*edited);
    co_return response;
}

Task<Response> post_image_set_edit(ContextPtr context, Request request) {
    return edit(std::move(context), std::move(request), "imageSet", edit_image_set);
}
Task<Response> post_study_edit(ContextPtr context, Request request) {
    return edit(std::move(context), std::move(request), "study", edit_study);
}
Task<Response> post_patient_edit(ContextPtr context, Request request) {
    return edit(std::move(context), std::move(request), "patient", edit_patient);
}

Task<Response> delete_image_set(ContextPtr context, Request request) {
    const std::string& id = request.path_parameter("imageSet");
    const auto deletion =
        co_await run_image_set_deletion(context, id, principal_of(request)->id);
    co_return answer_deleted(*context, request, deletion);
}

}  // namespace

void add_image_set_routes(http::Router& router, const ContextPtr& context) {
    const auto get = [&](std::string pattern, std::string name, http::Handler handler) {
        router.add({.method = http::Method::Get,
                    .pattern = std::move(pattern),
                    .name = std::move(name),
                    .right = right(auth::Right::ReadMetadata, audit::Action::ReadMetadata),
                    .handler = std::move(handler)});
    };
    const auto post = [&](std::string pattern, std::string name, http::Handler handler) {
        router.add({.method = http::Method::Post,
                    .pattern = std::move(pattern),
                    .name = std::move(name),
                    .right = right(auth::Right::Edit, audit::Action::Edit),
                    .handler = std::move(handler),
                    .body_max = kEditBodyMaxBytes});
    };
    get("/v1/image-sets/{imageSet}", "image_sets.get", handler(context, get_image_set));
    get("/v1/image-sets/{imageSet}/versions", "image_sets.versions",
        handler(context, list_versions));
    get("/v1/image-sets/{imageSet}/changes", "image_sets.changes",
        handler(context, compare_versions));
    router.add({.method = http::Method::Delete,
                .pattern = "/v1/image-sets/{imageSet}",
                .name = "image_sets.delete",
                .right = right(auth::Right::Delete, audit::Action::Delete),
                .handler = handler(context, delete_image_set)});
    post("/v1/image-sets/{imageSet}/edits", "image_sets.edit",
         handler(context, post_image_set_edit));
    post("/v1/image-sets/{imageSet}/copy", "image_sets.copy",
         handler(context, post_image_set_copy));
    post("/v1/studies/{study}/edits", "studies.edit", handler(context, post_study_edit));
    post("/v1/patients/{patient}/edits", "patients.edit", handler(context, post_patient_edit));
}

}  // namespace larmor::api
