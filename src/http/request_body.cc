#include "http/request_body.h"

#include <algorithm>
#include <cstring>

namespace larmor::http {
namespace {

constexpr std::size_t kGrowBytes = 256 * 1024;
constexpr std::uint64_t kDropBytesMax = 256 * 1024;
constexpr std::size_t kChunkBufferBytes = 64 * 1024;

}  // namespace

RequestBody::RequestBody(Stream& stream, const RequestHead& head, std::uint64_t size_max)
    : stream_(stream),
      length_(head.chunked ? std::nullopt : std::optional(head.content_length.value_or(0))),
      chunked_(head.chunked),
      size_max_(size_max),
      expects_continue_(head.expects_continue),
      left_(length_.value_or(0)) {}

bool RequestBody::finished() const {
    return chunked_ ? decoder_.done() : left_ == 0;
}

bool RequestBody::is_cheap_to_drop() const {
    if (failed_) return false;
    if (finished()) return true;
    // A client that waits for 100-continue may or may not send its body after another answer.
    return !expects_continue_ && !chunked_ && left_ <= kDropBytesMax;
}

Task<Result<void>> RequestBody::begin() {
    // Named steps: with the co_await inside the condition, g++ 12 made a coroutine that stopped
    // before its first line.
    Result<void> result;
    const bool first = !std::exchange(begun_, true);
    if (first) stream_.begin_pace();
    const bool asked = std::exchange(expects_continue_, false);
    const bool waits = first && asked && stream_.buffered().empty() && !finished();
    if (waits) {
        const bool sent = co_await stream_.send_text("HTTP/1.1 100 Continue\r\n\r\n");
        if (!sent) {
            result = fail(ErrorCode::Unavailable, "the client went away before its body");
        }
    }
    co_return result;
}

Task<Result<std::size_t>> RequestBody::read(std::span<std::byte> out) {
    LARMOR_CHECK(!out.empty());
    if (failed_) co_return tl::unexpected(*failed_);
    if (finished()) co_return std::size_t{0};
    const auto begun = co_await begin();
    if (!begun) {
        failed_ = begun.error();
        co_return tl::unexpected(*failed_);
    }
    const std::span<char> chars(reinterpret_cast<char*>(out.data()), out.size());
    Result<std::size_t> result = std::size_t{0};
    if (chunked_) {
        result = co_await read_chunked(chars);
    } else {
        result = co_await read_plain(chars);
    }
    if (!result) failed_ = result.error();
    co_return result;
}

Task<Result<std::size_t>> RequestBody::read_plain(std::span<char> out) {
    out = out.first(static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), left_)));
    std::size_t count = 0;
    if (const auto buffered = stream_.buffered(); !buffered.empty()) {
        count = std::min(buffered.size(), out.size());
        std::memcpy(out.data(), buffered.data(), count);
        stream_.consume(count);
    } else {
        CO_TRY(count, co_await stream_.read_direct(out));
    }
    left_ -= count;
    co_return count;
}

Task<Result<std::size_t>> RequestBody::read_chunked(std::span<char> out) {
    while (true) {
        std::size_t count = 0;
        if (stream_.buffered().empty() && decoder_.left_in_chunk() > 0) {
            // Within a chunk, bytes can go where they are wanted.
            const auto most = std::min<std::uint64_t>(out.size(), decoder_.left_in_chunk());
            CO_TRY(count,
                   co_await stream_.read_direct(out.first(static_cast<std::size_t>(most))));
            decoder_.took(count);
        } else {
            // No more than `out` takes: what is behind stays in the buffer.
            const auto before = decoder_.left_in_chunk();
            const auto buffered = stream_.buffered();
            CO_TRY(const auto step,
                   decoder_.next(before > 0 ? buffered.substr(0, out.size()) : buffered));
            stream_.consume(step.consumed);
            if (decoder_.done()) co_return std::size_t{0};
            count = std::min(step.data, out.size());
            if (count < step.data) decoder_.untake(step.data - count);
            if (count == 0) {
                const auto more = co_await stream_.fill(kChunkBufferBytes,
                                                        stream_.loop().now() + stream_.stall());
                if (more == Stream::Read::TimedOut) {
                    co_return fail(ErrorCode::Unavailable,
                                   "the client stalled within its body");
                }
                if (more == Stream::Read::Cancelled) {
                    co_return fail(ErrorCode::Cancelled, "the server stops");
                }
                if (more != Stream::Read::Bytes) {
                    co_return fail(ErrorCode::Unavailable,
                                   "the client went away before its body ended");
                }
                if (stream_.too_slow()) {
                    co_return fail(ErrorCode::Unavailable,
                                   "the client sends its body too slowly");
                }
                continue;
            }
            std::memcpy(out.data(), stream_.buffered().data(), count);
            stream_.consume(count);
        }
        taken_ += count;
        if (taken_ > size_max_) {
            co_return fail(ErrorCode::LimitExceeded,
                           "the body is larger than " + std::to_string(size_max_) + " bytes");
        }
        co_return count;
    }
}

Task<Result<void>> RequestBody::read_all(std::string& out) {
    const auto whole = static_cast<std::size_t>(left_);
    // Set aside at once, so that no byte is copied again; touched only as far as bytes arrive.
    out.reserve(whole);
    std::size_t have = 0;
    while (have < whole) {
        if (have == out.size()) out.resize(std::min(whole, have + kGrowBytes));
        const auto rest = std::as_writable_bytes(std::span(out)).subspan(have);
        CO_TRY(const std::size_t count, co_await read(rest));
        have += count;
    }
    co_return Result<void>();
}

Task<bool> RequestBody::drop() {
    std::vector<std::byte> dropped(16 * 1024);
    while (!finished()) {
        const auto count = co_await read(dropped);
        if (!count) co_return false;
    }
    co_return true;
}

}  // namespace larmor::http
