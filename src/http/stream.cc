#include "http/stream.h"

#include <algorithm>
#include <cstring>

namespace larmor::http {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kBufferBytes = 16 * 1024;
// A client that reads as fast as we send must not keep the loop from others.
constexpr std::uint64_t kTurnBytes = 1024 * 1024;
constexpr auto kLinger = 2s;
constexpr std::uint64_t kLingerBytesMax = 4 * 1024 * 1024;

}  // namespace

Stream::Stream(Loop& loop, UniqueFd socket, TlsContext* tls, const Timeouts& timeouts)
    : loop_(loop),
      socket_(std::move(socket)),
      watch_(loop, socket_.get()),
      transport_(tls ? tls->make_transport(socket_.get())
                     : make_plain_transport(socket_.get())),
      timeouts_(timeouts) {}

Task<Wait> Stream::wait(Io io) {
    const auto before = loop_.now();
    auto outcome = Wait::Ready;
    // A try that would block has seen all there was.
    if (io == Io::WouldRead) {
        watch_.drained();
        outcome = co_await watch_.readable();
    } else {
        watch_.filled();
        outcome = co_await watch_.writable();
    }
    waited_ += loop_.now() - before;
    turn_bytes_ = 0;  // others had theirs
    co_return outcome;
}

/// True when so much was sent at once that others get a turn first.
bool Stream::turn_is_over(std::size_t sent) {
    bytes_out_ += sent;
    turn_bytes_ += sent;
    if (turn_bytes_ < kTurnBytes) return false;
    turn_bytes_ = 0;
    return true;
}

IoOutcome Stream::try_read(std::span<char> out) {
    // What is known to be empty needs no system call to say so.
    if (!watch_.can_read()) return {Io::WouldRead};
    const auto outcome = transport_->read(out);
    if (outcome.io == Io::Done) {
        bytes_in_ += outcome.count;
        if (outcome.count < out.size() && transport_->short_read_drains()) watch_.drained();
    }
    return outcome;
}

Task<Stream::Handshake> Stream::handshake() {
    watch_.set_deadline(loop_.now() + timeouts_.head);
    while (true) {
        const auto outcome = transport_->handshake();
        if (outcome.io == Io::Done) co_return Handshake::Done;
        if (outcome.io != Io::WouldRead && outcome.io != Io::WouldWrite) {
            if (!transport_->met_plain_http()) co_return Handshake::Failed;
            transport_ = make_plain_transport(socket_.get());
            co_return Handshake::PlainHttp;
        }
        const auto waited = co_await wait(outcome.io);
        if (waited != Wait::Ready) co_return Handshake::Failed;
    }
}

Task<Stream::Read> Stream::fill(std::size_t size_max, async::SteadyTime deadline) {
    if (begin_ == end_) begin_ = end_ = 0;
    if (end_ == buffer_.size()) {
        if (begin_ > 0) {
            std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
            end_ -= begin_;
            begin_ = 0;
        } else {
            LARMOR_CHECK(buffer_.size() < size_max);
            buffer_.resize(std::min(size_max, std::max(kBufferBytes, buffer_.size() * 2)));
        }
    }
    watch_.set_deadline(deadline);
    while (true) {
        const auto out = std::span(buffer_).subspan(end_);
        const auto outcome = try_read(out);
        if (outcome.io == Io::Done && outcome.count > 0) {
            end_ += outcome.count;
            co_return Read::Bytes;
        }
        if (outcome.io == Io::End) co_return Read::End;
        if (outcome.io == Io::Failed) co_return Read::Failed;
        if (outcome.io == Io::Done) continue;
        const auto waited = co_await wait(outcome.io);
        if (waited == Wait::TimedOut) co_return Read::TimedOut;
        if (waited == Wait::Cancelled) co_return Read::Cancelled;
    }
}

void Stream::begin_pace() {
    waited_ = {};
    pace_bytes_ = bytes_in_ + bytes_out_;
}

