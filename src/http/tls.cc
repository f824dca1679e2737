#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <system_error>
#include <vector>

#include "base/hash.h"
#include "http/transport.h"

namespace larmor::http {
namespace {

constexpr std::size_t kRecordBytes = 16 * 1024;

struct SslDeleter {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
using SslPtr = std::unique_ptr<SSL, SslDeleter>;
using ContextPtr = std::unique_ptr<SSL_CTX, SslDeleter>;

std::string openssl_reason() {
    const char* reason = ERR_reason_error_string(ERR_peek_last_error());
    return reason ? reason : "unknown reason";
}

class TlsTransport final : public Transport {
public:
    /// `ssl` knows which side it is.
    TlsTransport(SslPtr ssl, int fd) : ssl_(std::move(ssl)), fd_(fd) {
        LARMOR_CHECK(SSL_set_fd(ssl_.get(), fd) == 1);
    }

    IoOutcome handshake() override {
        ERR_clear_error();
        const auto tried = outcome(SSL_do_handshake(ssl_.get()), 0);
        if (tried.io == Io::Failed) {
            met_plain_http_ = ERR_GET_REASON(ERR_peek_error()) == SSL_R_HTTP_REQUEST;
            const auto verdict = SSL_get_verify_result(ssl_.get());
            if (verdict != X509_V_OK) failure_ = X509_verify_cert_error_string(verdict);
        }
        return tried;
    }

    bool met_plain_http() const override { return met_plain_http_; }
    std::string failure() const override { return failure_; }

    IoOutcome read(std::span<char> out) override {
        ERR_clear_error();
        std::size_t n = 0;
        const int result = SSL_read_ex(ssl_.get(), out.data(), out.size(), &n);
        return outcome(result, n);
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
        const int result = SSL_write_ex(ssl_.get(), data, size, &n);
        return outcome(result, n);
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
            case SSL_ERROR_SYSCALL:
                failure_ = errno != 0 ? std::generic_category().message(errno)
                                      : "the connection broke";
                return {Io::Failed};
            default:
                failure_ = openssl_reason();
                return {Io::Failed};
        }
    }

    SslPtr ssl_;
    int fd_;
    bool met_plain_http_ = false;
    std::string failure_;
    std::vector<char> gathered_;
};

std::string sha256_of(const X509* certificate) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
    unsigned size = 0;
    LARMOR_CHECK(X509_digest(certificate, EVP_sha256(), digest.data(), &size) == 1);
    return to_hex(std::as_bytes(std::span(digest)).first(size));
}

/// What both sides want. Renegotiation is TLS 1.2's and lets the other end burn our time.
void configure(SSL_CTX* context) {
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE |
                                  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                  SSL_MODE_RELEASE_BUFFERS);
}

/// In place of the check of chain and name: `pin` is the one certificate that is good.
int check_pin(X509_STORE_CTX* store, void* pin) {
    const X509* certificate = X509_STORE_CTX_get0_cert(store);
    if (certificate && sha256_of(certificate) == *static_cast<const std::string*>(pin)) {
        return 1;
    }
    X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_REJECTED);
    return 0;
}

}  // namespace

struct TlsContext::State {
    ContextPtr context;
};

TlsContext::TlsContext(std::unique_ptr<State> state) : state_(std::move(state)) {}
TlsContext::~TlsContext() = default;

Result<std::shared_ptr<TlsContext>> TlsContext::load(const TlsFiles& files) {
    auto state = std::make_unique<State>();
    state->context.reset(SSL_CTX_new(TLS_server_method()));
    auto* context = state->context.get();
    LARMOR_CHECK(context != nullptr);
    configure(context);
    SSL_CTX_set_options(context, SSL_OP_CIPHER_SERVER_PREFERENCE);
    ERR_clear_error();
    if (SSL_CTX_use_certificate_chain_file(context, files.certificate.c_str()) != 1) {
        return fail(ErrorCode::InvalidInput,
                    "TLS certificate " + files.certificate.string() + ": " + openssl_reason());
    }
    if (SSL_CTX_use_PrivateKey_file(context, files.key.c_str(), SSL_FILETYPE_PEM) != 1) {
        return fail(ErrorCode::InvalidInput,
                    "TLS key " + files.key.string() + ": " + openssl_reason());
    }
    // A key of another kind than the certificate's was taken without a word.
    if (SSL_CTX_check_private_key(context) != 1) {
        return fail(ErrorCode::InvalidInput,
                    "TLS key " + files.key.string() + " does not belong to the certificate");
    }
    return std::shared_ptr<TlsContext>(new TlsContext(std::move(state)));
}

std::unique_ptr<Transport> TlsContext::make_transport(int fd) {
    SslPtr ssl(SSL_new(state_->context.get()));
    LARMOR_CHECK(ssl != nullptr);
    SSL_set_accept_state(ssl.get());
    return std::make_unique<TlsTransport>(std::move(ssl), fd);
}

std::string TlsContext::certificate_sha256() const {
    return sha256_of(SSL_CTX_get0_certificate(state_->context.get()));
}

struct TlsClientContext::State {
    ContextPtr context;
    ClientTls options;
};

TlsClientContext::TlsClientContext(std::unique_ptr<State> state) : state_(std::move(state)) {}
TlsClientContext::~TlsClientContext() = default;

Result<std::shared_ptr<TlsClientContext>> TlsClientContext::load(const ClientTls& options) {
    // OpenSSL has no MSG_NOSIGNAL: a server that goes away must not end us.
    std::signal(SIGPIPE, SIG_IGN);
    auto state = std::make_unique<State>();
    state->options = options;
    state->context.reset(SSL_CTX_new(TLS_client_method()));
    auto* context = state->context.get();
    LARMOR_CHECK(context != nullptr);
    configure(context);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
    ERR_clear_error();
    if (!options.certificate_sha256.empty()) {
        SSL_CTX_set_cert_verify_callback(context, check_pin,
                                         &state->options.certificate_sha256);
    } else if (options.authorities.empty()) {
        LARMOR_CHECK(SSL_CTX_set_default_verify_paths(context) == 1);
    } else if (SSL_CTX_load_verify_file(context, options.authorities.c_str()) != 1) {
        return fail(ErrorCode::InvalidInput, "TLS authorities " + options.authorities.string() +
                                                 ": " + openssl_reason());
    }
    return std::shared_ptr<TlsClientContext>(new TlsClientContext(std::move(state)));
}

std::unique_ptr<Transport> TlsClientContext::make_transport(int fd, const std::string& host) {
    SslPtr ssl(SSL_new(state_->context.get()));
    LARMOR_CHECK(ssl != nullptr);
    SSL_set_connect_state(ssl.get());
    const auto& name = state_->options.server_name.empty() ? host : state_->options.server_name;
    auto* expected = SSL_get0_param(ssl.get());
    if (X509_VERIFY_PARAM_set1_ip_asc(expected, name.c_str()) != 1) {
        LARMOR_CHECK(X509_VERIFY_PARAM_set1_host(expected, name.data(), name.size()) == 1);
        LARMOR_CHECK(SSL_set_tlsext_host_name(ssl.get(), name.c_str()) == 1);
    }
    return std::make_unique<TlsTransport>(std::move(ssl), fd);
}

}  // namespace larmor::http
