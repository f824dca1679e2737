#pragma once
#include <any>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "async/cancel.h"
#include "async/task.h"
#include "base/bytes.h"
#include "base/file.h"
#include "base/unique_function.h"
#include "http/headers.h"

namespace larmor::http {

template <typename T = void>
using Task = async::Task<T>;

enum class Method : std::uint8_t { Get, Head, Post, Put, Patch, Delete, Options };
std::string_view name_of(Method method);
/// Methods are case-sensitive (RFC 9110 section 9.1); nothing for one that we do not know.
std::optional<Method> parse_method(std::string_view text);

/// The reason phrase of RFC 9110 section 15, or "Unknown".
std::string_view reason_of(int status);

/// A body as it arrives. One read at a time.
class BodyReader {
public:
    virtual ~BodyReader() = default;
    /// Waits for bytes and stores some at the front of `out` (not empty); 0 at the end of the
    /// body. Errors, all final: LimitExceeded over the route's limit, Unavailable when the
    /// client stalls or goes away, InvalidInput for a broken chunk, Cancelled at shutdown.
    virtual Task<Result<std::size_t>> read(std::span<std::byte> out) = 0;
    /// The length of the whole body where the client said it.
    virtual std::optional<std::uint64_t> length() const = 0;
};

/// A body in memory as a reader: for code that takes either, and for tests.
class MemoryBodyReader final : public BodyReader {
public:
    /// `body` must outlive the reader. `read_max` bounds what one read gives (tests use 1).
    explicit MemoryBodyReader(Bytes body, std::size_t read_max = SIZE_MAX)
        : left_(body), length_(body.size()), read_max_(read_max) {}
    Task<Result<std::size_t>> read(std::span<std::byte> out) override;
    std::optional<std::uint64_t> length() const override { return length_; }

private:
    Bytes left_;
    std::uint64_t length_;
    std::size_t read_max_;
};

struct Route;

struct Request {
    std::string id;  ///< of this request: in our logs, in the X-Request-Id of the response
    Method method = Method::Get;
    std::string target;  ///< as sent: path and query, encoded
    std::string path;    ///< of the target, still percent-encoded; starts with '/'
    std::string query;   ///< of the target after '?', still encoded: see http/query.h
    Headers headers;
    /// The whole body, read in place, when it came with a Content-Length of at most
    /// `body_in_memory_max` and its route does not ask for a stream; else empty.
    std::string body;
    /// A body that was not read: larger, chunked, or asked for as a stream. Null otherwise.
    /// Valid until the response has been sent, so a response's generator may read it.
    BodyReader* body_stream = nullptr;

    const Route* route = nullptr;  ///< null where none matched (404, 405)
    /// The pattern's {names}, in its order (they live as long as the route), and their values,
    /// percent-decoded.
    std::vector<std::pair<std::string_view, std::string>> path_parameters;
    /// The value of {name}; LARMOR_CHECKs that the route has it.
    const std::string& path_parameter(std::string_view name) const;

    std::string peer;  ///< address of the other end, without port
    bool peer_is_loopback = false;
    bool tls = false;
    async::CancelToken stop;  ///< set when the server must end requests that still run
    /// For handlers that wait for what may never come: set when nobody waits with them any
    /// more, since the client closed its end, or when the server begins to stop. They answer
    /// at once.
    async::CancelToken wait_stop;
    std::any context;  ///< of the layer above: its hook stores who asks
};

/// The body of a request as a reader, wherever it is. The request must stay where it is.
std::unique_ptr<BodyReader> body_of(const Request& request);
/// The whole body as text. Errors: LimitExceeded over `size_max`, and those of BodyReader.
Task<Result<std::string>> read_whole_body(BodyReader& reader, std::uint64_t size_max);

/// A range of an open file, sent with sendfile.
struct FileSlice {
    std::shared_ptr<const UniqueFd> file;
    std::uint64_t offset = 0;
    std::uint64_t count = 0;
};
/// Bytes that somebody else owns.
struct SharedBytes {
    std::shared_ptr<const void> owner;
    Bytes bytes;
};
using Part =
    std::variant<std::string, std::shared_ptr<const std::string>, SharedBytes, FileSlice>;
std::uint64_t size_of(const Part& part);

/// Gives the parts of a body one after the other, nothing at the end. Called again only when
/// the part before is on its way, so memory is bounded by two parts. After an error the
/// connection is cut, so that the client sees that the body is not whole.
using PartGenerator = UniqueFunction<Task<Result<std::optional<Part>>>()>;

/// What is sent. The server adds Date, Content-Length or Transfer-Encoding, Connection and
/// X-Request-Id; it sends no body for HEAD, 204 and 304. Moved, not copied.
struct Response {
    int status = 200;
    Headers headers;
    std::vector<Part> parts;  ///< one after the other: sent with one writev and sendfile
    PartGenerator generator;  ///< after `parts`; chunked unless `generated_length` is known
    std::optional<std::uint64_t> generated_length;  ///< of what the generator will give in all
    std::any context;  ///< of the layer above: what its handler tells its middleware

    Response() = default;
    explicit Response(int with_status) : status(with_status) {}
    Response(int with_status, std::string_view content_type, Part body) : status(with_status) {
        headers.add("Content-Type", content_type);
        parts.push_back(std::move(body));
    }
    /// Of the body, where it is known before it is made.
    std::optional<std::uint64_t> length() const;
};

/// An application/problem+json answer (RFC 9457) with type about:blank. `detail` must hold no
/// patient data. What http itself answers looks like this.
Response problem(int status, std::string_view detail);

}  // namespace larmor::http
