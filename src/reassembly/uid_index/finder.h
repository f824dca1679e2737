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

    /// Has memory fetched that `find` will look at for this hash. Called as soon as the hash is
    /// known, so that what its caller does until then hides the wait; never needed.
    void expect(const UidHash& hash) const {
        if (index_->in_file()) return;
        const Index::Part& part = part_of(hash);
        const Home home = Home::of(order_of(hash), part.shape.home_count);
        // Not into the first cache: what the caller does next would drive it out again.
        constexpr int kRead = 0, kIntoSecondCache = 2;
        const Slot* const line = index_->slots_of(part) + home.line();
        __builtin_prefetch(line, kRead, kIntoSecondCache);
        // GCC takes a function that only prefetches for one without effect, and calls it never.
        asm volatile("" : : "r"(line));
    }
    /// The first match of each hash; the more of them, the better: memory is fetched ahead, and
    /// of a file as many pages are read at once as there are hashes, up to kReadsInFlight.
    /// Errors, after which it is not used again: Corrupt for a damaged page; those of reading.
    Result<void> find(std::span<const UidHash> hashes, std::span<Match> out);
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
    void find_in_memory(std::span<const UidHash> hashes, std::span<Match> out) const;
    Result<void> find_in_file(std::span<const UidHash> hashes, std::span<Match> out);
    bool start(const Index::Part& part, std::uint32_t slot, std::uint32_t buffer);

    /// A hash whose page is being read; its number is that of its buffer.
    struct Waiting {
        std::uint32_t query = 0;
        std::uint32_t slot = 0;  ///< to look at next
    };

    const Index* index_;
    std::vector<Page> buffers_;
    std::vector<Waiting> waiting_;
    std::optional<reads::ReadRing> ring_;  ///< last: it ends before the buffers it reads into
};

}  // namespace larmor::reassembly::uid_index
