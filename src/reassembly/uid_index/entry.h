#pragma once
#include <cstdint>

#include "reassembly/uid_index/uid_hash.h"

namespace larmor::reassembly::uid_index {

inline constexpr unsigned kOrdinalBits = 34;
/// Ordinals are smaller: the last quarter of 34 bits names lists of duplicates.
inline constexpr std::uint64_t kRecordsMax = std::uint64_t{3} << 32;

/// The first bits of a hash choose the partition; 62 others order what is in it.
inline std::uint64_t order_of(const UidHash& hash) {
    return hash.low & ~std::uint64_t{3};
}
inline std::uint32_t partition_of(const UidHash& hash, unsigned partition_bits) {
    return partition_bits == 0 ? 0
                               : static_cast<std::uint32_t>(hash.high >> (64 - partition_bits));
}

/// What is kept of a UID until its sub-table is built: 12 bytes, of which 62 bits are its hash
/// and 34 bits the ordinal of its record. With the 12 bits of a partition that are 74 bits of
/// hash: among 1e9 UIDs two different ones are equal in them with a chance of 1 in 38,000, and
/// then share one list of duplicates, which is compared UID by UID as every other.
struct Entry {
    std::uint32_t words[3];

    static Entry of(const UidHash& hash, std::uint64_t ordinal) {
        const std::uint64_t first = order_of(hash) | ordinal >> 32U;
        return {{static_cast<std::uint32_t>(first), static_cast<std::uint32_t>(first >> 32U),
                 static_cast<std::uint32_t>(ordinal)}};
    }
    std::uint64_t order() const { return first() & ~std::uint64_t{3}; }
    std::uint64_t ordinal() const { return (first() & 3U) << 32U | words[2]; }

private:
    std::uint64_t first() const { return std::uint64_t{words[1]} << 32U | words[0]; }
};
static_assert(sizeof(Entry) == 12);

}  // namespace larmor::reassembly::uid_index
