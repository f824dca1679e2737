#include "objects/s3/address.h"

#include <algorithm>
#include <cstdlib>

#include "base/percent.h"

namespace larmor::objects::s3 {
namespace {

constexpr std::string_view kScheme = "s3://";

Error invalid(const std::string& what) {
    return {ErrorCode::InvalidInput,
            what + ": an address is s3://BUCKET/PREFIX?endpoint=URL&region=NAME&style=path"};
}

/// Source: Amazon S3 User Guide, "General purpose bucket naming rules".
bool is_bucket_name(std::string_view name) {
    return name.size() >= 3 && name.size() <= 63 && std::ranges::all_of(name, [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
           });
}

bool is_region_name(std::string_view name) {
    return !name.empty() && name.size() <= 64 && std::ranges::all_of(name, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
    });
}

Result<void> take_parameter(std::string_view name, std::string value, Address& address,
                            bool& style_is_given) {
    if (name == "endpoint") {
        while (value.ends_with('/')) value.pop_back();
        // Where a server's own words could be shown, nobody's password is.
        if (value.find('@') != std::string::npos) {
            return tl::unexpected(
                invalid("no credentials in an endpoint: they are taken from "
                        "the environment or a file"));
        }
        if (!value.starts_with("http://") && !value.starts_with("https://")) {
            return tl::unexpected(invalid("an endpoint begins with http:// or https://"));
        }
        address.endpoint = std::move(value);
        return {};
    }
    if (name == "region") {
        if (!is_region_name(value)) return tl::unexpected(invalid("this is no region"));
        address.region = std::move(value);
        return {};
    }
    if (name == "style" && (value == "path" || value == "host")) {
        address.style = value == "path" ? AddressStyle::Path : AddressStyle::VirtualHost;
        style_is_given = true;
        return {};
    }
    return tl::unexpected(
        invalid("an address in S3 has endpoint, region and style (path or "
                "host) behind its `?`, and nothing else"));
}

}  // namespace

std::string Address::as_prefix() const {
    return key.empty() || key.ends_with('/') ? key : key + '/';
}

std::string Address::text_of(std::string_view other_key) const {
    return std::string(kScheme) + bucket + '/' + std::string(other_key);
}

bool is_s3_address(std::string_view text) {
    return text.starts_with(kScheme);
}

Result<Address> read_address(std::string_view text) {
    if (!is_s3_address(text)) return tl::unexpected(invalid("this does not begin with s3://"));
    text.remove_prefix(kScheme.size());
    Address address;
    const auto question = std::min(text.find('?'), text.size());
    const auto path = text.substr(0, question);
    auto query = text.substr(std::min(question + 1, text.size()));
    const auto slash = std::min(path.find('/'), path.size());
    address.bucket = path.substr(0, slash);
    if (!is_bucket_name(address.bucket)) return tl::unexpected(invalid("this is no bucket"));
    address.key = path.substr(std::min(slash + 1, path.size()));
    bool style_is_given = false;
    while (!query.empty()) {
        const auto end = std::min(query.find('&'), query.size());
        const auto parameter = query.substr(0, end);
        query.remove_prefix(std::min(end + 1, query.size()));
        const auto equals = std::min(parameter.find('='), parameter.size());
        TRY(std::string value,
            percent_decode(parameter.substr(std::min(equals + 1, parameter.size()))));
        TRY_VOID(take_parameter(parameter.substr(0, equals), std::move(value), address,
                                style_is_given));
    }
    if (address.endpoint.empty()) {
        address.endpoint = "https://s3." + address.region + ".amazonaws.com";
        if (!style_is_given) address.style = AddressStyle::VirtualHost;
    }
    return address;
}

Result<ClientOptions> client_options(const Address& address, const Variables& variables) {
    ClientOptions options;
    options.endpoint = address.endpoint;
    options.bucket = address.bucket;
    options.region = address.region;
    options.style = address.style;
    TRY(options.credentials, find_credentials(variables));
    return options;
}

std::string environment_variable(const char* name) {
    const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nobody sets any
    return value == nullptr ? std::string() : std::string(value);
}

}  // namespace larmor::objects::s3
