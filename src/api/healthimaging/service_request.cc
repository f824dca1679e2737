#include "api/healthimaging/service_request.h"

#include <algorithm>
#include <charconv>

#include "http/router.h"

namespace larmor::api {
namespace {

Result<std::int64_t> positive_number(std::string_view name, std::string_view text) {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size() || number < 1) {
        return fail(ErrorCode::InvalidInput, std::string(name) + " is a number from 1");
    }
    return number;
}

}  // namespace

bool is_service_id(std::string_view text) {
    return text.size() == 32 && std::ranges::all_of(text, [](char c) {
               return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z');
           });
}

Result<void> check_datastore(const Context& context, const http::Request& request) {
    const std::string& id = request.path_parameter("datastore");
    if (!is_service_id(id)) {
        return fail(ErrorCode::InvalidInput, "a datastoreId is 32 letters and digits");
    }
    if (id != context.services.catalog.datastore_id()) {
        return fail(ErrorCode::NotFound,
                    "there is no datastore " + id + " here; ListDatastores names the one");
    }
    return {};
}

Result<std::string> image_set_in(const Context& context, const http::Request& request) {
    TRY_VOID(check_datastore(context, request));
    const std::string& id = request.path_parameter("imageSet");
    if (!is_service_id(id)) {
        return fail(ErrorCode::InvalidInput, "an imageSetId is 32 letters and digits");
    }
    return id;
}

Result<bool> flag_in(const http::Query& query, std::string_view name) {
    const auto value = query.find(name);
    if (!value || *value == "false") return false;
    if (*value == "true") return true;
    return fail(ErrorCode::InvalidInput, std::string(name) + " is true or false");
}

Result<ServicePage> page_in(const http::Query& query, std::size_t limit_max) {
    ServicePage page{.limit = limit_max};
    if (const auto text = query.find("maxResults")) {
        TRY(const std::int64_t limit, positive_number("maxResults", *text));
        if (static_cast<std::uint64_t>(limit) > limit_max) {
            return fail(ErrorCode::InvalidInput,
                        "maxResults is at most " + std::to_string(limit_max));
        }
        page.limit = static_cast<std::size_t>(limit);
    }
    if (const auto token = query.find("nextToken")) page.token = std::string(*token);
    return page;
}

tl::unexpected<Error> wrong_token() {
    return fail(ErrorCode::InvalidInput,
                "nextToken is not what the page before gave, for the same request");
}

Result<std::optional<std::int64_t>> number_of_token(const ServicePage& page) {
    if (!page.token) return std::nullopt;
    const auto number = positive_number("nextToken", *page.token);
    if (!number) return wrong_token();
    return *number;
}

http::Task<Result<std::string>> service_body(const http::Request& request) {
    const auto reader = http::body_of(request);
    const auto max = request.route->body_max.value_or(0);
    co_return co_await http::read_whole_body(*reader, max);
}

}  // namespace larmor::api
