#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/file.h"
#include "http/headers.h"

namespace larmor::http {

struct ClientOptions {
    std::chrono::milliseconds timeout{30'000};        ///< of one read or write
    std::uint64_t body_max = std::uint64_t{1} << 30;  ///< of a response kept in memory
};

struct ClientRequest {
    std::string_view method = "GET";
    std::string_view target = "/";
    Headers headers = {};  ///< Host and Content-Length are added
    std::string_view body = {};
};

struct ClientResponse {
    int status = 0;
    Headers headers;
    std::string body;
};

/// A small blocking HTTP/1.1 client on one kept connection, without TLS: for tests, benches and
/// calls between processes of ours. Takes little CPU, so that a bench measures the server. One
/// thread at a time. Connects at the first request, and once again when a kept connection turns
/// out to be closed before a byte of the response came.
class Client {
public:
    Client(std::string host, std::uint16_t port, ClientOptions options = {});

    /// Errors: Unavailable (refused, closed, timed out), InvalidInput for a response that is
    /// not HTTP/1.1, LimitExceeded for a body over body_max.
    Result<ClientResponse> send(const ClientRequest& request);
    Result<ClientResponse> get(std::string_view target, Headers headers = {});
    Result<ClientResponse> post(std::string_view target, std::string_view content_type,
                                std::string_view body, Headers headers = {});

    /// Gives the body of a response to `sink` as it arrives instead of keeping it.
    using Sink = std::function<void(Bytes)>;
    Result<ClientResponse> send(const ClientRequest& request, const Sink& sink);

    /// Raw bytes out, and the next response in: for tests of the protocol itself. `method`
    /// tells whether a body follows (HEAD has none).
    Result<void> write_raw(std::string_view bytes);
    Result<ClientResponse> read_response(std::string_view method = "GET");
    /// True when bytes, or the end, arrive within `wait_max`.
    bool readable(std::chrono::milliseconds wait_max);
    /// Exactly `count` bytes as they come.
    Result<std::string> read_raw(std::size_t count);
    /// True when the other end has closed; waits for at most the timeout for that or a byte.
    bool closed_by_server();
    void shutdown_write();
    void close();

private:
    Result<void> connect();
    Result<void> fill();
    Result<ClientResponse> exchange(const ClientRequest& request, const Sink* sink);
    Result<ClientResponse> read_response(std::string_view method, const Sink* sink);
    Result<void> read_body(ClientResponse& response, const Sink* sink);
    Result<void> read_exactly(std::uint64_t count, ClientResponse& response, const Sink* sink);
    Result<std::string_view> read_line();

    std::string host_;
    std::uint16_t port_;
    ClientOptions options_;
    UniqueFd socket_;
    std::string buffer_;        ///< what was read
    std::size_t consumed_ = 0;  ///< of buffer_
    bool got_bytes_ = false;    ///< of the response being read
};

}  // namespace larmor::http
