#include "api/image_set_copy.h"

#include "api/image_set_acts.h"
#include "api/image_set_json.h"
#include "api/json_members_internal.h"
#include "api/json_request.h"
#include "api/problem.h"

namespace larmor::api {
namespace {

using catalog::CopyRequest;
using http::Request;
using http::Response;
using http::Task;

constexpr std::size_t kNamedInstancesMax = 10'000;

Result<std::int64_t> version_member(std::string_view name, ondemand::value value) {
    TRY(const std::string text, text_member(name, value));
    return parse_version(name, text);
}

Result<std::vector<std::string>> instances_member(std::string_view name,
                                                  ondemand::value value) {
    std::vector<std::string> instances;
    TRY_VOID(for_each_element(name, value, kNamedInstancesMax,
                              [&](ondemand::value each) -> Result<void> {
                                  TRY(instances.emplace_back(), text_member(name, each));
                                  return {};
                              }));
    if (instances.empty()) {
        return wrong_member_value(name,
                                  "an array of SOP Instance UIDs; without it, all are "
                                  "copied");
    }
    return instances;
}

Result<CopyRequest::Destination> destination_member(std::string_view name,
                                                    ondemand::value value) {
    CopyRequest::Destination destination;
    ondemand::object object;
    if (value.get_object().get(object)) return wrong_member_value(name, "an object");
    TRY_VOID(for_each_member(
        object, [&](const std::string& key, ondemand::value member) -> Result<void> {
            if (key == "imageSetId") {
                TRY(destination.id, text_member(key, member));
            } else if (key == "latestVersionId") {
                TRY(destination.latest_version, version_member(key, member));
            } else {
                return unknown_member(key);
            }
            return {};
        }));
    if (destination.id.empty()) return wrong_member_value(name, "an object with an imageSetId");
    return destination;
}

Result<void> read_member(CopyRequest& copy, const std::string& key, ondemand::value value) {
    if (key == "latestVersionId") {
        TRY(copy.source_version, version_member(key, value));
    } else if (key == "instances") {
        TRY(copy.instances, instances_member(key, value));
    } else if (key == "destination") {
        TRY(copy.destination, destination_member(key, value));
    } else if (key == "promoteToPrimary") {
        TRY(const bool promote, bool_member(key, value));
        copy.promote = promote ? CopyRequest::Promote::Yes : CopyRequest::Promote::No;
    } else if (key == "force") {
        TRY(const bool force, bool_member(key, value));
        copy.force = force ? edits::Force::Yes : edits::Force::No;
    } else {
        return unknown_member(key);
    }
    return {};
}

Response answer(const Context& context, const catalog::CopyOutcome& copied, bool is_new) {
    std::string json =
        R"({"datastoreId":")" + context.services.catalog.datastore_id() + R"(","source":)";
    append_image_set_json(json, copied.source);
    json += R"(,"destination":)";
    append_image_set_json(json, copied.destination);
    if (copied.demoted) {
        json += R"(,"demoted":)";
        append_image_set_json(json, *copied.demoted);
    }
    json += R"(,"numberOfCopiedInstances":)" + std::to_string(copied.copied) + '}';
    Response response = private_json(std::move(json));
    if (is_new) {
        response.status = 201;
        response.headers.add("Location", "/v1/image-sets/" + copied.destination.image_set.id);
    }
    response.context = note_of(copied.destination);
    return response;
}

}  // namespace

Result<CopyRequest> parse_copy_body(std::string_view json) {
    CopyRequest copy;
    TRY_VOID(for_each_member(json, [&](const std::string& key, ondemand::value value) {
        return read_member(copy, key, value);
    }));
    return copy;
}

Task<Response> post_image_set_copy(ContextPtr context, Request request) {
    auto text = co_await read_json_body(request, kEditBodyMaxBytes);
    if (!text) {
        co_return std::move(text).error();
    }
    auto wanted = parse_copy_body(*text);
    if (!wanted) {
        co_return problem(request, wanted.error());
    }
    wanted->source = request.path_parameter("imageSet");
    const auto& services = context->services;
    const auto copied = co_await services.database.write(
        [&](db::Transaction& tx) -> Result<catalog::CopyOutcome> {
            TRY(auto outcome, services.catalog.copy_image_set(tx, *wanted));
            // What was primary until now must not be found in memory.
            if (outcome.destination.image_set.is_primary) {
                tx.on_commit([&] { context->forget_all(); });
            }
            return outcome;
        });
    if (!copied) {
        co_return problem(request, copied.error());
    }
    co_return answer(*context, *copied, !wanted->destination);
}

}  // namespace larmor::api
