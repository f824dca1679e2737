#include "db/postgres/notify_channel.h"

#include <libpq-fe.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <charconv>

#include "async/executor.h"
#include "base/result.h"

namespace larmor::db::postgres {
namespace {

using Clock = std::chrono::steady_clock;
/// While the server is away; who waits for a hint polls as often.
constexpr std::chrono::seconds kConnectAgain{1};

}  // namespace

/// One connection, until it is lost.
class NotifyChannel::Listener {
public:
    explicit Listener(NotifyChannel& channel) : channel_(channel) {
        const auto names = std::to_array<const char*>({"connect_timeout", "keepalives_idle",
                                                       "tcp_user_timeout", "application_name",
                                                       "dbname", nullptr});
        const auto values = std::to_array<const char*>(
            {"5", "10", "20000", "larmor hints", channel.options_.url.c_str(), nullptr});
        handle_.reset(PQconnectdbParams(names.data(), values.data(), 1));
        is_open_ = PQstatus(handle_.get()) == CONNECTION_OK &&
                   run("LISTEN " + channel.options_.name, nullptr);
    }

    /// Until the connection is lost or the channel stops.
    void serve() {
        if (!is_open_) return;
        channel_.notice_("", 1);  // who knows what was told meanwhile
        while (is_open_ && !channel_.is_stopping()) {
            if (!wait()) return;
            if (PQconsumeInput(handle_.get()) != 1) return;
            take_notices();
            if (Clock::now() >= next_send_) send_told();
        }
    }

private:
    struct Finish {
        void operator()(PGconn* handle) const { PQfinish(handle); }
    };

    /// For something to read, or something to send whose time has come.
    bool wait() {
        const bool has_told = [this] {
            const std::lock_guard lock(channel_.mutex_);
            return !channel_.told_.empty();
        }();
        int timeout_ms = -1;
        if (has_told) {
            const auto left =
                std::chrono::ceil<std::chrono::milliseconds>(next_send_ - Clock::now());
            timeout_ms = static_cast<int>(std::max<std::int64_t>(0, left.count()));
        }
        std::array<pollfd, 2> polled{
            {{PQsocket(handle_.get()), POLLIN, 0}, {channel_.wake_.get(), POLLIN, 0}}};
        if (::poll(polled.data(), polled.size(), timeout_ms) < 0) return errno == EINTR;
        if (polled[1].revents != 0) {
            std::uint64_t count = 0;
            static_cast<void>(::read(channel_.wake_.get(), &count, sizeof count));
        }
        return true;
    }

    void take_notices() {
        while (PGnotify* const notify = PQnotifies(handle_.get())) {
            const std::unique_ptr<PGnotify, void (*)(void*)> owned(notify, PQfreemem);
            if (notify->be_pid == PQbackendPID(handle_.get())) continue;
            const std::string_view text(notify->extra);
            const std::size_t colon = text.find(':');
            std::int64_t count = 0;
            if (colon == text.npos) continue;
            std::from_chars(text.data() + colon + 1, text.data() + text.size(), count);
            {
                const std::lock_guard lock(channel_.mutex_);
                ++channel_.stats_.received;
            }
            channel_.notice_(text.substr(0, colon), count);
        }
    }

    void send_told() {
        const auto told = channel_.take_told();
        if (told.empty()) return;
        next_send_ = Clock::now() + channel_.options_.at_most_every;
        for (const auto& [key, count] : told) {
            const std::string payload = key + ":" + std::to_string(count);
            is_open_ =
                run("SELECT pg_notify('" + channel_.options_.name + "', $1)", payload.c_str());
            if (!is_open_) return;
            const std::lock_guard lock(channel_.mutex_);
            ++channel_.stats_.sent;
        }
    }

    bool run(const std::string& sql, const char* parameter) {
        const auto parameters = std::to_array({parameter});
        PGresult* const result =
            PQexecParams(handle_.get(), sql.c_str(), parameter != nullptr ? 1 : 0, nullptr,
                         parameters.data(), nullptr, nullptr, 0);
        const auto status = PQresultStatus(result);
        PQclear(result);
        return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
    }

    NotifyChannel& channel_;
    std::unique_ptr<PGconn, Finish> handle_;
    bool is_open_ = false;
    Clock::time_point next_send_{};
};

NotifyChannel::NotifyChannel(Options options, Notice notice)
    : options_(std::move(options)),
      notice_(std::move(notice)),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    LARMOR_CHECK(wake_.get() >= 0);
    thread_ = std::thread([this] {
        async::name_this_thread("pg-hints");
        run();
    });
}

NotifyChannel::~NotifyChannel() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    stopped_.notify_all();
    wake();
    thread_.join();
}

void NotifyChannel::run() {
    while (!is_stopping()) {
        Listener(*this).serve();
        std::unique_lock lock(mutex_);
        told_.clear();  // others will look by themselves
        stopped_.wait_for(lock, kConnectAgain, [this] { return stopping_; });
    }
}

void NotifyChannel::tell(std::string_view key, std::int64_t count) {
    {
        const std::lock_guard lock(mutex_);
        const bool was_empty = told_.empty();
        const auto found = told_.find(key);
        if (found != told_.end()) {
            found->second += count;
        } else {
            told_.emplace(key, count);
        }
        if (!was_empty) return;
    }
    wake();
}

void NotifyChannel::wake() const {
    const std::uint64_t one = 1;
    static_cast<void>(::write(wake_.get(), &one, sizeof one));
}

bool NotifyChannel::is_stopping() const {
    const std::lock_guard lock(mutex_);
    return stopping_;
}

std::map<std::string, std::int64_t, std::less<>> NotifyChannel::take_told() {
    const std::lock_guard lock(mutex_);
    return std::exchange(told_, {});
}

NotifyChannel::Stats NotifyChannel::stats() const {
    const std::lock_guard lock(mutex_);
    return stats_;
}

}  // namespace larmor::db::postgres
