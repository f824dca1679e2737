#include "reassembly/uid_index/finder.h"

namespace larmor::reassembly::uid_index {
namespace {

constexpr std::uint64_t kNoPage = ~std::uint64_t{0};

/// Looks from `slot` on while `slot_at` has slots.
struct Looked {
    Look look = Look::GoOn;
    Match match;  ///< of a Hit; its slot is where looking ended otherwise
};
Looked look_from(const Slot* slots, std::uint32_t first, std::uint32_t end,
                 std::uint32_t slot_of_first, std::uint32_t fingerprint, bool ordered) {
    for (std::uint32_t i = first; i < end; ++i) {
        const Look look = look_at(slots[i], fingerprint, ordered);
        if (look == Look::GoOn) continue;
        return {look, {look == Look::Hit ? value_of(slots[i]) : 0, slot_of_first + i - first}};
    }
    return {Look::GoOn, {0, slot_of_first + end - first}};
}

}  // namespace

Result<Finder> Finder::create(const Index& index) {
    Finder finder(index);
    if (index.in_file()) {
        TRY(finder.ring_, reads::ReadRing::create(kReadsInFlight));
        finder.buffers_.resize(kReadsInFlight);
        finder.waiting_.resize(kReadsInFlight);
        for (std::uint32_t i = 0; i < kReadsInFlight; ++i) finder.free_.push_back(i);
    }
    return finder;
}

Result<void> Finder::find(std::span<const UidHash> hashes, std::span<Match> out) {
    LARMOR_CHECK(out.size() == hashes.size());
    if (index_->in_file()) return find_in_file(hashes, out);
    return find_each(hashes, out, [](std::size_t, const Match&) { return Result<void>(); });
}

Match Finder::end_in_memory(const Ahead& ahead) const {
    const Slot* const slots = index_->slots_of(*ahead.part);
    const Shape& shape = ahead.part->shape;
    for (auto line = ahead.home.line(); line < shape.slot_count; line += kLineSlots) {
        const unsigned hits = hits_in_line(slots + line, ahead.home.fingerprint);
        if (hits != 0) {
            const auto slot = line + static_cast<std::uint32_t>(std::countr_zero(hits));
            return {value_of(slots[slot]), slot};
        }
        const Slot last = slots[line + kLineSlots - 1];
        if (look_at(last, ahead.home.fingerprint, shape.ordered) == Look::End) break;
    }
    return {};
}

bool Finder::start(const Index::Part& part, std::uint32_t slot, std::uint32_t buffer) {
    const std::uint64_t page = part.first + slot / kWordsPerPage;
    return ring_->start(index_->file_->file(), page * kPageBytes,
                        std::as_writable_bytes(std::span(buffers_[buffer])), buffer);
}

void Finder::find_in_memory(std::span<const UidHash> hashes, std::span<Match> out) const {
    struct Query {
        Ahead ahead;
        std::size_t number = 0;
    };
    std::array<Query, kAhead> ring;
    std::size_t begun = 0, ended = 0;
    const auto end_one = [&] {
        const Query& query = ring[ended++ % kAhead];
        out[query.number] = end_in_memory(query.ahead);
    };
    for (std::size_t i = 0; i < hashes.size(); ++i) {
        if (!in_memory(hashes[i])) continue;
        if (begun - ended == kAhead) end_one();
        ring[begun++ % kAhead] = {begin_in_memory(hashes[i]), i};
    }
    while (ended < begun) end_one();
}

std::size_t Finder::start_reads(std::span<const UidHash> hashes, std::size_t first,
                                std::span<Match> out) {
    for (std::size_t i = first; i < hashes.size(); ++i) {
        if (in_memory(hashes[i])) continue;
        const Index::Part& part = part_of(hashes[i]);
        out[i] = {};
        if (part.shape.slot_count == 0) continue;
        const Home home = Home::of(order_of(hashes[i]), part.shape.home_count);
        if (free_.empty()) return i;
        waiting_[free_.back()] = {static_cast<std::uint32_t>(i), home.line()};
        if (!start(part, home.line(), free_.back())) return i;
        free_.pop_back();
    }
    return hashes.size();
}

Result<void> Finder::find_in_file(std::span<const UidHash> hashes, std::span<Match> out) {
    auto begun = start_reads(hashes, 0, out);
    // While the disk works.
    find_in_memory(hashes, out);
    for (;;) {
        TRY(const auto finished, ring_->next());
        if (!finished) return {};

        const auto buffer = static_cast<std::uint32_t>(finished->tag);
        const Waiting waiting = waiting_[buffer];
        const Index::Part& part = part_of(hashes[waiting.query]);
        const std::uint64_t in_table = waiting.slot / kWordsPerPage;
        if (finished->size_bytes != kPageBytes) {
            return fail(ErrorCode::Corrupt, "the file of the UID index ends too early");
        }
        TRY_VOID(index_->file_->check(part.first + in_table, buffers_[buffer]));

        const auto first = static_cast<std::uint32_t>(waiting.slot % kWordsPerPage);
        const auto end = static_cast<std::uint32_t>(std::min<std::uint64_t>(
            kWordsPerPage, part.shape.slot_count - in_table * kWordsPerPage));
        const Home home = Home::of(order_of(hashes[waiting.query]), part.shape.home_count);
        const Looked looked = look_from(buffers_[buffer].data(), first, end, waiting.slot,
                                        home.fingerprint, part.shape.ordered);
        if (looked.look == Look::GoOn && looked.match.slot < part.shape.slot_count) {
            waiting_[buffer].slot = looked.match.slot;
            LARMOR_CHECK(start(part, looked.match.slot, buffer));
            continue;
        }
        out[waiting.query] = looked.match;
        free_.push_back(buffer);
        begun = start_reads(hashes, begun, out);
    }
}

Result<Match> Finder::find_next(const UidHash& hash, const Match& match) {
    if (!match) return Match{};
    const Index::Part& part = part_of(hash);
    const Home home = Home::of(order_of(hash), part.shape.home_count);
    // Rare: two UIDs whose fingerprints meet. One slot after the other is fast enough.
    Page page;
    std::uint64_t page_in_table = kNoPage;
    for (std::uint32_t slot = match.slot + 1; slot < part.shape.slot_count; ++slot) {
        Slot found = 0;
        if (in_memory(hash)) {
            found = index_->slots_of(part)[slot];
        } else {
            if (slot / kWordsPerPage != page_in_table) {
                page_in_table = slot / kWordsPerPage;
                TRY_VOID(index_->file_->read(part.first + page_in_table, page));
            }
            found = page[slot % kWordsPerPage];
        }
        const Look look = look_at(found, home.fingerprint, part.shape.ordered);
        if (look == Look::End) break;
        if (look == Look::Hit) return Match{value_of(found), slot};
    }
    return Match{};
}

Result<void> Finder::records_of(const UidHash& hash, const Match& match,
                                std::vector<std::uint64_t>& ordinals) {
    if (!match) return {};
    if (!is_list(match.value)) {
        ordinals.push_back(match.value - 1);
        return {};
    }
    const std::size_t partition = partition_of(hash, index_->partition_bits_);
    const Index::Lists& lists = index_->lists_[partition];
    Page page;
    std::uint64_t page_read = kNoPage;
    for (std::uint64_t at = list_of(match.value); at < lists.word_count; ++at) {
        std::uint64_t word = 0;
        if (in_memory(hash)) {
            word = lists.words[at];
        } else {
            if (at / kWordsPerPage != page_read) {
                page_read = at / kWordsPerPage;
                TRY_VOID(index_->file_->read(lists.first_page + page_read, page));
            }
            word = page[at % kWordsPerPage];
        }
        ordinals.push_back(word & ~kLastOfList);
        if ((word & kLastOfList) != 0) return {};
    }
    return fail(ErrorCode::Corrupt, "a list of duplicates in the UID index has no end");
}

}  // namespace larmor::reassembly::uid_index
