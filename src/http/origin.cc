#include "http/origin.h"

#include <algorithm>
#include <vector>

#include "http/field_scanner.h"

namespace larmor::http {
namespace {

/// What one proxy says of the request that it got.
struct Hop {
    std::string client;
    std::string scheme;
    std::string host;
};

/// More hops than any request goes.
constexpr std::size_t kHopsMax = 32;

std::vector<std::string_view> split_list(std::string_view list) {
    std::vector<std::string_view> parts;
    while (!list.empty()) {
        const auto comma = list.find(',');
        parts.push_back(trim(list.substr(0, comma)));
        list.remove_prefix(comma == std::string_view::npos ? list.size() : comma + 1);
    }
    return parts;
}

/// The elements of Forwarded; those up to the first that can't be read.
std::vector<Hop> read_forwarded(std::string_view field) {
    std::vector<Hop> hops(1);
    FieldScanner scanner(field);
    while (!scanner.at_end()) {
        scanner.skip_space();
        const auto name = scanner.token();
        if (!scanner.take('=')) return {};
        std::string value;
        if (scanner.take('"')) {
            auto quoted = scanner.quoted_rest();
            if (!quoted) return {};
            value = *std::move(quoted);
        } else {
            value = scanner.token();
        }
        Hop& hop = hops.back();
        if (equal_ignoring_case(name, "for")) hop.client = value;
        if (equal_ignoring_case(name, "proto")) hop.scheme = value;
        if (equal_ignoring_case(name, "host")) hop.host = value;
        scanner.skip_space();
        if (scanner.take(';')) continue;
        if (scanner.take(',')) hops.emplace_back();
    }
    return hops;
}

/// Of X-Forwarded-Proto and -Host most proxies send one value, not one for each hop.
std::vector<Hop> read_x_forwarded(const Headers& headers) {
    const std::string clients = headers.joined("X-Forwarded-For");
    const std::string schemes = headers.joined("X-Forwarded-Proto");
    const std::string hosts = headers.joined("X-Forwarded-Host");
    const auto of_client = split_list(clients);
    const auto of_scheme = split_list(schemes);
    const auto of_host = split_list(hosts);
    std::vector<Hop> hops(std::max<std::size_t>(of_client.size(), 1));
    const auto value_of = [&](const std::vector<std::string_view>& values, std::size_t hop) {
        if (values.empty()) return std::string_view();
        return values.size() == hops.size() ? values[hop] : values.back();
    };
    for (std::size_t i = 0; i < hops.size(); ++i) {
        if (i < of_client.size()) hops[i].client = of_client[i];
        hops[i].scheme = value_of(of_scheme, i);
        hops[i].host = value_of(of_host, i);
    }
    return hops;
}

/// An address as it stands in Forwarded or X-Forwarded-For, without port and brackets.
std::string address_of(std::string_view node) {
    if (node.starts_with('[')) return std::string(node.substr(1, node.find(']') - 1));
    if (std::count(node.begin(), node.end(), ':') == 1) node = node.substr(0, node.find(':'));
    return std::string(node);
}

bool is_address_like(std::string_view text) {
    return !text.empty() && text.size() <= 64 &&
           std::all_of(text.begin(), text.end(), [](char c) {
               return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                      (c >= 'A' && c <= 'Z') || c == '.' || c == ':' || c == '_' || c == '-';
           });
}

}  // namespace

bool is_host(std::string_view text) {
    if (text.empty() || text.size() > 255) return false;
    std::string_view port;
    bool has_port = false;
    if (text.front() == '[') {
        const auto end = text.find(']');
        if (end == std::string_view::npos || end < 3) return false;
        const auto inside = text.substr(1, end - 1);
        if (inside.find_first_not_of("0123456789abcdefABCDEF:.") != std::string_view::npos) {
            return false;
        }
        const auto rest = text.substr(end + 1);
        if (rest.empty()) return true;
        if (rest.front() != ':') return false;
        port = rest.substr(1);
        has_port = true;
    } else {
        const auto colon = text.find(':');
        const auto name = text.substr(0, colon);
        if (name.empty() || !std::all_of(name.begin(), name.end(), [](char c) {
                return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                       (c >= 'A' && c <= 'Z') || c == '-' || c == '.' || c == '_' || c == '~';
            })) {
            return false;
        }
        if (colon == std::string_view::npos) return true;
        port = text.substr(colon + 1);
        has_port = true;
    }
    return !has_port || (!port.empty() && port.size() <= 5 &&
                         port.find_first_not_of("0123456789") == std::string_view::npos);
}

Origin origin_of(const Request& request, const TrustedProxies& trusted) {
    Origin origin{request.tls ? "https" : "http", "localhost", request.peer};
    if (const auto host = request.headers.get("Host"); is_host(host)) origin.host = host;
    if (!trusted.contains(request.peer)) return origin;

    const std::string forwarded = request.headers.joined("Forwarded");
    const auto hops =
        forwarded.empty() ? read_x_forwarded(request.headers) : read_forwarded(forwarded);
    std::size_t steps = 0;
    for (auto hop = hops.rbegin(); hop != hops.rend() && steps < kHopsMax; ++hop, ++steps) {
        const std::string scheme = to_lower(hop->scheme);
        const std::string client = address_of(hop->client);
        if (scheme == "http" || scheme == "https") origin.scheme = scheme;
        if (is_host(hop->host)) origin.host = hop->host;
        if (is_address_like(client)) origin.client = client;
        if (!trusted.contains(client)) break;
    }
    return origin;
}

}  // namespace larmor::http
