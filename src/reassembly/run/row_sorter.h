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
/// them when they are many, and appends them as a run to a scratch file; at the end the runs
/// are merged. Equal rows in, equal order out, whatever threads did.
class RowSorter {
public:
    /// `memory_bytes`: of all writers together, and of merging.
    static Result<RowSorter> create(const std::filesystem::path& folder,
                                    std::uint64_t memory_bytes, unsigned writers);

    /// Only by the thread that has this number. Errors: those of writing.
    Result<void> add(unsigned writer, std::string row);
    std::uint64_t row_count() const;

    /// Once, when nobody adds any more. Errors: those of reading and of `visit`.
    Result<void> merge(const std::function<Result<void>(std::string_view row)>& visit);

private:
    struct Gathered {
        std::vector<std::string> rows;
        std::uint64_t bytes = 0;
        std::uint64_t count = 0;  ///< of all that were added
    };
    struct Shared {
        std::mutex mutex;
        UniqueFd file;
        std::uint64_t end = 0;
        std::vector<ByteRange> runs;
    };
    RowSorter(UniqueFd file, std::uint64_t memory_bytes, unsigned writers);
    Result<void> write_run(Gathered& gathered);

    std::uint64_t memory_bytes_;
    std::vector<Gathered> gathered_;
    std::unique_ptr<Shared> shared_;
};

}  // namespace larmor::reassembly::run
