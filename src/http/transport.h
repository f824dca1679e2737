#pragma once
#include <sys/uio.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>

#include "base/file.h"
#include "http/server.h"

namespace larmor::http {

/// How a try at a socket ended.
enum class Io : std::uint8_t {
    Done,        ///< `count` bytes moved
    WouldRead,   ///< try again when there is something to read
    WouldWrite,  ///< try again when there is room to write
    End,         ///< the other end closed (reading)
    Failed,      ///< the connection is of no more use
};
struct IoOutcome {
    Io io;
    std::size_t count = 0;
};

/// Whether more follows at once: the kernel then waits with a packet that is not full.
enum class More : bool { No, Yes };

/// Tries that do not block on a socket, plain or through TLS. Internal to http.
class Transport {
public:
    virtual ~Transport() = default;
    /// Before anything else, until it gives Done.
    virtual IoOutcome handshake() = 0;
    virtual IoOutcome read(std::span<char> out) = 0;
    /// Whether a read that did not fill its buffer has taken all that the socket had.
    virtual bool short_read_drains() const = 0;
    /// Takes bytes of the pieces in order, perhaps not all.
    virtual IoOutcome write(std::span<const iovec> pieces, More more) = 0;
    /// From a file at `offset`, at most `count` (not 0). End when the file is shorter than
    /// that.
    virtual IoOutcome send_file(int file, std::uint64_t offset, std::uint64_t count) = 0;
    /// Tells the other end that nothing more comes; it may still send.
    virtual void shutdown_write() = 0;
};

/// `fd` is not owned.
std::unique_ptr<Transport> make_plain_transport(int fd);

/// The certificate and key of a server, shared by its connections.
class TlsContext {
public:
    /// TLS 1.2 and newer. Errors: InvalidInput, with the file and what OpenSSL says of it.
    static Result<std::shared_ptr<TlsContext>> load(const TlsFiles& files);
    ~TlsContext();
    std::unique_ptr<Transport> make_transport(int fd);

private:
    struct State;
    explicit TlsContext(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace larmor::http
