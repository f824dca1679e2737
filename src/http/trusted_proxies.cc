#include "http/trusted_proxies.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <string>

namespace larmor::http {
namespace {

constexpr unsigned kBitsOfIPv4Prefix = 96;

tl::unexpected<Error> no_network(const std::string& text) {
    return fail(ErrorCode::InvalidInput,
                "'" + text + "' is no address or network, such as 10.0.0.0/8 or ::1");
}

}  // namespace

bool TrustedProxies::read(std::string_view text, Address& address) {
    const std::string terminated(text);
    if (inet_pton(AF_INET6, terminated.c_str(), address.data()) == 1) return true;
    address = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 0, 0};
    return inet_pton(AF_INET, terminated.c_str(), address.data() + 12) == 1;
}

Result<TrustedProxies> TrustedProxies::parse(const std::vector<std::string>& networks) {
    TrustedProxies trusted;
    for (const std::string& text : networks) {
        const auto slash = text.find('/');
        Network network;
        if (!read(std::string_view(text).substr(0, slash), network.address)) {
            return no_network(text);
        }
        if (slash != std::string::npos) {
            const bool is_v4 = text.find(':') == std::string::npos;
            const char* const end = text.data() + text.size();
            unsigned bits = 0;
            const auto parsed = std::from_chars(text.data() + slash + 1, end, bits);
            if (parsed.ec != std::errc() || parsed.ptr != end || bits > (is_v4 ? 32U : 128U)) {
                return no_network(text);
            }
            network.bits = is_v4 ? kBitsOfIPv4Prefix + bits : bits;
        }
        trusted.networks_.push_back(network);
    }
    return trusted;
}

bool TrustedProxies::contains(std::string_view address) const {
    Address wanted{};
    if (networks_.empty() || !read(address, wanted)) return false;
    return std::ranges::any_of(networks_, [&](const Network& network) {
        const std::size_t whole = network.bits / 8;
        const unsigned rest = network.bits % 8;
        if (!std::equal(wanted.begin(), wanted.begin() + static_cast<std::ptrdiff_t>(whole),
                        network.address.begin())) {
            return false;
        }
        const auto mask = static_cast<std::uint8_t>(0xff00U >> rest);
        return rest == 0 || (wanted.at(whole) & mask) == (network.address.at(whole) & mask);
    });
}

}  // namespace larmor::http
