#include "dimse/server.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <list>

#include "async/executor.h"
#include "dimse/dul_internal.h"
#include "dimse/listener.h"
#include "dimse/operation.h"
#include "dimse/session.h"
#include "http/transport.h"
#include "observe/log.h"

namespace larmor::dimse {
namespace {

/// Connections that have not asked for an association yet, or are about to be rejected.
constexpr std::size_t kConnectionsBeyondMax = 16;
constexpr std::size_t kAeTitleMax = 16;
/// After an accept that failed for lack of files or memory, which others may give back.
constexpr int kAcceptPauseMilliseconds = 100;

bool allows(const std::vector<std::string>& titles, const std::string& title) {
    return titles.empty() || std::find(titles.begin(), titles.end(), title) != titles.end();
}

}  // namespace

bool is_ae_title(std::string_view title) {
    const auto may_be = [](char c) { return c >= ' ' && c <= '~' && c != '\\'; };
    return title.size() <= kAeTitleMax &&
           title.find_first_not_of(' ') != std::string_view::npos &&
           std::all_of(title.begin(), title.end(), may_be);
}

struct Server::Impl {
    /// One connection and the thread that serves it.
    struct Served {
        std::shared_ptr<Channel> channel;
        std::string peer;
        std::atomic<bool> done{false};
        std::thread thread;
    };

    ServerOptions options;
    Services services;
    std::shared_ptr<http::TlsContext> tls;
    std::unique_ptr<DulNetwork> network;
    Listener listener;
    UniqueFd wake;
    std::atomic<bool> stopping{false};
    std::atomic<std::size_t> standing{0};
    std::list<Served> served;  ///< of the listening thread; of `stop` when that has ended
    std::thread thread;

    Impl(ServerOptions given, Services with)
        : options(std::move(given)), services(std::move(with)) {}

    void listen() {
        async::name_this_thread("dimse-listen");
        int pause = 0;
        while (!stopping) {
            std::array<pollfd, 2> ready{pollfd{wake.get(), POLLIN, 0},
                                        pollfd{listener.socket.get(), POLLIN, 0}};
            // While accept fails, only the wake-up is waited for.
            ::poll(ready.data(), pause == 0 ? 2 : 1, pause == 0 ? -1 : pause);
            pause = 0;
            std::uint64_t wakes = 0;
            [[maybe_unused]] const auto read = ::read(wake.get(), &wakes, sizeof wakes);
            reap();
            if (stopping || (ready[1].revents == 0 && ready[0].revents != 0)) continue;
            auto accepted = accept_from(listener);
            if (accepted.socket) {
                take(std::move(accepted));
            } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
                       errno == ENOMEM) {
                observe::log_error("no association can be accepted", {{"errno", errno}});
                pause = kAcceptPauseMilliseconds;
            }
        }
    }

    /// Joins the threads that have ended.
    void reap() {
        served.remove_if([](Served& one) {
            if (!one.done) return false;
            one.thread.join();
            return true;
        });
    }

    void take(Accepted accepted) {
        if (served.size() >= options.associations_max + kConnectionsBeyondMax) {
            count_association_end(AssociationEnd::Refused);
            observe::log_warning("too many dimse connections", {{"peer", accepted.peer}});
            return;
        }
        Served& one = served.emplace_back();
        one.channel = std::make_shared<Channel>(std::move(accepted.socket));
        one.peer = std::move(accepted.peer);
        if (tls) one.channel->use(tls->make_transport(one.channel->fd()));
        one.thread = std::thread([this, &one] {
            async::name_this_thread("dimse");
            serve(one);
            one.done = true;
            const std::uint64_t by = 1;  // to be reaped
            [[maybe_unused]] const auto written = ::write(wake.get(), &by, sizeof by);
        });
    }

    std::optional<Rejection> admit(const Parties& parties) {
        if (!allows(options.called_titles, parties.called)) {
            return Rejection::CalledTitleNotRecognized;
        }
        if (!allows(options.calling_titles, parties.calling)) {
            return Rejection::CallingTitleNotRecognized;
        }
        if (standing.fetch_add(1) >= options.associations_max) {
            standing.fetch_sub(1);
            return Rejection::LocalLimitExceeded;
        }
        return std::nullopt;
    }

    void serve(Served& one) {
        bool admitted = false;
        const auto admission = [&](const Parties& parties) {
            const auto rejection = admit(parties);
            admitted = !rejection;
            return rejection;
        };
        auto association =
            Association::accept(*network, one.channel, admission, services.patience);
        if (association) {
            converse(**association, one.peer);
            association->reset();
        } else {
            const bool rejected = association.error().code == ErrorCode::Denied;
            count_association_end(rejected ? AssociationEnd::Rejected
                                           : AssociationEnd::Refused);
            observe::log_warning("dimse association not accepted",
                                 {{"peer", one.peer}, {"reason", association.error().message}});
        }
        if (admitted) standing.fetch_sub(1);
    }

    void converse(Association& association, const std::string& peer) {
        const auto began = std::chrono::steady_clock::now();
        count_association_begin();
        const auto ended = Session(association, services, peer).run();
        count_association_end(ended ? AssociationEnd::Released : AssociationEnd::Broken);
        count_bytes(association.bytes_received(), association.bytes_sent());
        observe::log(ended ? observe::LogLevel::Info : observe::LogLevel::Warning,
                     "dimse association ended",
                     {{"calling", association.parties().calling},
                      {"called", association.parties().called},
                      {"peer", peer},
                      {"reason", ended ? "released" : ended.error().message},
                      {"received_bytes", association.bytes_received()},
                      {"sent_bytes", association.bytes_sent()},
                      {"seconds", std::chrono::steady_clock::now() - began}});
    }
};

Result<std::unique_ptr<Server>> Server::start(ServerOptions options, Services services) {
    for (const auto* titles : {&options.called_titles, &options.calling_titles}) {
        for (const auto& title : *titles) {
            if (is_ae_title(title)) continue;
            return fail(ErrorCode::InvalidInput, "no AE title (1 to 16 characters): " + title);
        }
    }
    auto impl = std::make_unique<Impl>(std::move(options), std::move(services));
    if (impl->options.tls) {
        TRY(impl->tls, http::TlsContext::load(*impl->options.tls));
    }
    TRY(impl->network, DulNetwork::make(NET_ACCEPTOR));
    TRY(impl->listener, listen_on(impl->options.address, impl->options.port));
    impl->wake = UniqueFd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!impl->wake) return system_failure("make an eventfd", errno);
    impl->thread = std::thread([&impl = *impl] { impl.listen(); });
    return std::unique_ptr<Server>(new Server(std::move(impl)));
}

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Server::~Server() {
    stop();
}

std::uint16_t Server::port() const {
    return impl_->listener.port;
}

void Server::stop() {
    if (impl_->stopping.exchange(true)) return;
    const std::uint64_t by = 1;
    [[maybe_unused]] const auto written = ::write(impl_->wake.get(), &by, sizeof by);
    impl_->thread.join();
    impl_->listener.socket.reset();
    for (auto& one : impl_->served) one.channel->interrupt();
    for (auto& one : impl_->served) one.thread.join();
    impl_->served.clear();
}

}  // namespace larmor::dimse
