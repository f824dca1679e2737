#include "reassembly/uid_index/sub_table.h"

#include <algorithm>

namespace larmor::reassembly::uid_index {
namespace {

/// How far the last slots may stand behind the last home. The chance that evenly spread hashes
/// need more is about e^-50; fewer entries than that never do.
constexpr std::uint64_t kOverhangMax = 256;

std::uint32_t home_count_of(std::uint64_t entry_count) {
    return static_cast<std::uint32_t>((entry_count * 10 + 8) / 9);
}

}  // namespace

std::uint64_t SubTableBuilder::slot_count_max(std::uint64_t entry_count) {
    return home_count_of(entry_count) + std::min(entry_count, kOverhangMax) + 1;
}

void SubTableBuilder::sort(std::span<const std::span<const Entry>> runs, std::size_t count) {
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

Result<Shape> SubTableBuilder::build(std::span<const std::span<const Entry>> runs) {
    std::size_t count = 0;
    for (const auto run : runs) count += run.size();
    slots_.clear();
    duplicates_.clear();
    uid_count_ = 0;
    if (count == 0) return Shape{};
    sort(runs, count);

    uid_count_ = 1;
    for (std::size_t i = 1; i < count; ++i)
        uid_count_ += items_[i].order != items_[i - 1].order ? 1 : 0;
    Shape shape{.home_count = home_count_of(uid_count_)};
    const std::uint64_t slot_count_most = slot_count_max(uid_count_);
    slots_.resize(slot_count_most);
    std::uint64_t free = 0;  // the first slot that is behind all that are taken
    std::size_t last = 0;
    for (std::size_t first = 0; first < count; first = last) {
        last = first + 1;
        while (last < count && items_[last].order == items_[first].order) ++last;

        const Home home = Home::of(items_[first].order, shape.home_count);
        const std::uint64_t at = std::max<std::uint64_t>(home.slot, free);
        if (at + 1 >= slot_count_most) {
            return fail(ErrorCode::Corrupt,
                        "the hashes of a partition of " + std::to_string(count) +
                            " records are not spread as hashes are: they were changed");
        }
        shape.ordered &= at - home.slot < kOrderedDistance;
        const Value value = last == first + 1
                                ? value_of_ordinal(items_[first].ordinal)
                                : add_list(std::span(items_).subspan(first, last - first));
        slots_[at] = std::uint64_t{home.fingerprint} << kOrdinalBits | value;
        free = at + 1;
    }
    shape.slot_count = static_cast<std::uint32_t>(free + 1);
    slots_.resize(shape.slot_count);
    return shape;
}

}  // namespace larmor::reassembly::uid_index
