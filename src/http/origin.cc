#include "http/origin.h"

#include <algorithm>

#include "http/field_scanner.h"

namespace larmor::http {
namespace {

std::string_view first_of_list(std::string_view list) {
    return trim(list.substr(0, list.find(',')));
}

/// The value of a parameter in the first element of Forwarded.
std::string forwarded_parameter(std::string_view field, std::string_view name) {
    FieldScanner scanner(field);
    while (!scanner.at_end()) {
        scanner.skip_space();
        const auto key = scanner.token();
        if (!scanner.take('=')) return {};
        std::string value;
        if (scanner.take('"')) {
            auto quoted = scanner.quoted_rest();
            if (!quoted) return {};
            value = *std::move(quoted);
        } else {
            value = scanner.token();
        }
        if (equal_ignoring_case(key, name)) return value;
        scanner.skip_space();
        if (!scanner.take(';')) return {};  // a comma: the next element is another proxy's
    }
    return {};
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

Origin origin_of(const Request& request, TrustProxy trust) {
    Origin origin{request.tls ? "https" : "http", "localhost", request.peer};
    if (const auto host = request.headers.get("Host"); is_host(host)) origin.host = host;
    if (trust == TrustProxy::No) return origin;

    std::string scheme;
    std::string host;
    std::string client;
    if (const auto field = request.headers.find("Forwarded")) {
        scheme = forwarded_parameter(*field, "proto");
        host = forwarded_parameter(*field, "host");
        client = address_of(forwarded_parameter(*field, "for"));
    } else {
        scheme = first_of_list(request.headers.get("X-Forwarded-Proto"));
        host = first_of_list(request.headers.get("X-Forwarded-Host"));
        client = address_of(first_of_list(request.headers.get("X-Forwarded-For")));
    }
    scheme = to_lower(scheme);
    if (scheme == "http" || scheme == "https") origin.scheme = scheme;
    if (is_host(host)) origin.host = host;
    if (is_address_like(client)) origin.client = client;
    return origin;
}

}  // namespace larmor::http
