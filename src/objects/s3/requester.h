#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "objects/s3/http_exchange.h"
#include "objects/s3/options.h"

namespace larmor::objects::s3 {

/// One call of S3, before it has an address and a signature.
struct Call {
    std::string_view name;  ///< `GetObject`: for messages
    std::string method;
    std::string key{};                                         ///< empty: of the bucket
    std::vector<std::pair<std::string, std::string>> query{};  ///< not encoded
    std::vector<sigv4::Header> headers{};
    Bytes body{};
    std::optional<Sha256> body_sha256{};  ///< where it is known; computed otherwise
    std::optional<std::chrono::milliseconds> silence_max{};
};

/// Gives calls an address and a signature, tries again what may be tried again, and makes one
/// failure of everything that is no success. Blocks; safe from any thread.
class Requester {
public:
    /// Errors: InvalidInput for an endpoint, bucket or credentials that can't be used.
    static Result<std::unique_ptr<Requester>> make(ClientOptions options);

    using Outcome = tl::expected<HttpAnswer, Failure>;
    /// Once: a status of 2xx, or a failure.
    Outcome attempt(const Call& call, const AnswerSink& sink);
    /// As often as the options allow. `attempts`, where given, is how often it was tried.
    Outcome run(const Call& call, unsigned* attempts = nullptr);
    /// After attempt number `number` (from 1) failed: waits, or says that it was the last.
    /// Errors: the failure's; Cancelled.
    Result<void> wait_before_next(const Failure& failure, unsigned number);

    Result<std::string> presign(std::string_view method, const std::string& key,
                                std::chrono::seconds expires);
    const ClientOptions& options() const { return options_; }

private:
    Requester(ClientOptions options, std::string scheme, std::string host);
    sigv4::Request request_of(const Call& call) const;

    const ClientOptions options_;
    const std::string origin_;  ///< `https://host:port`
    const std::string host_;    ///< as the header says it
    Connections connections_;
};

/// A key may be any UTF-8 text of 1 to 1024 bytes without NUL: the empty one would be the
/// bucket. Errors: InvalidInput.
Result<void> check_key(std::string_view key);

}  // namespace larmor::objects::s3
