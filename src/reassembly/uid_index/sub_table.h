#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "reassembly/uid_index/entry.h"

namespace larmor::reassembly::uid_index {

/// A slot: 30 bits of fingerprint, 34 bits of `Value`. 0 is empty.
using Slot = std::uint64_t;

/// What a slot says of its UID: 0 nothing, up to kRecordsMax one more than the ordinal of its
/// only record, above it which list of duplicates has its records.
using Value = std::uint64_t;

/// Set in the last ordinal of a list of duplicates.
inline constexpr std::uint64_t kLastOfList = std::uint64_t{1} << 63U;

inline Value value_of_ordinal(std::uint64_t ordinal) {
    return ordinal + 1;
}
inline Value value_of_list(std::uint64_t first) {
    return kRecordsMax + 1 + first;
}
inline bool is_list(Value value) {
    return value > kRecordsMax;
}
/// Of a value that is a list: where it starts among the partition's duplicates.
inline std::uint64_t list_of(Value value) {
    return value - kRecordsMax - 1;
}
inline Value value_of(Slot slot) {
    return slot & ((std::uint64_t{1} << kOrdinalBits) - 1);
}

/// The shape of one partition's table. Slots lie in the order of the hashes, each as near
/// behind its home as the ones before it leave room, so the same entries always give the same
/// table, and whoever looks for a hash stops where a larger one stands.
struct Shape {
    std::uint32_t home_count = 0;  ///< for a load of 0.9
    std::uint32_t slot_count = 0;  ///< up to the last one that is taken, and an empty one
    /// No slot lies as far behind its home as fingerprints can tell apart.
    bool ordered = true;
};

/// Where a hash belongs in a table of that shape, and what its fingerprint is there: the last
/// 8 bits of its home and the 22 that follow, so that fingerprints near each other stand in
/// the order of their hashes. Another UID's fits about twice in 1e7 look-ups: one more record
/// is read then.
struct Home {
    std::uint32_t slot = 0;
    std::uint32_t fingerprint = 0;

    static constexpr unsigned kFingerprintBits = 64 - kOrdinalBits, kHomeBits = 8;
    static Home of(std::uint64_t order, std::uint32_t home_count) {
        __extension__ using Wide = unsigned __int128;
        const Wide place = Wide{order} * home_count;
        constexpr std::uint64_t kMask = (std::uint64_t{1} << kFingerprintBits) - 1;
        return {.slot = static_cast<std::uint32_t>(place >> 64U),
                .fingerprint = static_cast<std::uint32_t>(
                    static_cast<std::uint64_t>(place >> (64U - kFingerprintBits + kHomeBits)) &
                    kMask)};
    }
};
/// Fingerprints are compared around a circle, so only slots within half of it can be ordered.
inline constexpr std::uint32_t kOrderedDistance = 1U << (Home::kHomeBits - 1);

/// The outcome of looking at one slot for a fingerprint.
enum class Look : std::uint8_t { Hit, GoOn, End };
inline Look look_at(Slot slot, std::uint32_t fingerprint, bool ordered) {
    if (slot == 0) return Look::End;
    const auto found = static_cast<std::uint32_t>(slot >> kOrdinalBits);
    if (found == fingerprint) return Look::Hit;
    // The highest of the 30 bits is the sign of the difference around the circle.
    const std::uint32_t ahead = (found - fingerprint) >> (Home::kFingerprintBits - 1) & 1U;
    return ordered && ahead == 0 ? Look::End : Look::GoOn;
}

/// Builds the tables of partitions, one at a time, in memory that is used again.
class SubTableBuilder {
public:
    /// At most as many slots as a table of so many entries takes.
    static std::uint64_t slot_count_max(std::uint64_t entry_count);

    /// `runs` are the entries of a partition, in any order. Errors: Corrupt when they crowd so
    /// much as the hashes of a key of this process can't.
    Result<Shape> build(std::span<const std::span<const Entry>> runs);

    /// Until the next `build`: the slots, and the lists of duplicates, each of ordinals in
    /// rising order with kLastOfList in its last.
    std::span<const Slot> slots() const { return slots_; }
    std::span<const std::uint64_t> duplicates() const { return duplicates_; }
    /// UIDs (by their hash) that are in the table.
    std::uint64_t uid_count() const { return uid_count_; }

private:
    struct Item {
        std::uint64_t order;
        std::uint64_t ordinal;
        friend auto operator<=>(const Item&, const Item&) = default;
    };
    void sort(std::span<const std::span<const Entry>> runs, std::size_t count);
    Value add_list(std::span<const Item> equal);

    std::vector<Item> items_;
    std::vector<std::uint32_t> starts_;
    std::vector<Slot> slots_;
    std::vector<std::uint64_t> duplicates_;
    std::uint64_t uid_count_ = 0;
};

}  // namespace larmor::reassembly::uid_index
