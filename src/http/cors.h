#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "http/message.h"

namespace larmor::http {

/// The other sites whose pages may ask us and read our answers; nobody by default. Source: the
/// Fetch standard, section 3.2; what is not said here the browser refuses.
class CorsPolicy {
public:
    /// Origins as browsers send them: `https://viewer.example`, `http://localhost:3000`. No
    /// wild cards: whoever may read has to be named. Errors: InvalidInput.
    static Result<CorsPolicy> parse(const std::vector<std::string>& origins);

    /// The answer to a preflight from an origin that is allowed; nothing for other requests.
    std::optional<Response> preflight(const Request& request) const;
    /// Adds what lets a page of an allowed origin read the answer. `origin` is the request's
    /// Origin, empty where there is none.
    void apply(std::string_view origin, Response& response) const;

private:
    bool allows(std::string_view origin) const;

    std::vector<std::string> origins_;
};

}  // namespace larmor::http
