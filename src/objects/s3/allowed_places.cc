#include "objects/s3/allowed_places.h"

#include <algorithm>

namespace larmor::objects::s3 {
namespace {

/// Servers and proxies may take them for folders.
bool has_dot_segment(std::string_view key) {
    while (!key.empty()) {
        const auto end = std::min(key.find('/'), key.size());
        const auto segment = key.substr(0, end);
        if (segment == "." || segment == "..") return true;
        key.remove_prefix(std::min(end + 1, key.size()));
    }
    return false;
}

bool overlap(const Address& one, const Address& other) {
    const std::string a = one.as_prefix();
    const std::string b = other.as_prefix();
    return one.bucket == other.bucket && (a.starts_with(b) || b.starts_with(a));
}

bool is_one_server(const Address& one, const Address& other) {
    return one.endpoint == other.endpoint && one.region == other.region;
}

}  // namespace

Result<AllowedPlaces> AllowedPlaces::read(std::span<const std::string> addresses) {
    AllowedPlaces allowed;
    for (const std::string& address : addresses) {
        TRY(Address place, read_address(address));
        const auto other = std::ranges::find_if(
            allowed.places_, [&](const Address& one) { return overlap(one, place); });
        if (other != allowed.places_.end() && !is_one_server(*other, place)) {
            return fail(ErrorCode::InvalidInput,
                        other->text() + " and " + place.text() +
                            " are of two servers, but users name a place without its server: "
                            "one must not lie in the other");
        }
        allowed.places_.push_back(std::move(place));
    }
    return allowed;
}

Result<Address> AllowedPlaces::find(std::string_view uri) const {
    if (uri.find('?') != uri.npos) {
        return fail(ErrorCode::InvalidInput, "a place is s3://bucket/prefix/, without a ?");
    }
    TRY(Address asked, read_address(uri));
    if (has_dot_segment(asked.key) || asked.key.find('\0') != std::string::npos) {
        return fail(ErrorCode::InvalidInput, "a prefix has no . or .. between its slashes");
    }
    const auto place = std::ranges::find_if(places_, [&](const Address& one) {
        return one.bucket == asked.bucket && asked.as_prefix().starts_with(one.as_prefix());
    });
    if (place == places_.end()) {
        return fail(ErrorCode::Denied,
                    "the server was not told that imports may use this place in S3 "
                    "(larmor serve --import-s3)");
    }
    Address found = *place;
    found.key = std::move(asked.key);
    return found;
}

}  // namespace larmor::objects::s3
