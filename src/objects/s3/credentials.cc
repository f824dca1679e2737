#include <algorithm>

#include "base/file.h"
#include "objects/s3/options.h"

namespace larmor::objects::s3 {
namespace {

constexpr std::uint64_t kCredentialsFileMax = 1 << 20;

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view kSpace = " \t\r";
    const auto begin = text.find_first_not_of(kSpace);
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

/// They become parts of headers.
bool is_printable(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return c > ' ' && c <= '~'; });
}

Result<sigv4::Credentials> checked(sigv4::Credentials found, const std::string& place) {
    if (found.access_key_id.empty() || found.secret_access_key.empty()) {
        return fail(ErrorCode::Unauthenticated, "no S3 credentials in " + place);
    }
    if (!is_printable(found.access_key_id) || !is_printable(found.secret_access_key) ||
        !is_printable(found.session_token)) {
        return fail(ErrorCode::InvalidInput,
                    "S3 credentials in " + place + " have blanks or control characters");
    }
    return found;
}

}  // namespace

Result<sigv4::Credentials> read_credentials_file(const std::filesystem::path& path,
                                                 std::string_view profile) {
    TRY(const std::string text, read_file(path, kCredentialsFileMax));
    sigv4::Credentials found;
    bool is_ours = false;
    std::size_t number = 0;
    for (std::string_view rest = text; !rest.empty();) {
        const auto end = std::min(rest.find('\n'), rest.size());
        const auto line = trimmed(rest.substr(0, end));
        rest.remove_prefix(std::min(end + 1, rest.size()));
        ++number;
        if (line.empty() || line.front() == '#' || line.front() == ';') continue;
        if (line.front() == '[' && line.back() == ']') {
            is_ours = trimmed(line.substr(1, line.size() - 2)) == profile;
            continue;
        }
        const auto equals = line.find('=');
        if (equals == std::string_view::npos) {
            // Not shown: it may be a secret that lost its name.
            return fail(ErrorCode::InvalidInput, path.string() + " line " +
                                                     std::to_string(number) +
                                                     ": neither [profile] nor name = value");
        }
        if (!is_ours) continue;
        const auto name = trimmed(line.substr(0, equals));
        const auto value = trimmed(line.substr(equals + 1));
        if (name == "aws_access_key_id") found.access_key_id = value;
        if (name == "aws_secret_access_key") found.secret_access_key = value;
        if (name == "aws_session_token") found.session_token = value;
    }
    return checked(std::move(found), path.string() + ", profile " + std::string(profile));
}

Result<sigv4::Credentials> find_credentials(const Variables& variables) {
    sigv4::Credentials found{variables("AWS_ACCESS_KEY_ID"), variables("AWS_SECRET_ACCESS_KEY"),
                             variables("AWS_SESSION_TOKEN")};
    if (!found.access_key_id.empty()) return checked(std::move(found), "the environment");
    const auto named = variables("AWS_SHARED_CREDENTIALS_FILE");
    const auto home = variables("HOME");
    const auto profile = variables("AWS_PROFILE");
    const std::filesystem::path path =
        named.empty() ? std::filesystem::path(home) / ".aws" / "credentials"
                      : std::filesystem::path(named);
    auto read = read_credentials_file(path, profile.empty() ? "default" : profile);
    if (!read && read.error().code == ErrorCode::NotFound) {
        return fail(
            ErrorCode::Unauthenticated,
            "no S3 credentials: AWS_ACCESS_KEY_ID is not set and there is no " + path.string());
    }
    return read;
}

}  // namespace larmor::objects::s3
