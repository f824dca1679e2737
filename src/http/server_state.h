#pragma once
#include <array>
#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "async/cancel.h"
#include "http/server.h"
#include "http/transport.h"
#include "observe/metrics.h"

namespace larmor::http {

/// What the connections of a server share. Internal to http.
struct ServerState {
    ServerState(ServerOptions server_options, std::shared_ptr<Service> to_serve);

    const ServerOptions options;
    const std::shared_ptr<Service> service;
    std::shared_ptr<TlsContext> tls;  ///< null without TLS

    std::atomic<bool> stopping{false};
    async::CancelSource stop;  ///< of Request::stop
    std::atomic<std::size_t> connections{0};
    std::atomic<std::size_t> requests_active{0};
    std::atomic<std::uint64_t> body_memory{0};  ///< bytes set aside for bodies in memory

    std::mutex mutex;
    std::condition_variable connection_ended;

    const std::string id_prefix;  ///< of request ids, random for each start
    std::atomic<std::uint64_t> requests_made{0};

    observe::Gauge& connections_gauge;
    observe::Gauge& active_gauge;
    observe::Counter& bytes_in;
    observe::Counter& bytes_out;
    observe::Counter& refused_connections;
    observe::Counter& refused_overload;
    observe::Counter& refused_heads;
};

/// A share of the memory for bodies, given back when destroyed.
class BodyMemory {
public:
    explicit BodyMemory(ServerState& state) : state_(state) {}
    ~BodyMemory() { state_.body_memory.fetch_sub(taken_, std::memory_order_relaxed); }
    BodyMemory(const BodyMemory&) = delete;
    BodyMemory& operator=(const BodyMemory&) = delete;
    /// False when there is not enough left. Once.
    bool take(std::uint64_t bytes) {
        const auto before = state_.body_memory.fetch_add(bytes, std::memory_order_relaxed);
        const auto max = state_.options.body_memory_max;
        if (before <= max && bytes <= max - before) {
            taken_ = bytes;
            return true;
        }
        // At once: who is refused must not have others refused until its answer is sent.
        state_.body_memory.fetch_sub(bytes, std::memory_order_relaxed);
        return false;
    }

private:
    ServerState& state_;
    std::uint64_t taken_ = 0;
};

/// Counts requests and their durations by route; one for each loop, so that finding the
/// counters takes no lock.
class RequestMetrics {
public:
    void count(const Route* route, Method method, int status, double seconds);

private:
    struct OfRoute {
        std::array<observe::Counter*, 6> by_class{};  ///< 1xx to 5xx by status / 100
        observe::Histogram* seconds = nullptr;
    };
    std::unordered_map<const Route*, std::array<OfRoute, 7>> routes_;
};

}  // namespace larmor::http
