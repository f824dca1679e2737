#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "reassembly/reads/read_ring.h"
#include "reassembly/uid_index/index.h"

namespace larmor::reassembly::uid_index {

/// What the index has for a hash: a slot whose fingerprint fits. That is no more than a reason
/// to read the record and compare its UID.
struct Match {
    Value value = 0;         ///< 0: there is nothing (more)
    std::uint32_t slot = 0;  ///< in the partition's table
    explicit operator bool() const { return value != 0; }
};

/// Looks UIDs up in an index that outlives it; for one thread. The caller reads the record of
/// each match and compares the whole UID; where it differs, `find_next` gives the next slot
/// that fits. Equal hashes alone never pair.
class Finder {
public:
    /// Errors: Unsupported where the index lies in a file and io_uring is forbidden.
    static Result<Finder> create(const Index& index);

    /// The first match of each hash; the more of them, the better: memory is fetched ahead, and
    /// of a file as many pages are read at once as there are hashes, up to kReadsInFlight.
    /// Errors, after which it is not used again: Corrupt for a damaged page; those of reading.
    Result<void> find(std::span<const UidHash> hashes, std::span<Match> out);
    /// The same, and calls `use(i, match)` for each of them: of an index in memory as soon as
    /// it is found, since what is done with one hides the waits for those that follow. It
    /// returns a Result<void>, whose error is handed on.
    template <typename Use>
    Result<void> find_each(std::span<const UidHash> hashes, std::span<Match> out,
                           const Use& use);
    /// Behind a match of that hash whose record turned out to have another UID.
    Result<Match> find_next(const UidHash& hash, const Match& match);
    /// Appends the ordinals of a match's records in rising order: one, or those of a list of
    /// duplicates, each of which may yet be of another UID.
    Result<void> records_of(const UidHash& hash, const Match& match,
                            std::vector<std::uint64_t>& ordinals);

    static constexpr unsigned kReadsInFlight = 128;

private:
    explicit Finder(const Index& index) : index_(&index) {}
    const Index::Part& part_of(const UidHash& hash) const {
        return index_->parts_[partition_of(hash, index_->partition_bits_)];
    }
    bool in_memory(const UidHash& hash) const {
        return index_->in_memory(partition_of(hash, index_->partition_bits_));
    }
    /// Look-ups in memory that are under way. Each waits once or twice; their waits overlap.
    static constexpr std::size_t kAhead = 32;
    struct Ahead {
        const Index::Part* part = nullptr;
        Home home;
    };
    Ahead begin_in_memory(const UidHash& hash) const {
        const Index::Part& part = part_of(hash);
        const Home home = Home::of(order_of(hash), part.shape.home_count);
        const Slot* const line = index_->slots_of(part) + home.line();
        // One in three ends behind its first line.
        __builtin_prefetch(line);
        __builtin_prefetch(line + kLineSlots);
        return {&part, home};
    }
    Match end_in_memory(const Ahead& ahead) const;
    /// Of an index in a file, those whose tables are in memory all the same.
    void find_in_memory(std::span<const UidHash> hashes, std::span<Match> out) const;
    Result<void> find_in_file(std::span<const UidHash> hashes, std::span<Match> out);
    /// Starts reads from hash `first` on, as many as may be, and says where to go on.
    std::size_t start_reads(std::span<const UidHash> hashes, std::size_t first,
                            std::span<Match> out);
    bool start(const Index::Part& part, std::uint32_t slot, std::uint32_t buffer);

    /// A hash whose page is being read; its number is that of its buffer.
    struct Waiting {
        std::uint32_t query = 0;
        std::uint32_t slot = 0;  ///< to look at next
    };

    const Index* index_;
    std::vector<Page> buffers_;
    std::vector<Waiting> waiting_;
    std::vector<std::uint32_t> free_;      ///< buffers
    std::optional<reads::ReadRing> ring_;  ///< last: it ends before the buffers it reads into
};

template <typename Use>
Result<void> Finder::find_each(std::span<const UidHash> hashes, std::span<Match> out,
                               const Use& use) {
    if (index_->in_file()) {
        TRY_VOID(find(hashes, out));
        for (std::size_t i = 0; i < hashes.size(); ++i) TRY_VOID(use(i, out[i]));
        return {};
    }
    std::array<Ahead, kAhead> ring;
    const std::size_t first = std::min(kAhead, hashes.size());
    for (std::size_t i = 0; i < first; ++i) ring[i] = begin_in_memory(hashes[i]);
    for (std::size_t i = 0; i < hashes.size(); ++i) {
        Ahead& ahead = ring[i % kAhead];
        out[i] = end_in_memory(ahead);
        if (i + kAhead < hashes.size()) ahead = begin_in_memory(hashes[i + kAhead]);
        TRY_VOID(use(i, out[i]));
    }
    return {};
}

}  // namespace larmor::reassembly::uid_index
