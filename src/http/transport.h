#pragma once
#include <sys/uio.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>

#include "base/file.h"
#include "http/client.h"
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

/// Tries that do not block on a socket, plain or through TLS. For connections of http and for
/// other protocols over the same certificates.
class Transport {
public:
    virtual ~Transport() = default;
    /// Before anything else, until it gives Done.
    virtual IoOutcome handshake() = 0;
    /// After a handshake that failed: the other end spoke HTTP where TLS was expected. It may
    /// be answered in its own tongue, through a plain transport.
    virtual bool met_plain_http() const { return false; }
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
    /// After Failed: what the system, or OpenSSL, says of it.
    virtual std::string failure() const = 0;
};

/// `fd` is not owned.
std::unique_ptr<Transport> make_plain_transport(int fd);

/// Takes `count` sent bytes, and pieces without any, off the front.
std::span<iovec> advance_pieces(std::span<iovec> pieces, std::size_t count);

/// The certificate and key of a server, shared by its connections.
class TlsContext {
public:
    /// TLS 1.2 and newer. Errors: InvalidInput, with the file and what OpenSSL says of it.
    static Result<std::shared_ptr<TlsContext>> load(const TlsFiles& files);
    ~TlsContext();
    std::unique_ptr<Transport> make_transport(int fd);
    /// Of the certificate itself (its DER), in hex.
    std::string certificate_sha256() const;

private:
    struct State;
    explicit TlsContext(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

/// What a client believes, shared by its connections.
class TlsClientContext {
public:
    /// Errors: InvalidInput for authorities that cannot be read.
    static Result<std::shared_ptr<TlsClientContext>> load(const ClientTls& options);
    ~TlsClientContext();
    /// `host` is what the connection was made to: the name to check where the options have
    /// none.
    std::unique_ptr<Transport> make_transport(int fd, const std::string& host);

private:
    struct State;
    explicit TlsClientContext(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace larmor::http
