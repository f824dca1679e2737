#include "http/loop.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/clock.h"

namespace larmor::http {
namespace {

using namespace std::chrono_literals;

constexpr auto kDeadlineCheck = 50ms;
constexpr int kEventsMax = 256;

}  // namespace

Watch::Watch(Loop& loop, int fd) : loop_(loop), fd_(fd), next_(loop.watches_) {
    if (next_) next_->previous_ = this;
    loop_.watches_ = this;
    epoll_event event{};
    event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
    event.data.ptr = this;
    // Fails only without kernel memory or over max_user_watches: then no wait would ever end.
    LARMOR_CHECK(epoll_ctl(loop_.epoll_.get(), EPOLL_CTL_ADD, fd_, &event) == 0);
}

Watch::~Watch() {
    epoll_ctl(loop_.epoll_.get(), EPOLL_CTL_DEL, fd_, nullptr);
    if (loop_.next_to_check_ == this) loop_.next_to_check_ = next_;
    (previous_ ? previous_->next_ : loop_.watches_) = next_;
    if (next_) next_->previous_ = previous_;
}

bool Watch::Awaiter::await_ready() const {
    return watch.cancelled_ || (side == Side::Read ? watch.can_read_ : watch.can_write_);
}
void Watch::Awaiter::await_suspend(std::coroutine_handle<> awaiting) const {
    watch.timed_out_ = false;
    if (watch.deadline_ != async::SteadyTime::max()) watch.loop_.deadlines_ = true;
    (side == Side::Read ? watch.reader_ : watch.writer_) = awaiting;
}
Wait Watch::Awaiter::await_resume() const {
    if (watch.cancelled_) return Wait::Cancelled;
    return std::exchange(watch.timed_out_, false) ? Wait::TimedOut : Wait::Ready;
}

void Watch::resume(std::coroutine_handle<>& side) {
    // Not here: the coroutine may destroy this watch, whose other side is still looked at.
    if (auto handle = std::exchange(side, nullptr)) loop_.ready_.push_back(handle);
}

void Watch::on_events(std::uint32_t events) {
    if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) {
        hung_up_ = true;
        if (auto told = std::exchange(told_hung_up_, {})) told();
    }
    if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) {
        can_read_ = true;
        resume(reader_);
    }
    if (events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) {
        can_write_ = true;
        resume(writer_);
    }
}

void Watch::cancel() {
    cancelled_ = true;
    resume(reader_);
    resume(writer_);
}

Loop::Loop()
    : epoll_(epoll_create1(EPOLL_CLOEXEC)),
      wake_event_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
    LARMOR_CHECK(epoll_ && wake_event_);
    epoll_event event{};
    // Edge-triggered: every write makes an event, and the count never needs to be read.
    event.events = EPOLLIN | EPOLLET;
    event.data.ptr = nullptr;
    LARMOR_CHECK(epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, wake_event_.get(), &event) == 0);
}
Loop::~Loop() = default;

void Loop::wake() {
    const std::uint64_t one = 1;
    const auto written = ::write(wake_event_.get(), &one, sizeof one);
    // It fails only when the counter is full, and then the loop has long been woken.
    static_cast<void>(written);
}

void Loop::stop() {
    post([this] { stop_ = true; });
}

void Loop::run() {
    const Scope scope(*this);
    std::array<epoll_event, kEventsMax> events;
    while (!stop_) {
        auto sleep = prepare_sleep();
        if (deadlines_) {
            sleep = std::min(sleep, std::max(std::chrono::nanoseconds(0),
                                             std::chrono::nanoseconds(next_check_ - now_)));
        }
        const auto ms = sleep == std::chrono::nanoseconds::max()
                            ? std::int64_t{-1}
                            : std::chrono::ceil<std::chrono::milliseconds>(sleep).count();
        const int count = epoll_wait(epoll_.get(), events.data(), kEventsMax,
                                     static_cast<int>(std::min<std::int64_t>(ms, 1'000'000)));
        LARMOR_CHECK(count >= 0 || errno == EINTR);
        now_ = std::chrono::steady_clock::now();
        for (int i = 0; i < count; ++i) {
            auto* watch = static_cast<Watch*>(events[static_cast<std::size_t>(i)].data.ptr);
            if (watch) watch->on_events(events[static_cast<std::size_t>(i)].events);
        }
        if (deadlines_ && now_ >= next_check_) check_deadlines();
        run_ready();
        resume_ready();
        // One a turn: whoever became ready meanwhile is asked for before the next.
        run_one_last();
    }
    stop_ = false;
}

void Loop::resume_ready() {
    // What they post waits for the next turn; what they cancel goes on in this one.
    while (!ready_.empty()) {
        resuming_.swap(ready_);
        for (const auto handle : resuming_) handle.resume();
        resuming_.clear();
    }
}

void Loop::check_deadlines() {
    next_check_ = now_ + kDeadlineCheck;
    deadlines_ = false;
    for (auto* watch = watches_; watch; watch = next_to_check_) {
        next_to_check_ = watch->next_;
        const bool waits = watch->reader_ || watch->writer_;
        if (!waits || watch->deadline_ == async::SteadyTime::max()) continue;
        deadlines_ = true;
        if (watch->deadline_ > now_) continue;
        watch->timed_out_ = true;
        watch->resume(watch->reader_);
        watch->resume(watch->writer_);
    }
}

std::string_view Loop::http_date() {
    if (now_ >= date_until_) {
        const auto wall = std::chrono::time_point_cast<std::chrono::microseconds>(
            std::chrono::system_clock::now());
        date_ = to_http_date(wall);
        // To the next full second of the wall clock.
        date_until_ = now_ + (std::chrono::ceil<std::chrono::seconds>(wall) - wall);
    }
    return date_;
}

}  // namespace larmor::http
