#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "objects/s3/address.h"

namespace larmor::objects::s3 {

/// Where users may have us read and write with our own credentials: what they name must lie
/// below one of these places, or they could have whatever we can.
class AllowedPlaces {
public:
    /// Of `s3://BUCKET/PREFIX?endpoint=URL...`. Errors: those of read_address; InvalidInput
    /// where one lies in another, of another server: `find` could not tell which is meant.
    static Result<AllowedPlaces> read(std::span<const std::string> addresses);

    /// What a user named as `s3://bucket/prefix`, with the endpoint of the place that it is in.
    /// Errors: InvalidInput where it is no such URI (one says no endpoint); Denied.
    Result<Address> find(std::string_view uri) const;
    bool empty() const { return places_.empty(); }

private:
    std::vector<Address> places_;
};

}  // namespace larmor::objects::s3
