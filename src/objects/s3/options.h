#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "async/retry.h"
#include "base/clock.h"
#include "objects/s3/http_exchange.h"
#include "sigv4/sign.h"

namespace larmor::objects::s3 {

enum class AddressStyle : std::uint8_t {
    Path,         ///< `https://host/bucket/key`: what servers of one's own take
    VirtualHost,  ///< `https://bucket.host/key`: AWS
};

struct ClientOptions {
    /// `http` or `https`, host and where needed port; nothing after them.
    std::string endpoint;
    std::string bucket;
    std::string region = "us-east-1";
    AddressStyle style = AddressStyle::Path;
    sigv4::Credentials credentials{};
    ConnectionOptions connections{};
    /// How long no byte may be under way before a request counts as failed.
    std::chrono::milliseconds silence_max{30'000};
    /// The same for the completion of a multipart upload, at which servers work long.
    std::chrono::milliseconds completion_max{600'000};
    /// Attempts and waits between them, with full jitter, on 5xx, 429, time-outs and resets.
    async::RetryOptions retry{.attempts_max = 6};
    const Clock* clock = &system_clock();  ///< of signatures
};

using Variables = std::function<std::string(const char* name)>;  ///< empty where not set

/// From `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN`; where the first
/// is not set from the file that `AWS_SHARED_CREDENTIALS_FILE` names, else from
/// `~/.aws/credentials`, profile `AWS_PROFILE` or `default`. Errors: Unauthenticated where
/// there are none, with what was looked at.
Result<sigv4::Credentials> find_credentials(const Variables& variables);

/// One profile of a file as the AWS command line has it: `[profile]`, then
/// `aws_access_key_id = ...`, `aws_secret_access_key = ...`, `aws_session_token = ...`.
/// Errors: NotFound (the file), Unauthenticated (the profile), InvalidInput with the line.
Result<sigv4::Credentials> read_credentials_file(const std::filesystem::path& path,
                                                 std::string_view profile);

}  // namespace larmor::objects::s3
