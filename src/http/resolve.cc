#include "http/resolve.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

namespace larmor::http {
namespace {

using Addresses = std::vector<std::string>;

/// Of this process, those that nobody waits for any more included.
std::atomic<int> lookups_under_way{0};

bool is_numeric(const std::string& host) {
    in6_addr address{};
    return inet_pton(AF_INET, host.c_str(), &address) == 1 ||
           inet_pton(AF_INET6, host.c_str(), &address) == 1;
}

/// Shared by who waits and the thread that looks, either of which may end first.
struct Answer {
    std::mutex mutex;
    std::condition_variable arrived;
    std::optional<Result<Addresses>> addresses;
};

}  // namespace

Result<Addresses> system_lookup(const std::string& host) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_ADDRCONFIG;
    addrinfo* found = nullptr;
    if (const int error = getaddrinfo(host.c_str(), nullptr, &hints, &found); error != 0) {
        return fail(ErrorCode::Unavailable,
                    "no address of " + host + " is known: " + gai_strerror(error));
    }
    const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, &freeaddrinfo);
    Addresses addresses;
    for (const auto* at = found; at && addresses.size() < kAddressesMax; at = at->ai_next) {
        std::array<char, INET6_ADDRSTRLEN> text{};
        if (getnameinfo(at->ai_addr, at->ai_addrlen, text.data(), text.size(), nullptr, 0,
                        NI_NUMERICHOST) == 0) {
            addresses.emplace_back(text.data());
        }
    }
    return addresses;
}

Result<Addresses> resolve(const std::string& host, const Lookup& lookup,
                          std::chrono::milliseconds wait_max) {
    if (host == "localhost") return Addresses{"127.0.0.1"};
    if (is_numeric(host)) return Addresses{host};
    if (++lookups_under_way > kLookupsMax) {
        --lookups_under_way;
        return fail(ErrorCode::Unavailable, "too many names are being looked up");
    }
    const auto answer = std::make_shared<Answer>();
    std::thread([answer, host, lookup] {
        auto addresses = lookup(host);
        const std::lock_guard lock(answer->mutex);
        --lookups_under_way;
        answer->addresses = std::move(addresses);
        answer->arrived.notify_one();
    }).detach();

    std::unique_lock lock(answer->mutex);
    if (!answer->arrived.wait_for(lock, wait_max,
                                  [&] { return answer->addresses.has_value(); })) {
        return fail(ErrorCode::Unavailable, "looking up " + host + ": timed out");
    }
    TRY(Addresses addresses, *std::move(answer->addresses));
    std::erase_if(addresses, [](const std::string& address) { return !is_numeric(address); });
    if (addresses.empty()) return fail(ErrorCode::Unavailable, host + " has no address");
    addresses.resize(std::min(addresses.size(), kAddressesMax));
    return addresses;
}

}  // namespace larmor::http
