#pragma once
#include <string>
#include <string_view>

#include "objects/s3/options.h"

namespace larmor::objects::s3 {

/// A place in S3 as users write it:
///
///     s3://BUCKET[/PREFIX][?endpoint=URL][&region=NAME][&style=path|host]
///
/// Without an endpoint it is that of AWS for the region (us-east-1 where none is named). The
/// style is `host` (https://BUCKET.HOST/) without an endpoint and `path` with one. Values are
/// percent-encoded where they have `&`, `%` or `#`. Never credentials: find_credentials.
struct Address {
    std::string bucket;
    std::string key;  ///< what stands behind the bucket; may be empty
    std::string endpoint;
    std::string region = "us-east-1";
    AddressStyle style = AddressStyle::Path;

    /// `key` as the start of other keys: with a `/` at its end, unless it is empty.
    std::string as_prefix() const;
    /// `s3://bucket/key`: for people, since it says no endpoint.
    std::string text() const { return text_of(key); }
    std::string text_of(std::string_view other_key) const;
};

bool is_s3_address(std::string_view text);

/// Errors: InvalidInput, with what is wrong; also for anything like credentials in it, which
/// are not repeated.
Result<Address> read_address(std::string_view text);

/// Options of a client for the bucket, with credentials where the environment has them. Errors:
/// those of find_credentials.
Result<ClientOptions> client_options(const Address& address, const Variables& variables);

/// Of this process.
std::string environment_variable(const char* name);

}  // namespace larmor::objects::s3
