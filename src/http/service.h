#pragma once
#include <cstdint>
#include <optional>

#include "http/message.h"

namespace larmor::http {

enum class BodyMode : std::uint8_t {
    Auto,    ///< in memory when small and of known length, else as a stream
    Stream,  ///< always as a stream
};

/// What to do with a request whose head was read.
struct HeadDecision {
    std::optional<Response> answer;         ///< sent at once; the body is not read
    std::optional<std::uint64_t> body_max;  ///< bytes; else the server's
    BodyMode body_mode = BodyMode::Auto;
};

/// What a server serves; the Router is one. Safe from all threads of the server at once.
class Service {
public:
    virtual ~Service() = default;
    /// Called for every well-formed head, before the body; must not block.
    virtual HeadDecision on_head(Request& request) = 0;
    /// Runs on the connection's executor; must not block it. An exception becomes a 500.
    virtual Task<Response> handle(Request request) = 0;
    /// The answer to a request for which the server has no room, in place of a problem document
    /// with 503; it must say when to come again.
    virtual std::optional<Response> overloaded(const Request& /*request*/,
                                               std::string_view /*why*/) const {
        return std::nullopt;
    }
};

}  // namespace larmor::http
