#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "reassembly/uid_index/memory.h"
#include "reassembly/uid_index/page_file.h"
#include "reassembly/uid_index/sub_table.h"

namespace larmor::reassembly::uid_index {

/// The static index: from a UID's hash to the ordinals of the records that may be its. One
/// table for each partition, in memory or in a file of pages. Made by Builder, read through a
/// Finder for each thread. Never changes.
class Index {
public:
    std::uint64_t record_count() const { return record_count_; }
    /// As hashes tell them apart.
    std::uint64_t uid_count() const { return uid_count_; }
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

    /// A partition's table.
    struct Part {
        Shape shape;
        std::uint64_t first = 0;  ///< its first slot in tables_, or its first page
        std::uint64_t duplicate_count = 0;
        std::uint64_t duplicates_page = 0;  ///< the first
    };
    Index() = default;

    const Slot* slots_of(const Part& part) const {
        return reinterpret_cast<const Slot*>(tables_.data()) + part.first;
    }

    unsigned partition_bits_ = 0;
    std::uint64_t record_count_ = 0;
    std::uint64_t uid_count_ = 0;
    std::vector<Part> parts_;
    Pages tables_;                                        ///< in memory
    std::vector<std::vector<std::uint64_t>> duplicates_;  ///< in memory, by partition
    std::optional<PageFile> file_;
};

}  // namespace larmor::reassembly::uid_index
