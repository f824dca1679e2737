#pragma once
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "http/loop.h"
#include "http/message.h"
#include "http/transport.h"

namespace larmor::http {

/// The bytes of a connection, both ways, with waits, deadlines and a buffer of what was read
/// too much. Internal to http; used on its loop's thread.
class Stream {
public:
    /// `tls` is null for a plain connection.
    Stream(Loop& loop, UniqueFd socket, TlsContext* tls, const Timeouts& timeouts);

    /// How a wait for bytes ended.
    enum class Read : std::uint8_t { Bytes, End, TimedOut, Cancelled, Failed };

    enum class Handshake : std::uint8_t {
        Done,
        PlainHttp,  ///< no TLS, but a request: what is sent from here on goes without TLS
        Failed,     ///< no TLS, or too late: nothing more can be said
    };
    Task<Handshake> handshake();
    /// Reads at least one byte behind what is buffered. The buffer grows to `size_max` at most;
    /// LARMOR_CHECKs that it is not full. Waits until `deadline`.
    Task<Read> fill(std::size_t size_max, async::SteadyTime deadline);
    /// What was read and not consumed.
    std::string_view buffered() const { return {buffer_.data() + begin_, end_ - begin_}; }
    void consume(std::size_t count) { begin_ += count; }

    /// Reads straight into `out`, which must not be empty and whose bytes the buffer does not
    /// have; gives how many. Counts against the pace of a body.
    Task<Result<std::size_t>> read_direct(std::span<char> out);

    /// From here on the client must keep the minimal pace of a body, in the time that we wait
    /// for it (not in the time that it waits for us).
    void begin_pace();
    bool too_slow() const;

    /// Sends everything; false when the other end is gone, too slow, or we were cancelled.
    Task<bool> send(std::vector<iovec>& pieces, More more);
    Task<bool> send_text(std::string_view text);
    Task<bool> send_file(const FileSlice& slice);

    /// Says goodbye so that the other end can read our last bytes: closes one way, and reads
    /// and drops for a moment what still comes (RFC 9112 section 9.6).
    Task<void> linger();

    std::chrono::milliseconds stall() const { return timeouts_.stall; }
    Watch& watch() { return watch_; }
    Loop& loop() { return loop_; }
    std::uint64_t bytes_in() const { return bytes_in_; }
    std::uint64_t bytes_out() const { return bytes_out_; }

private:
    Task<Wait> wait(Io io);
    IoOutcome try_read(std::span<char> out);
    bool turn_is_over(std::size_t sent);
    async::SteadyTime stall_deadline() const { return loop_.now() + timeouts_.stall; }

    Loop& loop_;
    UniqueFd socket_;
    Watch watch_;
    std::unique_ptr<Transport> transport_;
    const Timeouts& timeouts_;
    std::vector<char> buffer_;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
    std::uint64_t bytes_in_ = 0;
    std::uint64_t bytes_out_ = 0;
    std::chrono::nanoseconds waited_{0};  ///< for the other end, since begin_pace
    std::uint64_t pace_bytes_ = 0;        ///< bytes both ways at begin_pace
    std::uint64_t turn_bytes_ = 0;        ///< sent since others on the loop had their turn
};

}  // namespace larmor::http
