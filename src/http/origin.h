#pragma once
#include <string>

#include "http/message.h"
#include "http/trusted_proxies.h"

namespace larmor::http {

/// Where the client thinks it is: for absolute links and for the address in an audit record.
struct Origin {
    std::string scheme;  ///< http or https
    std::string host;    ///< with port where one was given; from Host
    std::string client;  ///< address of the client

    std::string base_url() const { return scheme + "://" + host; }
};

/// From the connection and Host; behind a trusted proxy from Forwarded (RFC 7239) or else from
/// X-Forwarded-For, -Proto and -Host. Each proxy adds to their ends, so they are read from
/// there back to the first address that is not trusted: what stands before it anybody may have
/// sent. A host with characters that no host has is never taken, so that it is safe in a link.
Origin origin_of(const Request& request, const TrustedProxies& trusted);

/// True for `name`, `name:port`, `1.2.3.4:80`, `[::1]:80`: letters, digits and `-._~` only.
bool is_host(std::string_view text);

}  // namespace larmor::http
