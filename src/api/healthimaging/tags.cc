#include <simdjson.h>

#include <algorithm>

#include "api/access.h"
#include "api/audited.h"
#include "api/handler.h"
#include "api/healthimaging/errors.h"
#include "api/healthimaging/resource_arn.h"
#include "api/healthimaging/routes.h"
#include "api/healthimaging/service_json.h"
#include "api/healthimaging/service_request.h"
#include "catalog/catalog.h"

namespace larmor::api {
namespace {

using http::Request;
using http::Response;
using http::Task;

/// 50 tags of the greatest length, four bytes a character, with escapes to spare.
constexpr std::uint64_t kTagsBodyMaxBytes = 128 * 1024;
constexpr std::size_t kTagKeyMax = 128;
constexpr std::size_t kTagValueMax = 256;

Result<ResourceName> resource_in(const Context& context, const Request& request) {
    TRY(auto name, parse_resource_arn(request.path_parameter("resource")));
    if (name.datastore_id != context.services.catalog.datastore_id()) {
        return fail(ErrorCode::NotFound,
                    "there is no datastore " + name.datastore_id + " here");
    }
    return name;
}

/// Characters, not bytes, as the service counts.
std::size_t characters_of(std::string_view text) {
    return static_cast<std::size_t>(std::ranges::count_if(
        text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

bool is_plain(std::string_view text) {
    return std::ranges::none_of(
        text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

Result<void> check_tag(std::string_view key, std::string_view value) {
    if (key.empty() || characters_of(key) > kTagKeyMax || key.starts_with("aws:") ||
        !is_plain(key)) {
        return fail(ErrorCode::InvalidInput,
                    "the key of a tag is 1 to 128 characters and does not begin with aws:");
    }
    if (characters_of(value) > kTagValueMax || !is_plain(value)) {
        return fail(ErrorCode::InvalidInput, "the value of a tag is at most 256 characters");
    }
    return {};
}

/// `{"tags":{"ward":"3"}}`
Result<catalog::Tags> parse_tags(std::string_view json) {
    const auto wrong = [] {
        return fail(ErrorCode::InvalidInput, "the body has an object `tags` of texts");
    };
    simdjson::dom::parser parser;
    simdjson::dom::object root;
    simdjson::dom::object members;
    if (parser.parse(json.data(), json.size()).get(root) != simdjson::SUCCESS ||
        root["tags"].get(members) != simdjson::SUCCESS || members.size() == 0) {
        return wrong();
    }
    catalog::Tags tags;
    for (const auto [key, element] : members) {
        std::string_view value;
        if (element.get(value) != simdjson::SUCCESS) return wrong();
        TRY_VOID(check_tag(key, value));
        tags.insert_or_assign(std::string(key), std::string(value));
    }
    return tags;
}

AuditNote note_of_resource(const ResourceName& name) {
    AuditNote note;
    note.subjects.emplace_back().object =
        name.image_set_id.empty() ? name.datastore_id : name.image_set_id;
    return note;
}

Task<Response> list_tags_for_resource(ContextPtr context, Request request) {
    const auto name = resource_in(*context, request);
    if (!name) {
        co_return service_error(request, name.error());
    }
    const auto tags = co_await context->read([&](db::Snapshot& snapshot) {
        return context->services.catalog.list_tags(snapshot, name->image_set_id);
    });
    if (!tags) {
        co_return service_error(request, tags.error());
    }
    ServiceObject members;
    for (const auto& [key, value] : *tags) members.text(key, value);
    Response response = service_answer(ServiceObject().json("tags", members.take()).take());
    response.context = note_of_resource(*name);
    co_return response;
}

Task<Response> tag_resource(ContextPtr context, Request request) {
    const auto name = resource_in(*context, request);
    if (!name) {
        co_return service_error(request, name.error());
    }
    const auto body = co_await service_body(request);
    if (!body) {
        co_return service_error(request, body.error());
    }
    const auto tags = parse_tags(*body);
    if (!tags) {
        co_return service_error(request, tags.error());
    }
    const auto put = co_await context->services.database.write([&](db::Transaction& tx) {
        return context->services.catalog.put_tags(tx, name->image_set_id, *tags);
    });
    if (!put) {
        co_return service_error(request, put.error());
    }
    Response response = service_answer("{}");
    response.context = note_of_resource(*name);
    co_return response;
}

Result<std::vector<std::string>> tag_keys_in(const Request& request) {
    TRY(const auto query, http::parse_query(request.query));
    std::vector<std::string> keys;
    for (const auto key : query.all("tagKeys")) keys.emplace_back(key);
    if (keys.empty()) {
        return fail(ErrorCode::InvalidInput, "tagKeys is missing: the tags to remove");
    }
    return keys;
}

Task<Response> untag_resource(ContextPtr context, Request request) {
    const auto name = resource_in(*context, request);
    if (!name) {
        co_return service_error(request, name.error());
    }
    const auto keys = tag_keys_in(request);
    if (!keys) {
        co_return service_error(request, keys.error());
    }
    const auto removed = co_await context->services.database.write([&](db::Transaction& tx) {
        return context->services.catalog.remove_tags(tx, name->image_set_id, *keys);
    });
    if (!removed) {
        co_return service_error(request, removed.error());
    }
    Response response = service_answer("{}");
    response.context = note_of_resource(*name);
    co_return response;
}

}  // namespace

void add_tag_routes(http::Router& router, const ContextPtr& context) {
    // An ARN has slashes, which clients encode.
    const auto add = [&](http::Method method, std::string name, http::Right right,
                         http::Handler handler) {
        router.add({.method = method,
                    .pattern = "/healthimaging/tags/{resource...}",
                    .name = "healthimaging." + std::move(name),
                    .right = std::move(right),
                    .handler = std::move(handler),
                    .body_max = kTagsBodyMaxBytes,
                    .encoded_slashes = http::EncodedSlashes::Allow});
    };
    const auto changes = right(auth::Right::Edit, audit::Action::Edit);
    add(http::Method::Get, "list_tags_for_resource",
        right(auth::Right::ReadMetadata, audit::Action::ReadMetadata),
        handler(context, list_tags_for_resource));
    add(http::Method::Post, "tag_resource", changes, handler(context, tag_resource));
    add(http::Method::Delete, "untag_resource", changes, handler(context, untag_resource));
}

}  // namespace larmor::api
