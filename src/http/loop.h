#pragma once
#include <coroutine>
#include <cstdint>

#include "async/executor.h"
#include "base/file.h"
#include "base/unique_function.h"

namespace larmor::http {

enum class Wait : std::uint8_t {
    Ready,
    TimedOut,   ///< the watch's deadline passed
    Cancelled,  ///< Watch::cancel was called; so does every later wait end
};

class Loop;

/// A socket in a loop. Used on the loop's thread only; one reader and one writer at a time.
/// Registered edge-triggered once, for its whole life, so that waiting costs no system call:
/// try first, and wait when the system says that it would block.
class Watch {
public:
    Watch(Loop& loop, int fd);
    ~Watch();
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;

    enum class Side : std::uint8_t { Read, Write };
    struct Awaiter {
        Watch& watch;
        Side side;
        bool await_ready() const;
        void await_suspend(std::coroutine_handle<> awaiting) const;
        Wait await_resume() const;
    };
    /// Until there is something to read (or the other end has closed).
    Awaiter readable() { return {*this, Side::Read}; }
    /// Until there is room to write.
    Awaiter writable() { return {*this, Side::Write}; }

    /// A read took all there was: wait before the next one. Ignored once the other end has
    /// closed, since its end-of-file makes no second event.
    void drained() { can_read_ = hung_up_; }
    /// A write found no room.
    void filled() { can_write_ = hung_up_; }
    bool can_read() const { return can_read_; }

    /// Waits that last longer end with TimedOut; looked at a few times a second.
    void set_deadline(async::SteadyTime deadline) { deadline_ = deadline; }
    void cancel();
    bool cancelled() const { return cancelled_; }

    /// Called on the loop's thread, once, when the other end has closed, or half closed; for
    /// as long as the watch lives. It must not end the watch.
    void on_hang_up(UniqueFunction<void()> hung_up) { told_hung_up_ = std::move(hung_up); }

private:
    friend class Loop;
    void on_events(std::uint32_t events);
    void resume(std::coroutine_handle<>& side);

    Loop& loop_;
    const int fd_;
    bool can_read_ = false;
    bool can_write_ = true;
    bool hung_up_ = false;
    bool cancelled_ = false;
    bool timed_out_ = false;
    std::coroutine_handle<> reader_;
    std::coroutine_handle<> writer_;
    UniqueFunction<void()> told_hung_up_;
    async::SteadyTime deadline_ = async::SteadyTime::max();
    Watch* previous_ = nullptr;
    Watch* next_ = nullptr;
};

/// An executor on epoll: runs posted work, timers and what waits for sockets, on one thread.
/// (Asio would add to this only its own buffers and a compile time of many seconds: it has no
/// sendfile, and its wait without a buffer costs an epoll_ctl each.)
class Loop final : public async::Executor {
public:
    Loop();
    ~Loop() override;
    /// Runs on the calling thread until `stop`.
    void run();
    /// Any thread.
    void stop();

    /// The time of the last wake-up: good enough for deadlines, without a system call.
    async::SteadyTime now() const { return now_; }
    /// The current time as a Date field's value; made once a second.
    std::string_view http_date();

private:
    friend class Watch;
    void wake() override;
    void check_deadlines();
    void resume_ready();

    UniqueFd epoll_;
    UniqueFd wake_event_;
    bool stop_ = false;
    async::SteadyTime now_ = std::chrono::steady_clock::now();
    async::SteadyTime next_check_{};
    bool deadlines_ = false;  ///< somebody waits with a deadline, or did at the last check
    std::vector<std::coroutine_handle<>> ready_;     ///< whose wait is over
    std::vector<std::coroutine_handle<>> resuming_;  ///< kept for its capacity
    Watch* watches_ = nullptr;
    Watch* next_to_check_ = nullptr;  ///< survives the removal of watches during a check
    std::string date_;
    async::SteadyTime date_until_{};
};

}  // namespace larmor::http
