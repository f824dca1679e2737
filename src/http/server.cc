#include "http/server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <unordered_set>

#include "base/ids.h"
#include "http/connection.h"
#include "http/loop.h"
#include "http/router.h"
#include "http/server_state.h"
#include "observe/log.h"

namespace larmor::http {
namespace {

using namespace std::chrono_literals;

constexpr int kBacklog = 1024;
// After an accept that failed for lack of files or memory, which others may give back.
constexpr auto kAcceptPause = 100ms;
constexpr std::string_view kTooManyConnections =
    "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\n"
    "Connection: close\r\n\r\n";

struct SocketAddress {
    sockaddr_storage storage{};
    socklen_t size = sizeof(sockaddr_storage);

    const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
    sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
    std::uint16_t port() const {
        // The port stands at the same place in both families.
        return ntohs(reinterpret_cast<const sockaddr_in*>(&storage)->sin_port);
    }
    void set_port(std::uint16_t port) {
        reinterpret_cast<sockaddr_in*>(&storage)->sin_port = htons(port);
    }
};

Result<SocketAddress> parse_address(const std::string& text, std::uint16_t port) {
    SocketAddress address;
    auto* v4 = reinterpret_cast<sockaddr_in*>(&address.storage);
    auto* v6 = reinterpret_cast<sockaddr_in6*>(&address.storage);
    if (inet_pton(AF_INET, text.c_str(), &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        address.size = sizeof(sockaddr_in);
    } else if (inet_pton(AF_INET6, text.c_str(), &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        address.size = sizeof(sockaddr_in6);
    } else {
        return fail(ErrorCode::InvalidInput, "not a numeric address to listen on: " + text);
    }
    address.set_port(port);
    return address;
}

Connection::Peer peer_of(const SocketAddress& address) {
    char text[INET6_ADDRSTRLEN] = "";
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(&address.storage);
    const auto* v6 = reinterpret_cast<const sockaddr_in6*>(&address.storage);
    if (address.storage.ss_family == AF_INET) {
        inet_ntop(AF_INET, &v4->sin_addr, text, sizeof text);
        return {text, (ntohl(v4->sin_addr.s_addr) >> 24) == 127};
    }
    inet_ntop(AF_INET6, &v6->sin6_addr, text, sizeof text);
    const auto& bytes = v6->sin6_addr.s6_addr;
    const bool mapped_loopback = IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr) && bytes[12] == 127;
    return {text, IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr) || mapped_loopback};
}

/// One socket for each loop, all on the same port.
Result<std::vector<UniqueFd>> listen_on(SocketAddress& address, const std::string& text,
                                        std::size_t count) {
    std::vector<UniqueFd> listeners;
    for (std::size_t i = 0; i < count; ++i) {
        UniqueFd fd(
            ::socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
        if (!fd) return system_failure("open a socket", errno);
        const int one = 1;
        setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
        // The first asks for the port alone, so that a second server on it is an error and does
        // not silently take half of the connections; then it shares it with the others.
        if (i > 0) setsockopt(fd.get(), SOL_SOCKET, SO_REUSEPORT, &one, sizeof one);
        if (::bind(fd.get(), address.get(), address.size) != 0) {
            return system_failure("listen on " + text + ':' + std::to_string(address.port()),
                                  errno);
        }
        if (i == 0) {
            setsockopt(fd.get(), SOL_SOCKET, SO_REUSEPORT, &one, sizeof one);
            SocketAddress bound;
            if (getsockname(fd.get(), bound.get(), &bound.size) != 0) {
                return system_failure("ask for the port", errno);
            }
            address.set_port(bound.port());
        }
        listeners.push_back(std::move(fd));
    }
    for (const auto& fd : listeners) {
        if (::listen(fd.get(), kBacklog) != 0) {
            return system_failure("listen on " + text + ':' + std::to_string(address.port()),
                                  errno);
        }
    }
    return listeners;
}

/// A loop, its thread, its listener and the connections on it.
struct Worker {
    Loop loop;
    UniqueFd listener;
    std::optional<Watch> listener_watch;
    RequestMetrics metrics;
    std::unordered_set<Connection*> connections;  ///< on the loop's thread only
    std::atomic<std::size_t> connection_count{0};
    bool accepting = true;  ///< under ServerState::mutex
    std::thread thread;
};

}  // namespace

ServerState::ServerState(ServerOptions server_options, std::shared_ptr<Service> to_serve)
    : options(std::move(server_options)),
      service(std::move(to_serve)),
      id_prefix(random_id().substr(0, 12) + '-'),
      connections_gauge(
          observe::metrics().gauge("larmor_http_connections", "Open connections.")),
      active_gauge(observe::metrics().gauge("larmor_http_requests_active",
                                            "Requests that are being served.")),
      bytes_in(observe::metrics().counter("larmor_http_received_bytes_total",
                                          "Bytes of requests, heads included.")),
      bytes_out(observe::metrics().counter("larmor_http_sent_bytes_total",
                                           "Bytes of responses, heads included.")),
      refused_connections(observe::metrics().counter("larmor_http_refused_total",
                                                     "Refused before a handler ran.",
                                                     {{"reason", "connections"}})),
      refused_overload(observe::metrics().counter("larmor_http_refused_total",
                                                  "Refused before a handler ran.",
                                                  {{"reason", "overload"}})),
      refused_heads(observe::metrics().counter("larmor_http_refused_total",
                                               "Refused before a handler ran.",
                                               {{"reason", "malformed"}})) {}

void RequestMetrics::count(const Route* route, Method method, int status, double seconds) {
    auto& of = routes_[route][static_cast<std::size_t>(method)];
    const auto name = [route] { return route ? route->name : std::string("none"); };
    auto& counter = of.by_class[static_cast<std::size_t>(std::clamp(status / 100, 0, 5))];
    if (!counter) {
        counter = &observe::metrics().counter(
            "larmor_http_requests_total", "Requests by route and class of status.",
            {{"route", name()},
             {"method", std::string(name_of(method))},
             {"status", std::to_string(status / 100) + "xx"}});
    }
    counter->add();
    if (!of.seconds) {
        of.seconds = &observe::metrics().histogram(
            "larmor_http_request_seconds",
            "From the head of a request to the end of its answer.", observe::kDurationBuckets,
            {{"route", name()}, {"method", std::string(name_of(method))}});
    }
    of.seconds->observe(seconds);
}

struct Server::Impl {
    Impl(ServerOptions options, std::shared_ptr<Service> service)
        : state(std::move(options), std::move(service)) {}

