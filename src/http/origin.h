#pragma once
#include <cstdint>
#include <string>

#include "http/message.h"

namespace larmor::http {

enum class TrustProxy : bool { No, Yes };

/// Where the client thinks it is: for absolute links and for the address in an audit record.
struct Origin {
    std::string scheme;  ///< http or https
    std::string host;    ///< with port where one was given; from Host
    std::string client;  ///< address of the client

    std::string base_url() const { return scheme + "://" + host; }
};

/// From the connection and Host; with TrustProxy::Yes from the first element of Forwarded (RFC
/// 7239) or else of X-Forwarded-Proto, -Host and -For. A host with characters that no host has
/// is never taken, so that it is safe in a link.
Origin origin_of(const Request& request, TrustProxy trust);

/// True for `name`, `name:port`, `1.2.3.4:80`, `[::1]:80`: letters, digits and `-._~` only.
bool is_host(std::string_view text);

}  // namespace larmor::http
