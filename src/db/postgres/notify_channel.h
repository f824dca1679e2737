#pragma once
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "base/file.h"

namespace larmor::db::postgres {

/// Hints to other processes on the same database, by LISTEN and NOTIFY. Sent behind the commit
/// that they speak of, by a connection and a thread of its own, since inside of it every sender
/// would wait for all others; what is told about a key within 10 ms is one notification. Only
/// hints: while the server is away they are lost, and who waits for one looks from time to time
/// anyway. Safe from any thread.
class NotifyChannel {
public:
    /// Of what another process told: `count` is the sum. An empty key after each connect: what
    /// was told before then is not known.
    using Notice = std::function<void(std::string_view key, std::int64_t count)>;
    struct Options {
        std::string url;
        std::string name = "larmor";  ///< of the channel: `[a-z_]+`
        std::chrono::milliseconds at_most_every{10};
    };
    /// `notice` is called on the channel's thread; quick.
    NotifyChannel(Options options, Notice notice);
    ~NotifyChannel();
    NotifyChannel(const NotifyChannel&) = delete;
    NotifyChannel& operator=(const NotifyChannel&) = delete;

    /// Does not block. A key has no `:`.
    void tell(std::string_view key, std::int64_t count);

    struct Stats {
        std::uint64_t sent = 0;      ///< notifications
        std::uint64_t received = 0;  ///< of other processes
    };
    Stats stats() const;

private:
    class Listener;
    void run();
    void wake() const;
    bool is_stopping() const;
    std::map<std::string, std::int64_t, std::less<>> take_told();

    const Options options_;
    const Notice notice_;
    const UniqueFd wake_;
    mutable std::mutex mutex_;
    std::condition_variable stopped_;
    std::map<std::string, std::int64_t, std::less<>> told_;  ///< not yet sent
    bool stopping_ = false;
    Stats stats_;
    std::thread thread_;
};

}  // namespace larmor::db::postgres
