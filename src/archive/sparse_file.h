#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace larmor::archive {

/// A part of a sparse file that is stored.
struct SparseRegion {
    std::uint64_t offset = 0;  ///< in the file
    std::uint64_t count = 0;   ///< bytes
    friend bool operator==(const SparseRegion&, const SparseRegion&) = default;
};

/// More are refused: they are held in memory.
inline constexpr std::size_t kSparseRegionsMax = 1 << 16;

/// A file whose stored parts come one behind the other; all between and behind them is zeros.
class SparseFile {
public:
    /// Errors: InvalidInput for regions that are not in order, reach beyond `size_bytes`, do
    /// not make `stored_bytes` together, or end inside a block before another one: behind such
    /// a one GNU tar goes on with the next block, bsdtar and Python with the next byte.
    static Result<SparseFile> make(std::vector<SparseRegion> regions, std::uint64_t size_bytes,
                                   std::uint64_t stored_bytes);

    std::uint64_t size_bytes() const { return size_bytes_; }

    struct Run {
        bool is_hole = false;
        std::uint64_t count = 0;  ///< 0 at the end of the file
    };
    /// What comes next. Whoever took bytes of it says how many.
    Run next_run() const;
    void advance(std::uint64_t count) { position_ += count; }

private:
    SparseFile(std::vector<SparseRegion> regions, std::uint64_t size_bytes)
        : regions_(std::move(regions)), size_bytes_(size_bytes) {}

    std::vector<SparseRegion> regions_;
    std::uint64_t size_bytes_;
    std::uint64_t position_ = 0;
    mutable std::size_t at_ = 0;  ///< the first region that is not behind us
};

/// Appends the regions of a block of old GNU tar's map. `more` says whether a further block of
/// them follows. Errors: InvalidInput for numbers that are none, LimitExceeded.
struct OldGnuMap {
    std::vector<SparseRegion> regions;
    std::uint64_t size_bytes = 0;  ///< of the file
    bool more = false;
};
Result<OldGnuMap> read_sparse_header(Bytes block);
Result<void> read_sparse_extension(Bytes block, OldGnuMap& map);

/// What pax records say of a sparse file. Source: GNU tar manual, section "Sparse Formats".
struct PaxSparse {
    std::string path;              ///< its own; empty in version 0.0, whose `path` is right
    std::uint64_t size_bytes = 0;  ///< of the file
    bool map_is_in_front = false;  ///< version 1.0: in blocks before the stored bytes
    std::vector<SparseRegion> regions;  ///< of the others
};
/// Nothing where they say nothing of the kind. Errors: InvalidInput, LimitExceeded, Unsupported
/// for a version that we don't know.
Result<std::optional<PaxSparse>> read_pax_sparse(
    const std::map<std::string, std::string>& records);

/// The map of version 1.0, as its blocks come: numbers in lines, how many regions first.
class FrontMap {
public:
    /// True when it is whole. Errors: InvalidInput, LimitExceeded.
    Result<bool> add(Bytes block);
    std::vector<SparseRegion> take() { return std::move(regions_); }

private:
    Result<void> take_number(std::uint64_t number);

    std::string digits_;
    std::optional<std::uint64_t> count_;
    std::optional<std::uint64_t> offset_;  ///< of a region whose length has not come yet
    std::vector<SparseRegion> regions_;
};

}  // namespace larmor::archive
