#pragma once
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace larmor::index::search::opensearch {

/// Where an OpenSearch cluster is, and which alias in it is ours.
struct Address {
    std::string host;
    std::uint16_t port = 9200;
    bool tls = false;
    std::string user;  ///< empty: no sign-in
    std::string password;
    std::string alias = "larmor-search";
    std::chrono::seconds timeout{30};  ///< of connecting, and of each read and write
};

/// `https://user@host:port/alias`; what is missing has the values above. A password in it is
/// refused: others see command lines. Errors: InvalidInput.
Result<Address> parse_address(std::string_view url);

}  // namespace larmor::index::search::opensearch
