#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "reassembly/uid_index/memory.h"
#include "reassembly/uid_index/page_file.h"
#include "reassembly/uid_index/sub_table.h"

namespace larmor::reassembly::uid_index {

/// The static index: from a UID's hash to the ordinals of the records that may be its. One
/// table for each partition, in memory or in a file of pages: where not all fit into the
/// memory, as many as do, the last ones. Made by Builder, read through a Finder for each
/// thread. Never changes.
class Index {
public:
    std::uint64_t record_count() const { return record_count_; }
    /// As hashes tell them apart.
    std::uint64_t uid_count() const { return uid_count_; }
    /// Whether some tables are.
    bool in_file() const { return file_.has_value(); }
    /// Tables and lists of duplicates, and what says where they are.
    std::uint64_t memory_bytes() const;
    std::uint64_t file_bytes() const;

    /// Over all shapes, slots and lists: equal for equal keys and records, in memory and in a
    /// file, whatever threads made it. For tests and for looking whether it is whole. Errors:
    /// Corrupt.
    Result<std::uint64_t> digest() const;

private:
    friend class BuildRun;
    friend class Finder;

    /// A partition's table. Every look-up begins here, so few bytes are the cache's gain.
    struct Part {
        Shape shape;
        std::uint64_t first = 0;  ///< its first slot in tables_, or its first page
    };
    /// A partition's lists of duplicates.
    struct Lists {
        std::uint64_t word_count = 0;
        std::uint64_t first_page = 0;      ///< in the file
        std::vector<std::uint64_t> words;  ///< in memory
    };
    Index() = default;

    bool in_memory(std::size_t partition) const { return partition >= first_in_memory_; }
    const Slot* slots_of(const Part& part) const {
        return reinterpret_cast<const Slot*>(tables_.data()) + part.first;
    }

    unsigned partition_bits_ = 0;
    std::uint64_t record_count_ = 0;
    std::uint64_t uid_count_ = 0;
    std::vector<Part> parts_;
    std::vector<Lists> lists_;
    std::size_t first_in_memory_ = 0;  ///< the partitions from this one on
    Pages tables_;
    std::optional<PageFile> file_;
};

}  // namespace larmor::reassembly::uid_index
