#include "http/url.h"

#include <algorithm>
#include <charconv>

namespace larmor::http {
namespace {

tl::unexpected<Error> no_url(const char* why) {
    return fail(ErrorCode::InvalidInput,
                std::string("not an http or https URL that can be called: ") + why);
}

Result<std::uint16_t> parse_port(std::string_view text) {
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (error != std::errc() || end != text.data() + text.size() || port == 0) {
        return no_url("its port is no number from 1 to 65535");
    }
    return port;
}

}  // namespace

Result<Url> parse_url(std::string_view text) {
    if (text.size() > kUrlMaxBytes) return no_url("it is longer than 2048 characters");
    if (!std::ranges::all_of(text, [](char c) {
            return c > ' ' && c < '\x7f' && c != '"' && c != '\\' && c != '<' && c != '>';
        })) {
        return no_url("it has a character that must be percent-encoded");
    }
    Url url;
    if (text.starts_with("https://")) {
        url.is_tls = true;
        text.remove_prefix(8);
    } else if (text.starts_with("http://")) {
        text.remove_prefix(7);
    } else {
        return no_url("it begins with neither http:// nor https://");
    }
    if (text.find('#') != text.npos) return no_url("it has a fragment");
    std::string_view authority = text.substr(0, text.find_first_of("/?"));
    const std::string_view rest = text.substr(authority.size());
    if (authority.find('@') != authority.npos) return no_url("it has a user");

    const bool is_ipv6 = authority.starts_with('[');
    const std::size_t host_end = is_ipv6 ? authority.find(']') : authority.find(':');
    if (is_ipv6 && host_end == authority.npos) return no_url("its address has no closing ]");
    url.host = is_ipv6 ? authority.substr(1, host_end - 1) : authority.substr(0, host_end);
    if (url.host.empty()) return no_url("it has no host");
    authority.remove_prefix(std::min(authority.size(), is_ipv6 ? host_end + 1 : host_end));
    url.port = url.is_tls ? 443 : 80;
    if (!authority.empty()) {
        if (!authority.starts_with(':')) return no_url("something follows its address");
        TRY(url.port, parse_port(authority.substr(1)));
    }
    url.target = rest.starts_with('/') ? std::string(rest) : "/" + std::string(rest);
    return url;
}

}  // namespace larmor::http
