#pragma once
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "async/executor.h"
#include "http/service.h"

namespace larmor::http {

/// Of one request; beyond them: 431, 414, 413.
struct Limits {
    std::size_t header_count_max = 100;
    std::size_t head_bytes_max = 32 * 1024;  ///< request line and header fields together
    std::size_t target_bytes_max = 8 * 1024;
    std::uint64_t body_in_memory_max = 8 * 1024 * 1024;
    std::uint64_t body_max = std::uint64_t{4} << 30;  ///< where the route says nothing
};

/// A client that is slower is cut off (408 where a request had begun).
struct Timeouts {
    std::chrono::milliseconds head{10'000};   ///< from its first byte to its last
    std::chrono::milliseconds idle{75'000};   ///< between requests
    std::chrono::milliseconds stall{20'000};  ///< no byte of a body moved, in either direction
    /// After the first `stall` of a body it must have averaged this, or it is slow on purpose.
    std::uint64_t body_bytes_per_second_min = 1024;
};

struct TlsFiles {
    std::filesystem::path certificate;  ///< PEM, the chain behind it
    std::filesystem::path key;          ///< PEM, not encrypted
};

struct ServerOptions {
    std::string address = "127.0.0.1";  ///< IPv4 or IPv6, numeric
    std::uint16_t port = 0;             ///< 0: one that is free, see Server::port
    unsigned threads = 0;               ///< each with its own loop; 0: as many as processors
    Limits limits;
    Timeouts timeouts;
    std::size_t connections_max = 4096;      ///< over it a connection gets 503 and is closed
    std::size_t requests_active_max = 1024;  ///< in handlers at once; over it 503, Retry-After
    /// Bodies in memory at once, of all connections; over it 503, Retry-After.
    std::uint64_t body_memory_max = std::uint64_t{512} << 20;
    std::optional<TlsFiles> tls;
    bool log_requests = false;  ///< one line of level Info for each request
};

/// An HTTP/1.1 server (RFC 9112): keep-alive, pipelining, 100-continue, chunked bodies both
/// ways, sendfile. Strict where leniency lets requests be smuggled: Content-Length with
/// Transfer-Encoding, repeated or odd lengths, bare CR or LF, folded fields and spaces before a
/// colon are refused with 400 and the connection is closed.
///
/// Every thread runs an epoll loop with a listener of its own (SO_REUSEPORT); a connection
/// stays on one thread, and connections are spread evenly over the threads when they are
/// accepted.
class Server {
public:
    /// Listens when it returns. Errors: Unavailable when the address is taken or not ours,
    /// InvalidInput for an address, certificate or key that cannot be read.
    static Result<std::unique_ptr<Server>> start(ServerOptions options,
                                                 std::shared_ptr<Service> service);
    /// The same for a service that must know the port that was bound. Errors: also those of
    /// `make_service`.
    using ServiceMaker = std::function<Result<std::shared_ptr<Service>>(std::uint16_t port)>;
    static Result<std::unique_ptr<Server>> start(ServerOptions options,
                                                 const ServiceMaker& make_service);
    /// As `stop` without patience.
    ~Server();
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    std::uint16_t port() const;
    /// `http://127.0.0.1:8080`
    std::string base_url() const;
    /// Of the certificate that it shows, in hex (see ClientTls); empty without TLS.
    std::string certificate_sha256() const;

    /// The loops that connections run on: for tasks that share their thread.
    std::vector<async::Executor*> executors();

    struct StopReport {
        std::size_t requests_finished = 0;  ///< were running and could end
        std::size_t requests_cut = 0;       ///< were cancelled after `patience`
    };
    /// Closes the listeners and idle connections, lets running requests end with
    /// `Connection: close`, after `patience` sets Request::stop and cuts their connections.
    /// Returns when every handler has ended: a handler must end when its `stop` is set or its
    /// reads fail. Not from a loop of this server.
    StopReport stop(std::chrono::milliseconds patience);

private:
    struct Impl;
    explicit Server(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace larmor::http
