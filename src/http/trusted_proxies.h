#pragma once
#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace larmor::http {

/// The addresses of the proxies whose Forwarded fields are believed; of nobody else, since
/// everybody can send them.
class TrustedProxies {
public:
    /// Addresses and networks: `127.0.0.1`, `10.0.0.0/8`, `fd00::/8`. Errors: InvalidInput.
    static Result<TrustedProxies> parse(const std::vector<std::string>& networks);

    bool empty() const { return networks_.empty(); }
    /// False for what is no numeric address. An IPv4 address in IPv6 form is that IPv4 address.
    bool contains(std::string_view address) const;

private:
    /// IPv4 as ::ffff:a.b.c.d, so that there is one form.
    using Address = std::array<std::uint8_t, 16>;
    struct Network {
        Address address{};
        unsigned bits = 128;
    };
    static bool read(std::string_view text, Address& address);

    std::vector<Network> networks_;
};

}  // namespace larmor::http
