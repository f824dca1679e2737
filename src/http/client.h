#pragma once
#include <sys/uio.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "async/cancel.h"
#include "base/bytes.h"
#include "base/file.h"
#include "http/headers.h"
#include "http/resolve.h"

namespace larmor::http {

/// How a client knows that it speaks with the right server (TLS 1.2 and newer).
struct ClientTls {
    std::filesystem::path authorities = {};  ///< PEM; empty: those that the system trusts
    std::string server_name = {};  ///< that the certificate must name; empty: the client's host
    /// Hex. Where it is there, this certificate is good and no other, whoever signed it and
    /// whatever it names: for a server that told us by another way who it is.
    std::string certificate_sha256 = {};
};

struct ClientOptions {
    std::chrono::milliseconds timeout{30'000};        ///< of connecting, one read or one write
    std::uint64_t body_max = std::uint64_t{1} << 30;  ///< of a response kept in memory
    std::optional<ClientTls> tls = {};                ///< nothing: without TLS
    Lookup lookup = system_lookup;                    ///< of the host's name
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

/// What the other machine's kernel has confirmed of the bytes that were sent.
enum class Arrival : std::uint8_t {
    All,
    NotYet,
    Broken,  ///< the connection is gone, and nobody knows what of them arrived
};

class TlsClientContext;
class Transport;

/// A small blocking HTTP/1.1 client on one kept connection: for tests, benches and calls
/// between processes of ours. Takes little CPU, so that a bench measures the server. One thread
/// at a time. Connects at the first request, and once again when a kept connection turns out to
/// be closed before a byte of the response came.
class Client {
public:
    /// `host` is a name or a numeric address, IPv4 or IPv6. A name is looked up anew for each
    /// connection, and its addresses are tried one after the other.
    Client(std::string host, std::uint16_t port, ClientOptions options = {});
    Client(Client&& other) noexcept;
    ~Client();

    /// Errors: Unavailable (no address, refused, closed, timed out, a certificate that is not
    /// the right one), InvalidInput for a response that is not HTTP/1.1 or whose head is over
    /// 256 KiB, LimitExceeded for a body over body_max.
    Result<ClientResponse> send(const ClientRequest& request);
    Result<ClientResponse> get(std::string_view target, Headers headers = {});
    Result<ClientResponse> post(std::string_view target, std::string_view content_type,
                                std::string_view body, Headers headers = {});

    /// Gives the body of a response to `sink` as it arrives instead of keeping it.
    using Sink = std::function<void(Bytes)>;
    Result<ClientResponse> send(const ClientRequest& request, const Sink& sink);

    /// A request whose body comes in pieces of unknown number, sent as chunks: `begin_body`
    /// with the head (its `body` is not looked at), `write_body` for each piece, `end_body` for
    /// the response. On a new connection, since what was sent is not there to be sent again.
    Result<void> begin_body(const ClientRequest& head);
    /// False when the server takes no more, be it that it has answered already or that it went
    /// away: `end_body` tells which.
    bool write_body(Bytes piece);
    /// Errors: those of `send`.
    Result<ClientResponse> end_body();

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
    /// Of all that was written on this connection. Does not wait.
    Arrival arrival() const;
    void shutdown_write();
    void close();

private:
    Result<void> connect();
    Result<void> open_socket();
    Result<void> open_socket(const std::string& address, async::Deadline deadline);
    Result<void> shake_hands();
    Result<void> write_pieces(std::span<iovec> pieces);
    Result<void> fill();
    bool has_answer();
    std::string head_of(const ClientRequest& request, std::string_view body_field) const;
    Result<ClientResponse> exchange(const ClientRequest& request, const Sink* sink);
    Result<ClientResponse> read_response(std::string_view method, const Sink* sink);
    Result<void> read_body(ClientResponse& response, const Sink* sink);
    Result<void> read_exactly(std::uint64_t count, ClientResponse& response, const Sink* sink);
    /// Without its end. Takes its bytes off `left`, the most that may still come in lines.
    Result<std::string_view> read_line(std::size_t& left);

    std::string host_;
    std::uint16_t port_;
    ClientOptions options_;
    std::shared_ptr<TlsClientContext> tls_;  ///< made at the first connection
    UniqueFd socket_;
    std::unique_ptr<Transport> transport_;  ///< of socket_
    std::string buffer_;                    ///< what was read
    std::size_t consumed_ = 0;              ///< of buffer_
    bool got_bytes_ = false;                ///< of the response being read
    Result<void> body_written_;             ///< since begin_body
};

}  // namespace larmor::http
