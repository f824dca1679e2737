#pragma once
#include <cstdint>
#include <cstring>

#include "reassembly/uid_index/uid_hash.h"

namespace larmor::reassembly::uid_index {

inline constexpr unsigned kOrdinalBits = 34;
/// Ordinals are smaller: the last quarter of 34 bits names lists of duplicates.
inline constexpr std::uint64_t kRecordsMax = std::uint64_t{3} << 32;

/// The first bits of a hash choose the partition; 38 others order what is in it.
inline constexpr unsigned kOrderBits = 38;
inline std::uint64_t order_of(const UidHash& hash) {
    return hash.low >> (64 - kOrderBits) << (64 - kOrderBits);
}
inline std::uint32_t partition_of(const UidHash& hash, unsigned partition_bits) {
    return partition_bits == 0 ? 0
                               : static_cast<std::uint32_t>(hash.high >> (64 - partition_bits));
}

/// What is kept of a UID until its sub-table is built: 9 bytes, of which 38 bits are its hash
/// and 34 bits the ordinal of its record. A table looks at all of those: of a home, 18 among
/// 1e9 UIDs, and 20 more. With the 12 bits of a partition 50 bits of hash are compared here, in
/// which some 450 pairs among 1e9 UIDs are equal by chance. They share one list of duplicates,
/// which is compared UID by UID as every other.
struct Entry {
    std::uint8_t bytes[9];

    static Entry of(const UidHash& hash, std::uint64_t ordinal) {
        const std::uint64_t first = order_of(hash) | ordinal >> kLastBits;
        Entry entry;
        std::memcpy(entry.bytes, &first, sizeof(first));
        entry.bytes[8] = static_cast<std::uint8_t>(ordinal);
        return entry;
    }
    std::uint64_t order() const { return first() >> kFirstBits << kFirstBits; }
    std::uint64_t ordinal() const {
        return (first() & ((std::uint64_t{1} << kFirstBits) - 1)) << kLastBits | bytes[8];
    }

private:
    /// Of an ordinal: beside the hash, and in the last byte.
    static constexpr unsigned kFirstBits = 64 - kOrderBits,
                              kLastBits = kOrdinalBits - kFirstBits;
    static_assert(kLastBits == 8);
    std::uint64_t first() const {
        std::uint64_t first = 0;
        std::memcpy(&first, bytes, sizeof(first));
        return first;
    }
};
static_assert(sizeof(Entry) == 9);

}  // namespace larmor::reassembly::uid_index
