#pragma once
#include <cstdint>
#include <string>

#include "base/file.h"

namespace larmor::dimse {

struct Listener {
    UniqueFd socket;  ///< does not block
    std::uint16_t port = 0;
};
/// `address` is numeric, of either family. Errors: InvalidInput, Unavailable.
Result<Listener> listen_on(const std::string& address, std::uint16_t port);

struct Accepted {
    UniqueFd socket;   ///< none where there was nobody, or the system refused
    std::string peer;  ///< its address
};
Accepted accept_from(const Listener& listener);

}  // namespace larmor::dimse
