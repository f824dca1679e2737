#pragma once
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/file.h"

namespace larmor::reassembly::run {

/// Sorts rows of bytes that may be more than the memory: each thread gathers its own, sorts
/// them when they are many, and appends them as a compressed run to a file; at the end the runs
/// are merged. Equal rows in, equal order out, whatever threads did.
class RowSorter {
public:
    struct Options {
        std::filesystem::path path;
        std::uint64_t memory_bytes = 0;  ///< of all writers together, and of merging
        unsigned writers = 1;
    };
    /// What the file holds that is whole; a checkpoint keeps it.
    struct Saved {
        std::uint64_t end = 0;
        std::vector<ByteRange> runs;
    };
    /// With `saved`, goes on behind what that says; else the file must not be there. Errors:
    /// Corrupt for a file that is shorter; those of open(2).
    static Result<RowSorter> open(const Options& options, const Saved* saved);

    /// Only by the thread that has this number. Errors: those of writing.
    Result<void> add(unsigned writer, std::string row);
    /// Makes durable what was added until now. Others may add meanwhile. Errors, after which
    /// nothing more can be relied on: those of writing.
    Result<Saved> save();

    /// Once, when nobody adds any more. What was saved stays as it is in the file. Errors:
    /// Corrupt, those of reading and of `visit`.
    Result<void> merge(const std::function<Result<void>(std::string_view row)>& visit);

private:
    struct Gathered {
        std::mutex mutex;
        std::vector<std::string> rows;
        std::uint64_t bytes = 0;
    };
    struct Shared {
        UniqueFd file;
        std::vector<Gathered> gathered;
        std::mutex mutex;  ///< over `saved`, and whoever writes a run
        Saved saved;
    };
    using Visit = std::function<Result<void>(std::string_view row)>;

    RowSorter(UniqueFd file, const Options& options);
    Result<void> write_run(std::vector<std::string> rows);
    /// Runs of the file, and rows in memory that are in order.
    Result<void> merge_all(std::span<const ByteRange> runs, std::span<const std::string> rows,
                           const Visit& visit) const;

    std::uint64_t memory_bytes_;
    std::unique_ptr<Shared> shared_;
};

}  // namespace larmor::reassembly::run
