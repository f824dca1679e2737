#include "reassembly/uid_index/sub_table.h"

#include <algorithm>

namespace larmor::reassembly::uid_index {
namespace {

/// How far the last slots may stand behind the last home. The chance that evenly spread hashes
/// need more is about e^-50; fewer entries than that never do.
constexpr std::uint64_t kOverhangMax = 256;

std::uint64_t whole_lines(std::uint64_t slot_count) {
    return (slot_count + kLineSlots - 1) / kLineSlots * kLineSlots;
}

std::uint32_t home_count_of(std::uint64_t entry_count) {
    return static_cast<std::uint32_t>(whole_lines((entry_count * 10 + 8) / 9));
}

/// The slots of a table whose first slot behind all that are taken is that one.
std::uint32_t slot_count_of(std::uint64_t free) {
    return static_cast<std::uint32_t>(whole_lines(free + 1));
}

/// Places an entry in the line of its home or behind it; `next` is how far behind. False where
/// an entry of the same home and fingerprint is there.
bool place(const Entry& entry, const Home& home, std::uint8_t& next, Slot* line) {
    constexpr unsigned kHomeShift = 64 - Home::kHomeBits;
    const Slot slot =
        std::uint64_t{home.fingerprint} << kOrdinalBits | value_of_ordinal(entry.ordinal());
    // One home in four has several entries, which come in any order.
    std::uint32_t at = next++;
    for (; at > 0 && line[at - 1] >> kHomeShift == slot >> kHomeShift; --at) {
        const Slot before = line[at - 1];
        if (before >> kOrdinalBits == slot >> kOrdinalBits) return false;
        if (before < slot) break;
        line[at] = before;
    }
    line[at] = slot;
    return true;
}

}  // namespace

std::uint64_t SubTableBuilder::slot_count_max(std::uint64_t entry_count) {
    return whole_lines(home_count_of(entry_count) + std::min(entry_count, kOverhangMax) + 1);
}

bool SubTableBuilder::count_homes(Runs runs, std::size_t count, Shape& shape) {
    homes_.assign(shape.home_count, 0);
    for (const auto run : runs)
        for (const Entry& entry : run)
            ++homes_[Home::of(entry.order(), shape.home_count).number];

    std::uint32_t free = 0;  // the first slot that is behind all that are taken
    std::size_t counted = 0;
    for (std::uint32_t line = 0; line < shape.home_count; line += kLineSlots) {
        free = std::max(free, line);
        for (std::uint32_t home = line; home < line + kLineSlots; ++home) {
            const std::uint8_t here = homes_[home];
            homes_[home] = static_cast<std::uint8_t>(free - line);
            free += here;
            counted += here;
        }
        if (free - line > kOrderedDistance) return false;
    }
    shape.slot_count = slot_count_of(free);
    // Less were counted where more than 255 have one home.
    return counted == count;
}

std::optional<Shape> SubTableBuilder::build_apart(Runs runs, std::size_t count) {
    Shape shape{.home_count = home_count_of(count)};
    if (!count_homes(runs, count, shape)) return std::nullopt;
    slots_.assign(shape.slot_count, 0);
    // Not members: a byte that is written might be part of them, for all the compiler knows.
    Slot* const slots = slots_.data();
    std::uint8_t* const homes = homes_.data();
    for (const auto run : runs) {
        for (const Entry& entry : run) {
            const Home home = Home::of(entry.order(), shape.home_count);
            if (!place(entry, home, homes[home.number], slots + home.line()))
                return std::nullopt;
        }
    }
    uid_count_ = count;
    return shape;
}

void SubTableBuilder::sort(Runs runs, std::size_t count) {
    // Hashes are spread evenly: one pass puts one or two into each bucket.
    const unsigned bits = std::max(1, static_cast<int>(std::bit_width(count)) - 1);
    const auto bucket_of = [bits](std::uint64_t order) { return order >> (64 - bits); };
    starts_.assign((std::size_t{1} << bits) + 1, 0);
    for (const auto run : runs)
        for (const Entry& entry : run) ++starts_[bucket_of(entry.order()) + 1];
    std::uint32_t largest = 0;
    for (std::size_t i = 1; i < starts_.size(); ++i) {
        largest = std::max(largest, starts_[i]);
        starts_[i] += starts_[i - 1];
    }
    items_.resize(count);
    for (const auto run : runs)
        for (const Entry& entry : run)
            items_[starts_[bucket_of(entry.order())]++] = {entry.order(), entry.ordinal()};

    // Where many have one UID, that many meet in a bucket.
    constexpr std::uint32_t kFewInABucket = 32;
    if (largest > kFewInABucket) {
        std::sort(items_.begin(), items_.end());
        return;
    }
    // Each is within a few places of its own.
    for (std::size_t i = 1; i < count; ++i) {
        const Item item = items_[i];
        std::size_t at = i;
        for (; at > 0 && item < items_[at - 1]; --at) items_[at] = items_[at - 1];
        items_[at] = item;
    }
}

Value SubTableBuilder::add_list(std::span<const Item> equal) {
    const Value value = value_of_list(duplicates_.size());
    for (const Item& item : equal) duplicates_.push_back(item.ordinal);
    duplicates_.back() |= kLastOfList;
    return value;
}

Result<Shape> SubTableBuilder::build(Runs runs) {
    std::size_t count = 0;
    for (const auto run : runs) count += run.size();
    slots_.clear();
    duplicates_.clear();
    uid_count_ = 0;
    if (count == 0) return Shape{};
    if (const auto shape = build_apart(runs, count)) return *shape;
    return build_sorted(runs, count);
}

Result<Shape> SubTableBuilder::build_sorted(Runs runs, std::size_t count) {
    sort(runs, count);
    uid_count_ = 1;
    for (std::size_t i = 1; i < count; ++i)
        uid_count_ += items_[i].order != items_[i - 1].order ? 1 : 0;
    Shape shape{.home_count = home_count_of(uid_count_)};
    const std::uint64_t slot_count_most = slot_count_max(uid_count_);
    slots_.assign(slot_count_most, 0);
    std::uint64_t free = 0;  // the first slot that is behind all that are taken
    std::size_t last = 0;
    for (std::size_t first = 0; first < count; first = last) {
        last = first + 1;
        while (last < count && items_[last].order == items_[first].order) ++last;

        const Home home = Home::of(items_[first].order, shape.home_count);
        const std::uint64_t at = std::max<std::uint64_t>(home.line(), free);
        if (at + 1 >= slot_count_most) {
            return fail(ErrorCode::Corrupt,
                        "the hashes of a partition of " + std::to_string(count) +
                            " records are not spread as hashes are: they were changed");
        }
        shape.ordered &= at - home.line() < kOrderedDistance;
        const Value value = last == first + 1
                                ? value_of_ordinal(items_[first].ordinal)
                                : add_list(std::span(items_).subspan(first, last - first));
        slots_[at] = std::uint64_t{home.fingerprint} << kOrdinalBits | value;
        free = at + 1;
    }
    shape.slot_count = slot_count_of(free);
    slots_.resize(shape.slot_count);
    return shape;
}

}  // namespace larmor::reassembly::uid_index
