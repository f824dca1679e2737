#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "api/context.h"
#include "http/query.h"

namespace larmor::api {

// What requests of HealthImaging's API have in common. Errors: InvalidInput for what has not
// the form of the service's model, NotFound for what there is not.

/// Whether the path names our one datastore.
Result<void> check_datastore(const Context& context, const http::Request& request);
/// The same, and gives the image set's id, which is 32 letters and digits.
Result<std::string> image_set_in(const Context& context, const http::Request& request);
/// True for `[0-9a-z]{32}`.
bool is_service_id(std::string_view text);

/// `?force=true`; false where it is not there.
Result<bool> flag_in(const http::Query& query, std::string_view name);

/// A page of a list: `maxResults` (1 to `limit_max`, which is also what comes without it), and
/// the token that the page before gave.
struct ServicePage {
    std::size_t limit = 50;
    std::optional<std::string> token{};
};
inline constexpr std::size_t kServicePageMax = 50;
Result<ServicePage> page_in(const http::Query& query, std::size_t limit_max = kServicePageMax);
tl::unexpected<Error> wrong_token();
/// Of tokens that are numbers.
Result<std::optional<std::int64_t>> number_of_token(const ServicePage& page);

/// The body of a request as text, at most as long as its route says. The request must stay
/// where it is.
http::Task<Result<std::string>> service_body(const http::Request& request);

}  // namespace larmor::api
