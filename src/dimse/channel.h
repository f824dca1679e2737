#pragma once
#include <atomic>
#include <memory>
#include <string>

#include "async/executor.h"
#include "base/bytes.h"
#include "base/file.h"
#include "http/transport.h"

namespace larmor::dimse {

/// The bytes of one connection, for a thread that waits: plain or through TLS, with a time by
/// which whatever is waited for must have come. Reads take what there is (a PDU's head and body
/// come in one system call), writes are gathered until the peer is waited for, so that a
/// response, or a command with the beginning of its data set, is one packet.
class Channel {
public:
    /// `fd` is connected; TCP_NODELAY is set here.
    explicit Channel(UniqueFd fd);
    /// Before the handshake.
    void use(std::unique_ptr<http::Transport> transport) { transport_ = std::move(transport); }
    int fd() const { return fd_.get(); }

    /// Nothing waits longer than this.
    void set_deadline(async::SteadyTime deadline) { deadline_ = deadline; }
    bool handshake();

    /// Blocks until there is something. 0 at the end and after a failure.
    std::size_t read(std::span<std::byte> out);
    /// Whether a read would not wait: at the end too. Waits until `when`, not beyond the
    /// deadline.
    bool wait_readable(async::SteadyTime when);
    /// False when the connection is of no more use.
    bool write(Bytes bytes);
    bool flush();
    /// Sends what is gathered, then says that nothing more comes.
    void close();

    /// Any thread: no more is read from the peer. What it is to be told may still be sent.
    void interrupt();
    bool interrupted() const { return interrupted_.load(std::memory_order_relaxed); }

    bool timed_out() const { return timed_out_; }
    std::uint64_t bytes_read() const { return bytes_read_; }
    std::uint64_t bytes_written() const { return bytes_written_; }

private:
    enum class Fill : std::uint8_t { Some, Nothing, Closed };
    Fill try_fill();
    void acknowledge_at_once();
    bool wait(short events, async::SteadyTime until);
    bool send(std::span<iovec> pieces);

    UniqueFd fd_;
    std::unique_ptr<http::Transport> transport_;
    async::SteadyTime deadline_ = async::SteadyTime::max();
    ByteBuffer in_;
    std::size_t in_begin_ = 0;
    std::size_t in_end_ = 0;
    ByteBuffer out_;
    std::atomic<bool> interrupted_{false};
    bool closed_ = false;
    bool timed_out_ = false;
    std::uint64_t bytes_read_ = 0;
    std::uint64_t bytes_written_ = 0;
};

}  // namespace larmor::dimse