bool Stream::too_slow() const {
    if (waited_ < timeouts_.stall) return false;
    const auto moved = static_cast<double>(bytes_in_ + bytes_out_ - pace_bytes_);
    return moved / std::chrono::duration<double>(waited_).count() <
           static_cast<double>(timeouts_.body_bytes_per_second_min);
}

Task<Result<std::size_t>> Stream::read_direct(std::span<char> out) {
    watch_.set_deadline(stall_deadline());
    while (true) {
        const auto outcome = try_read(out);
        if (outcome.io == Io::Done && outcome.count > 0) {
            if (too_slow()) {
                co_return fail(ErrorCode::Unavailable, "the client sends its body too slowly");
            }
            co_return outcome.count;
        }
        if (outcome.io == Io::End || outcome.io == Io::Failed) {
            co_return fail(ErrorCode::Unavailable,
                           "the client went away before its body ended");
        }
        if (outcome.io == Io::Done) continue;
        const auto waited = co_await wait(outcome.io);
        if (waited == Wait::TimedOut) {
            co_return fail(ErrorCode::Unavailable, "the client stalled within its body");
        }
        if (waited == Wait::Cancelled) {
            co_return fail(ErrorCode::Cancelled, "the server stops");
        }
    }
}

Task<bool> Stream::send(std::vector<iovec>& pieces, More more) {
    auto left = advance_pieces(pieces, 0);
    while (!left.empty()) {
        const auto outcome =
            transport_->write(left.first(std::min<std::size_t>(left.size(), 64)),
                              left.size() > 64 ? More::Yes : more);
        if (outcome.io == Io::Done) {
            left = advance_pieces(left, outcome.count);
            if (turn_is_over(outcome.count)) {
                co_await async::yield();
                if (watch_.cancelled() && !left.empty()) co_return false;
            }
            continue;
        }
        if (outcome.io == Io::Failed || outcome.io == Io::End) co_return false;
        watch_.set_deadline(stall_deadline());
        const auto waited = co_await wait(outcome.io);
        if (waited != Wait::Ready || too_slow()) co_return false;
    }
    pieces.clear();
    co_return true;
}

Task<bool> Stream::send_text(std::string_view text) {
    std::vector<iovec> pieces;
    pieces.push_back({const_cast<char*>(text.data()), text.size()});
    co_return co_await send(pieces, More::No);
}

Task<bool> Stream::send_file(const FileSlice& slice) {
    auto offset = slice.offset;
    auto left = slice.count;
    while (left > 0) {
        const auto outcome =
            transport_->send_file(slice.file->get(), offset, std::min(left, kTurnBytes));
        if (outcome.io == Io::Done) {
            offset += outcome.count;
            left -= outcome.count;
            if (turn_is_over(outcome.count)) {
                co_await async::yield();
                if (watch_.cancelled() && left > 0) co_return false;
            }
            continue;
        }
        // End: the file is shorter than was promised; the client must not take that for whole.
        if (outcome.io == Io::Failed || outcome.io == Io::End) co_return false;
        watch_.set_deadline(stall_deadline());
        const auto waited = co_await wait(outcome.io);
        if (waited != Wait::Ready || too_slow()) co_return false;
    }
    co_return true;
}

Task<void> Stream::linger() {
    transport_->shutdown_write();
    watch_.set_deadline(loop_.now() + kLinger);
    std::vector<char> dropped(kBufferBytes);
    for (std::uint64_t count = 0; count < kLingerBytesMax;) {
        const auto outcome = try_read(dropped);
        if (outcome.io == Io::Done) {
            count += outcome.count;
            continue;
        }
        if (outcome.io == Io::End || outcome.io == Io::Failed) co_return;
        const auto waited = co_await wait(outcome.io);
        if (waited != Wait::Ready) co_return;
    }
}

}  // namespace larmor::http
