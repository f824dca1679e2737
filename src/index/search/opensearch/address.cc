#include "index/search/opensearch/address.h"

#include <algorithm>
#include <charconv>

namespace larmor::index::search::opensearch {
namespace {

tl::unexpected<Error> wrong(const std::string& why) {
    return fail(ErrorCode::InvalidInput,
                "the address of OpenSearch is no https://user@host:port/alias: " + why);
}

/// Names of indices are in lower case, and ours are put together of this.
bool is_alias(std::string_view name) {
    constexpr std::size_t kNameMax = 100;
    const auto good = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    };
    return !name.empty() && name.size() <= kNameMax && name.front() >= 'a' &&
           name.front() <= 'z' && std::ranges::all_of(name, good);
}

}  // namespace

Result<Address> parse_address(std::string_view url) {
    Address address;
    if (url.starts_with("https://")) {
        address.tls = true;
        url.remove_prefix(8);
    } else if (url.starts_with("http://")) {
        url.remove_prefix(7);
    } else {
        return wrong("it begins with neither https:// nor http://");
    }
    const auto slash = std::min(url.find('/'), url.size());
    std::string_view place = url.substr(0, slash);
    std::string_view alias = url.substr(slash);
    if (const auto at = place.rfind('@'); at != std::string_view::npos) {
        address.user = place.substr(0, at);
        place.remove_prefix(at + 1);
        if (address.user.find(':') != std::string::npos) {
            return wrong("a password does not belong in it");
        }
    }
    if (const auto colon = place.rfind(':');
        colon != std::string_view::npos && !place.ends_with(']')) {
        const auto port = place.substr(colon + 1);
        const auto [end, error] =
            std::from_chars(port.data(), port.data() + port.size(), address.port);
        if (error != std::errc() || end != port.data() + port.size() || address.port == 0) {
            return wrong("the port is no number from 1 to 65535");
        }
        place = place.substr(0, colon);
    }
    if (place.starts_with('[') && place.ends_with(']'))
        place = place.substr(1, place.size() - 2);
    if (place.empty()) return wrong("it has no host");
    address.host = place;
    while (alias.starts_with('/')) alias.remove_prefix(1);
    if (!alias.empty()) {
        if (!is_alias(alias)) {
            return wrong("an alias has small letters, digits, - and _, a letter first");
        }
        address.alias = alias;
    }
    return address;
}

}  // namespace larmor::index::search::opensearch
