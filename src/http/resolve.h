#pragma once
#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"

namespace larmor::http {

/// Finds the numeric addresses of a host by its name, best first; may block for as long as it
/// likes.
using Lookup = std::function<Result<std::vector<std::string>>(const std::string& host)>;

/// What the system knows: /etc/hosts, DNS, whatever nsswitch.conf says. Errors: Unavailable.
Result<std::vector<std::string>> system_lookup(const std::string& host);

/// The addresses of a host, at least one and at most kAddressesMax. Numeric addresses are their
/// own and `localhost` is 127.0.0.1; anything else is looked up on a thread of its own, since
/// getaddrinfo(3) has no time limit. One that is late ends by itself, and nobody sees its
/// result. Errors: those of the lookup; Unavailable after `wait_max`, where the name has no
/// address, and when kLookupsMax are under way in this process.
Result<std::vector<std::string>> resolve(const std::string& host, const Lookup& lookup,
                                         std::chrono::milliseconds wait_max);

inline constexpr std::size_t kAddressesMax = 8;
inline constexpr int kLookupsMax = 32;

}  // namespace larmor::http
