#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "http/message.h"
#include "http/server.h"

namespace larmor::http {

/// What the head of a request says. Internal to http.
struct RequestHead {
    Method method = Method::Get;
    std::string target;
    std::string path;  ///< `*` for `OPTIONS *`, else starts with '/'
    std::string query;
    Headers headers;
    bool keep_alive = true;
    bool http_1_0 = false;
    bool expects_continue = false;
    bool chunked = false;
    std::optional<std::uint64_t> content_length;
};

/// Why a head is refused: what the client is told before the connection is closed.
struct HeadRefused {
    int status;
    std::string detail;
};
struct HeadIncomplete {};
struct HeadComplete {
    RequestHead head;
    std::size_t size_bytes;  ///< of the head: the body begins there
};
using HeadOutcome = std::variant<HeadIncomplete, HeadComplete, HeadRefused>;

/// Parses what stands at the front of `received`. `searched` keeps, from one call to the next
/// for the same head, how far line ends were looked for; it begins with 0. Source: RFC 9112
/// sections 2 to 7; of what it leaves open, the strictest.
HeadOutcome parse_request_head(std::string_view received, const Limits& limits,
                               std::size_t& searched);

/// Takes the frame off a chunked body (RFC 9112 section 7.1). Extensions are skipped, trailers
/// dropped; both are bounded. Internal to http.
class ChunkedDecoder {
public:
    struct Step {
        std::size_t consumed = 0;  ///< bytes of framing at the front of the input
        std::size_t data = 0;      ///< bytes of data that follow them in the input
    };
    /// Looks at what is buffered; gives the next piece of data. A step of (0, 0) needs more
    /// input. Errors: InvalidInput.
    Result<Step> next(std::string_view input);
    /// Tells that `count` bytes of the current chunk were taken without `next`.
    void took(std::uint64_t count) { left_ -= count; }
    /// Gives back `count` bytes of the data of the last step: they stay in the input.
    void untake(std::uint64_t count) { left_ += count; }
    /// Bytes of the current chunk that are still to come.
    std::uint64_t left_in_chunk() const { return state_ == State::Data ? left_ : 0; }
    bool done() const { return state_ == State::Done; }

private:
    enum class State : std::uint8_t { Size, Data, DataEnd, Trailer, Done };
    State state_ = State::Size;
    std::uint64_t left_ = 0;
    std::size_t trailer_bytes_ = 0;
};

}  // namespace larmor::http