    ServerState state;
    std::vector<std::unique_ptr<Worker>> workers;
    std::uint16_t port = 0;
    bool stopped = false;

    Task<void> accept_connections(Worker& worker);
    void take(Worker& worker, UniqueFd socket, const SocketAddress& address);
    Task<void> run_connection(Worker& worker, UniqueFd socket, Connection::Peer peer);
    void connection_ended(Worker& worker);
};

Task<void> Server::Impl::accept_connections(Worker& worker) {
    auto& watch = *worker.listener_watch;
    while (true) {
        const auto waited = co_await watch.readable();
        if (waited == Wait::Cancelled) break;
        SocketAddress address;
        UniqueFd socket(::accept4(worker.listener.get(), address.get(), &address.size,
                                  SOCK_NONBLOCK | SOCK_CLOEXEC));
        if (socket) {
            take(worker, std::move(socket), address);
            continue;
        }
        if (errno == EAGAIN || errno == EWOULDBLOCK) {
            watch.drained();
        } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            observe::log_error("no connection can be accepted", {{"errno", errno}});
            co_await async::sleep_for(kAcceptPause);
        }
        // Everything else is the end of that connection before it was ours.
    }
    worker.listener_watch.reset();
    worker.listener.reset();
    const std::lock_guard lock(state.mutex);
    worker.accepting = false;
    state.connection_ended.notify_all();
}

void Server::Impl::take(Worker& worker, UniqueFd socket, const SocketAddress& address) {
    const int one = 1;
    setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (state.connections.fetch_add(1) >= state.options.connections_max) {
        state.connections.fetch_sub(1);
        state.refused_connections.add();
        if (!state.tls) {
            static_cast<void>(::send(socket.get(), kTooManyConnections.data(),
                                     kTooManyConnections.size(), MSG_NOSIGNAL));
        }
        return;
    }
    state.connections_gauge.add();
    // The kernel spreads connections by chance: with few of them one loop may get all.
    Worker* least = &worker;
    for (const auto& other : workers) {
        if (other->connection_count.load(std::memory_order_relaxed) <
            least->connection_count.load(std::memory_order_relaxed)) {
            least = other.get();
        }
    }
    least->connection_count.fetch_add(1, std::memory_order_relaxed);
    async::spawn(least->loop, run_connection(*least, std::move(socket), peer_of(address)));
}

Task<void> Server::Impl::run_connection(Worker& worker, UniqueFd socket,
                                        Connection::Peer peer) {
    if (!state.stopping) {
        Connection connection(state, worker.loop, worker.metrics, std::move(socket),
                              std::move(peer));
        worker.connections.insert(&connection);
        co_await connection.serve();
        worker.connections.erase(&connection);
    }
    connection_ended(worker);
}

void Server::Impl::connection_ended(Worker& worker) {
    worker.connection_count.fetch_sub(1, std::memory_order_relaxed);
    state.connections_gauge.sub();
    const std::lock_guard lock(state.mutex);
    state.connections.fetch_sub(1);
    if (state.stopping) state.connection_ended.notify_all();
}

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Server::~Server() {
    stop(0ms);
}

Result<std::unique_ptr<Server>> Server::start(ServerOptions options,
                                              std::shared_ptr<Service> service) {
    return start(std::move(options),
                 [&](std::uint16_t) -> Result<std::shared_ptr<Service>> { return service; });
}

Result<std::unique_ptr<Server>> Server::start(ServerOptions options,
                                              const ServiceMaker& make_service) {
    // sendfile and OpenSSL have no MSG_NOSIGNAL: a client that goes away must not end us.
    std::signal(SIGPIPE, SIG_IGN);
    const unsigned threads =
        options.threads ? options.threads : std::max(1U, std::thread::hardware_concurrency());
    TRY(SocketAddress address, parse_address(options.address, options.port));
    std::shared_ptr<TlsContext> tls;
    if (options.tls) {
        TRY(tls, TlsContext::load(*options.tls));
    }
    TRY(auto listeners, listen_on(address, options.address, threads));
    TRY(auto service, make_service(address.port()));
    auto impl = std::make_unique<Impl>(std::move(options), std::move(service));
    impl->state.tls = std::move(tls);
    impl->port = address.port();
    for (auto& listener : listeners) {
        auto& worker = *impl->workers.emplace_back(std::make_unique<Worker>());
        worker.listener = std::move(listener);
        worker.listener_watch.emplace(worker.loop, worker.listener.get());
        async::spawn(worker.loop, impl->accept_connections(worker));
    }
    // After all workers are there: each may hand connections to each.
    for (std::size_t i = 0; i < impl->workers.size(); ++i) {
        auto& worker = *impl->workers[i];
        worker.thread = std::thread([&worker, i] {
            async::name_this_thread("http-" + std::to_string(i));
            worker.loop.run();
        });
    }
    return std::unique_ptr<Server>(new Server(std::move(impl)));
}

std::uint16_t Server::port() const {
    return impl_->port;
}

std::string Server::base_url() const {
    const auto& options = impl_->state.options;
    const bool v6 = options.address.find(':') != std::string::npos;
    return std::string(options.tls ? "https://" : "http://") + (v6 ? "[" : "") +
           options.address + (v6 ? "]" : "") + ':' + std::to_string(impl_->port);
}

std::string Server::certificate_sha256() const {
    return impl_->state.tls ? impl_->state.tls->certificate_sha256() : std::string();
}

std::vector<async::Executor*> Server::executors() {
    std::vector<async::Executor*> all;
    for (const auto& worker : impl_->workers) all.push_back(&worker->loop);
    return all;
}

Server::StopReport Server::stop(std::chrono::milliseconds patience) {
    StopReport report;
    if (std::exchange(impl_->stopped, true)) return report;
    auto& state = impl_->state;
    const auto running = state.requests_active.load();
    state.stopping = true;
    for (const auto& worker : impl_->workers) {
        worker->loop.post([w = worker.get()] {
            if (w->listener_watch) w->listener_watch->cancel();
            for (auto* connection : w->connections) connection->close_when_idle();
        });
    }
    const auto ended = [&] {
        return state.connections == 0 &&
               std::none_of(impl_->workers.begin(), impl_->workers.end(),
                            [](const auto& worker) { return worker->accepting; });
    };
    std::unique_lock lock(state.mutex);
    if (!state.connection_ended.wait_for(lock, patience, ended)) {
        report.requests_cut = state.requests_active;
        lock.unlock();
        state.stop.cancel();
        for (const auto& worker : impl_->workers) {
            worker->loop.post([w = worker.get()] {
                for (auto* connection : w->connections) connection->cut();
            });
        }
        lock.lock();
        state.connection_ended.wait(lock, ended);
    }
    lock.unlock();
    report.requests_finished = running - std::min(running, report.requests_cut);
    for (const auto& worker : impl_->workers) {
        worker->loop.stop();
        worker->thread.join();
    }
    return report;
}

}  // namespace larmor::http
