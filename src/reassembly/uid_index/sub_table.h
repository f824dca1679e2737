#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

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

/// Slots are looked at by lines of the processor's cache, eight at once.
inline constexpr std::uint32_t kLineSlots = 8;

/// The shape of one partition's table. Slots lie in the order of the hashes, each from the line
/// of its home on as far forward as the ones before it leave room. So the same entries always
/// give the same table, what a line has of empty slots is at its end, and whoever looks for a
/// hash stops behind a line whose last slot is empty or of a larger one.
struct Shape {
    std::uint32_t home_count = 0;  ///< for a load of 0.9; whole lines
    std::uint32_t slot_count = 0;  ///< whole lines, the last slot of which is empty
    /// No slot lies as far behind its line as fingerprints can tell apart.
    bool ordered = true;
};

/// Where a hash belongs in a table of that shape, and what its fingerprint is there: the last
/// 8 bits of its home and the 22 that follow, so that fingerprints near each other stand in
/// the order of their hashes. Another UID's fits about twice in 1e7 look-ups, among 1e9 UIDs
/// eight times, for want of bits of its hash: one more record is read then.
struct Home {
    std::uint32_t number = 0;
    std::uint32_t fingerprint = 0;

    static constexpr unsigned kFingerprintBits = 64 - kOrdinalBits, kHomeBits = 8;
    static Home of(std::uint64_t order, std::uint32_t home_count) {
        __extension__ using Wide = unsigned __int128;
        const Wide place = Wide{order} * home_count;
        constexpr std::uint64_t kMask = (std::uint64_t{1} << kFingerprintBits) - 1;
        return {.number = static_cast<std::uint32_t>(place >> 64U),
                .fingerprint = static_cast<std::uint32_t>(
                    static_cast<std::uint64_t>(place >> (64U - kFingerprintBits + kHomeBits)) &
                    kMask)};
    }
    /// The first slot that its entries may have.
    std::uint32_t line() const { return number / kLineSlots * kLineSlots; }
};
/// Fingerprints are compared around a circle, so only slots within half of it can be ordered.
/// A home is up to a line behind the slot where its line begins.
inline constexpr std::uint32_t kOrderedDistance = (1U << (Home::kHomeBits - 1)) - kLineSlots;

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

/// Which slots of a line have that fingerprint: bit n is slot n. An empty slot may seem to be
/// one where the fingerprint is 0; its value then says that there is nothing.
inline unsigned hits_in_line(const Slot* line, std::uint32_t fingerprint) {
    unsigned hits = 0;
#ifdef __SSE2__
    constexpr unsigned kHigh = _MM_SHUFFLE(3, 1, 3, 1);
    const __m128i wanted = _mm_set1_epi32(static_cast<int>(fingerprint));
    for (unsigned half = 0; half < 2; ++half) {
        const auto* slots = reinterpret_cast<const __m128*>(line + std::size_t{4} * half);
        const __m128i high = _mm_castps_si128(_mm_shuffle_ps(slots[0], slots[1], kHigh));
        const __m128i equal = _mm_cmpeq_epi32(_mm_srli_epi32(high, kOrdinalBits - 32), wanted);
        hits |= static_cast<unsigned>(_mm_movemask_ps(_mm_castsi128_ps(equal))) << (4 * half);
    }
#else
    for (unsigned i = 0; i < kLineSlots; ++i)
        hits |= (line[i] >> kOrdinalBits == fingerprint ? 1U : 0U) << i;
#endif
    return hits;
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
    using Runs = std::span<const std::span<const Entry>>;
    struct Item {
        std::uint64_t order;
        std::uint64_t ordinal;
        friend auto operator<=>(const Item&, const Item&) = default;
    };
    /// As nearly all tables can be built: without sorting, where fingerprints alone tell the
    /// entries of a home apart.
    std::optional<Shape> build_apart(Runs runs, std::size_t count);
    bool count_homes(Runs runs, std::size_t count, Shape& shape);
    Result<Shape> build_sorted(Runs runs, std::size_t count);
    void sort(Runs runs, std::size_t count);
    Value add_list(std::span<const Item> equal);

    /// Of a home: how many entries it has, then how far behind its line the next of them goes.
    std::vector<std::uint8_t> homes_;
    std::vector<Item> items_;
    std::vector<std::uint32_t> starts_;
    std::vector<Slot> slots_;
    std::vector<std::uint64_t> duplicates_;
    std::uint64_t uid_count_ = 0;
};

}  // namespace larmor::reassembly::uid_index
