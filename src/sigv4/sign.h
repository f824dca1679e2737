#pragma once
#include <chrono>
#include <cstdint>

#include "base/bytes.h"
#include "base/hash.h"
#include "sigv4/canonical.h"

/// AWS Signature Version 4: requests signed by those who call S3, and verified by those who are
/// called like it. Knows no network and keeps no secret in an error.
namespace larmor::sigv4 {

struct Credentials {
    std::string access_key_id;
    std::string secret_access_key;
    std::string session_token{};  ///< of temporary credentials; else empty
};

/// For whom and when a signature is good.
struct Scope {
    Time time;
    std::string region = "us-east-1";
    std::string service = "s3";

    /// `20130524/us-east-1/s3/aws4_request`
    std::string text() const;
};

/// The key of a day, region and service, made of the secret: what chunks are signed with too.
Sha256 signing_key(std::string_view secret_access_key, const Scope& scope);

/// The signature of a request whose canonical form is given, in hexadecimal.
std::string signature_of(std::string_view canonical, const Sha256& key, const Scope& scope);

/// Signs in a header: adds `x-amz-date`, where there is one `x-amz-security-token`, for S3
/// `x-amz-content-sha256`, and then `Authorization`. All headers that the request has by then
/// are signed; `host` must be one of them. Gives the signature. Errors: InvalidInput.
Result<std::string> sign(Request& request, std::string_view payload,
                         const Credentials& credentials, const Scope& scope,
                         PathRule path_rule);

/// Signs in the query: gives the query of a URL that whoever has it may use for `expires`, with
/// the same method and the same headers (of a link in a page: only `host`).
/// Errors: InvalidInput, also for less than a second or more than 7 days.
Result<std::string> presign(const Request& request, std::string_view payload,
                            std::chrono::seconds expires, const Credentials& credentials,
                            const Scope& scope, PathRule path_rule);

/// The signatures of a body's chunks, each over the one before it; the last chunk is empty.
/// Source: Amazon S3 API Reference, "Transferring Payload in Multiple Chunks".
class ChunkSigner {
public:
    /// `seed` is the signature of the request, signed with kStreamingPayload.
    ChunkSigner(const Sha256& key, const Scope& scope, std::string seed);
    /// In hexadecimal.
    std::string sign(Bytes chunk);

private:
    Sha256 key_;
    std::string head_;  ///< of each text that is signed
    std::string previous_;
};

/// `10000;chunk-signature=<signature>\r\n`; after the chunk's bytes comes another line end.
std::string chunk_head(std::uint64_t size_bytes, std::string_view signature);

}  // namespace larmor::sigv4
