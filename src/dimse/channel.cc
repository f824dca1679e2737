#include "dimse/channel.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

namespace larmor::dimse {
namespace {

constexpr std::size_t kInBytes = std::size_t{64} << 10;
/// Longer pieces are sent from where they are, behind what was gathered.
constexpr std::size_t kGatherMax = std::size_t{8} << 10;

int milliseconds_until(async::SteadyTime until) {
    using namespace std::chrono;
    constexpr auto longest = milliseconds(60'000);  // then poll is asked again
    const auto left = ceil<milliseconds>(until - steady_clock::now());
    return static_cast<int>(std::clamp(left, milliseconds(0), longest).count());
}

}  // namespace

Channel::Channel(UniqueFd fd)
    : fd_(std::move(fd)), transport_(http::make_plain_transport(fd_.get())), in_(kInBytes) {
    const int one = 1;
    setsockopt(fd_.get(), IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
}

bool Channel::wait(short events, async::SteadyTime until) {
    while (true) {
        pollfd ready{fd_.get(), events, 0};
        const int count = ::poll(&ready, 1, milliseconds_until(until));
        if (count > 0) return true;
        if (count < 0 && errno != EINTR) return false;
        if (std::chrono::steady_clock::now() >= until) return false;
    }
}

bool Channel::handshake() {
    while (!closed_) {
        const auto outcome = transport_->handshake();
        if (outcome.io == http::Io::Done) return true;
        const bool waits =
            outcome.io == http::Io::WouldRead || outcome.io == http::Io::WouldWrite;
        const short events = outcome.io == http::Io::WouldRead ? POLLIN : POLLOUT;
        if (!waits || !wait(events, deadline_)) closed_ = true;
    }
    return false;
}

/// A sender with Nagle's algorithm, as DCMTK's is, keeps the end of a PDU back until what it
/// sent before is acknowledged, and we would have nothing to say for 40 ms: 19 instances a
/// second. Linux forgets the option by and by, so it is set for every wait.
void Channel::acknowledge_at_once() {
    const int one = 1;
    setsockopt(fd_.get(), IPPROTO_TCP, TCP_QUICKACK, &one, sizeof one);
}

Channel::Fill Channel::try_fill() {
    in_begin_ = in_end_ = 0;
    // A socket that is shut for reading still gives what comes after.
    if (interrupted()) {
        closed_ = true;
        return Fill::Closed;
    }
    const auto outcome = transport_->read({reinterpret_cast<char*>(in_.data()), in_.size()});
    switch (outcome.io) {
        case http::Io::Done:
            in_end_ = outcome.count;
            bytes_read_ += outcome.count;
            return Fill::Some;
        case http::Io::WouldRead:
        case http::Io::WouldWrite:
            return Fill::Nothing;
        case http::Io::End:
        case http::Io::Failed:
            break;
    }
    closed_ = true;
    return Fill::Closed;
}

bool Channel::wait_readable(async::SteadyTime when) {
    if (in_begin_ < in_end_) return true;
    if (!flush()) return true;
    const auto until = std::min(when, deadline_);
    while (!closed_ && try_fill() == Fill::Nothing) {
        acknowledge_at_once();
        if (!wait(POLLIN, until)) return false;
    }
    return true;
}

std::size_t Channel::read(std::span<std::byte> out) {
    if (!wait_readable(deadline_)) timed_out_ = closed_ = true;
    const std::size_t count = std::min(out.size(), in_end_ - in_begin_);
    std::copy_n(in_.begin() + static_cast<std::ptrdiff_t>(in_begin_), count, out.begin());
    in_begin_ += count;
    return count;
}

bool Channel::write(Bytes bytes) {
    if (out_.size() + bytes.size() <= kGatherMax) {
        out_.insert(out_.end(), bytes.begin(), bytes.end());
        return !closed_;
    }
    // The head of a PDU is gathered, its long body is not: they leave together.
    std::array pieces{iovec{out_.data(), out_.size()},
                      iovec{const_cast<std::byte*>(bytes.data()), bytes.size()}};
    const bool sent = send(pieces);
    out_.clear();
    return sent;
}

bool Channel::flush() {
    if (out_.empty()) return !closed_;
    std::array pieces{iovec{out_.data(), out_.size()}};
    const bool sent = send(pieces);
    out_.clear();
    return sent;
}

bool Channel::send(std::span<iovec> pieces) {
    pieces = http::advance_pieces(pieces, 0);
    while (!pieces.empty() && !closed_) {
        const auto outcome = transport_->write(pieces, http::More::No);
        if (outcome.io == http::Io::Done) {
            pieces = http::advance_pieces(pieces, outcome.count);
            bytes_written_ += outcome.count;
            continue;
        }
        const bool waits =
            outcome.io == http::Io::WouldRead || outcome.io == http::Io::WouldWrite;
        const short events = outcome.io == http::Io::WouldRead ? POLLIN : POLLOUT;
        if (!waits) {
            closed_ = true;
        } else if (!wait(events, deadline_)) {
            timed_out_ = closed_ = true;
        }
    }
    return !closed_;
}

void Channel::close() {
    flush();
    transport_->shutdown_write();
    closed_ = true;
}

void Channel::interrupt() {
    interrupted_.store(true, std::memory_order_relaxed);
    ::shutdown(fd_.get(), SHUT_RD);  // wakes who waits
}

}  // namespace larmor::dimse
