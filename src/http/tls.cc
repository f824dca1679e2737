#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>
#include <vector>

#include "http/transport.h"

namespace larmor::http {
namespace {

constexpr std::size_t kRecordBytes = 16 * 1024;

struct SslDeleter {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};

class TlsTransport final : public Transport {
public:
    TlsTransport(std::unique_ptr<SSL, SslDeleter> ssl, int fd)
        : ssl_(std::move(ssl)), fd_(fd) {}

    IoOutcome handshake() override {
        ERR_clear_error();
        return outcome(SSL_accept(ssl_.get()), 0);
    }

    IoOutcome read(std::span<char> out) override {
        ERR_clear_error();
        std::size_t n = 0;
        return outcome(SSL_read_ex(ssl_.get(), out.data(), out.size(), &n), n);
    }

    /// No: the rest of a record waits inside of OpenSSL.
    bool short_read_drains() const override { return false; }

    IoOutcome write(std::span<const iovec> pieces, More) override {
        std::size_t whole = 0;
        for (const auto& piece : pieces) whole += piece.iov_len;
        if (pieces.size() == 1 || pieces[0].iov_len >= kRecordBytes) {
            return write(pieces[0].iov_base, pieces[0].iov_len);
        }
        // Small pieces go out in one record. A retry gathers the same bytes again, as TLS asks.
        gathered_.clear();
        for (const auto& piece : pieces) {
            const auto count = std::min(piece.iov_len, kRecordBytes - gathered_.size());
            const auto* data = static_cast<const char*>(piece.iov_base);
            gathered_.insert(gathered_.end(), data, data + count);
            if (gathered_.size() == kRecordBytes) break;
        }
        return write(gathered_.data(), gathered_.size());
    }

    IoOutcome send_file(int file, std::uint64_t offset, std::uint64_t count) override {
        gathered_.resize(std::min<std::uint64_t>(count, kRecordBytes));
        const auto n =
            ::pread(file, gathered_.data(), gathered_.size(), static_cast<off_t>(offset));
        if (n == 0) return {Io::End};
        if (n < 0) return {Io::Failed};
        return write(gathered_.data(), static_cast<std::size_t>(n));
    }

    void shutdown_write() override {
        ERR_clear_error();
        SSL_shutdown(ssl_.get());
        ::shutdown(fd_, SHUT_WR);
    }

private:
    IoOutcome write(const void* data, std::size_t size) {
        ERR_clear_error();
        std::size_t n = 0;
        return outcome(SSL_write_ex(ssl_.get(), data, size, &n), n);
    }
    IoOutcome outcome(int result, std::size_t count) {
        if (result == 1) return {Io::Done, count};
        switch (SSL_get_error(ssl_.get(), result)) {
            case SSL_ERROR_WANT_READ:
                return {Io::WouldRead};
            case SSL_ERROR_WANT_WRITE:
                return {Io::WouldWrite};
            case SSL_ERROR_ZERO_RETURN:
                return {Io::End};
            default:
                return {Io::Failed};
        }
    }

    std::unique_ptr<SSL, SslDeleter> ssl_;
    int fd_;
    std::vector<char> gathered_;
};

std::string openssl_reason() {
    const char* reason = ERR_reason_error_string(ERR_peek_last_error());
    return reason ? reason : "unknown reason";
}

}  // namespace

struct TlsContext::State {
    std::unique_ptr<SSL_CTX, SslDeleter> context;
};

TlsContext::TlsContext(std::unique_ptr<State> state) : state_(std::move(state)) {}
TlsContext::~TlsContext() = default;

Result<std::shared_ptr<TlsContext>> TlsContext::load(const TlsFiles& files) {
    auto state = std::make_unique<State>();
    state->context.reset(SSL_CTX_new(TLS_server_method()));
    auto* context = state->context.get();
    LARMOR_CHECK(context != nullptr);
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE |
                                  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                  SSL_MODE_RELEASE_BUFFERS);
    ERR_clear_error();
    if (SSL_CTX_use_certificate_chain_file(context, files.certificate.c_str()) != 1) {
        return fail(ErrorCode::InvalidInput,
                    "TLS certificate " + files.certificate.string() + ": " + openssl_reason());
    }
    if (SSL_CTX_use_PrivateKey_file(context, files.key.c_str(), SSL_FILETYPE_PEM) != 1) {
        return fail(ErrorCode::InvalidInput,
                    "TLS key " + files.key.string() + ": " + openssl_reason());
    }
    if (SSL_CTX_check_private_key(context) != 1) {
        return fail(ErrorCode::InvalidInput,
                    "TLS key " + files.key.string() + " does not belong to the certificate");
    }
    return std::shared_ptr<TlsContext>(new TlsContext(std::move(state)));
}

std::unique_ptr<Transport> TlsContext::make_transport(int fd) {
    std::unique_ptr<SSL, SslDeleter> ssl(SSL_new(state_->context.get()));
    LARMOR_CHECK(ssl != nullptr);
    LARMOR_CHECK(SSL_set_fd(ssl.get(), fd) == 1);
    return std::make_unique<TlsTransport>(std::move(ssl), fd);
}

}  // namespace larmor::http
