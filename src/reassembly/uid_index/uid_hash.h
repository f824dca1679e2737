#pragma once
#include <array>
#include <cstdint>
#include <string_view>

#include "base/bytes.h"

namespace larmor::reassembly::uid_index {

/// 128 bits that stand for a UID in tables. Equal ones never prove that two UIDs are equal:
/// whoever pairs compares the UIDs.
struct UidHash {
    std::uint64_t high = 0;
    std::uint64_t low = 0;
    friend bool operator==(const UidHash&, const UidHash&) = default;
};

/// XXH3 with 128 bits, keyed with a secret of its own for each run.
///
/// Why XXH3: on the 20 to 64 bytes of a UID it takes a few multiplications, several times less
/// than SipHash-128, and every UID passes here twice. Why keyed: each 16 bytes of a UID are
/// mixed with other bytes of the secret before they are multiplied, so whoever makes the
/// archives, but doesn't see this process's memory, can't prepare UIDs that meet in a
/// partition or a slot. XXH3 is no cryptographic function, and need not be: a collision costs
/// one more comparison, never a wrong pair.
class UidHasher {
public:
    using Secret = std::array<std::byte, 192>;

    /// With a secret from the system's generator.
    static UidHasher with_random_secret();
    /// For tests: the same secret gives the same hashes.
    explicit UidHasher(const Secret& secret) : secret_(secret) {}
    /// For tests: of both halves of a hash these bits only, so that UIDs share hashes.
    UidHasher with_mask(std::uint64_t mask) const {
        auto weak = *this;
        weak.mask_ = mask;
        return weak;
    }

    UidHash operator()(std::string_view uid) const;

private:
    Secret secret_;
    std::uint64_t mask_ = ~std::uint64_t{0};
};

}  // namespace larmor::reassembly::uid_index
