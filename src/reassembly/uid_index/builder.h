#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>

#include "reassembly/uid_index/appender.h"
#include "reassembly/uid_index/index.h"

namespace larmor::reassembly::uid_index {

struct BuildOptions {
    unsigned threads = 1;
    /// Resident bytes that scanning, building and the index may take together. At least some
    /// 17 MB a thread are needed with 4,096 partitions.
    std::uint64_t memory_bytes = std::uint64_t{1} << 30;
    std::filesystem::path spill_folder;  ///< empty: outgrowing the memory is an error
    unsigned partition_bits = 12;
};

/// Makes an index in two steps: every UID is appended once, by the thread that scanned it;
/// when all are, the tables are built. The result depends on hashes and ordinals alone, not on
/// threads, memory, or the order of appending.
class Builder {
public:
    explicit Builder(BuildOptions options);

    /// One for each thread, from 0. It must finish() before `build`.
    Appender& appender(unsigned thread) { return appenders_[thread]; }
    /// Called once. Errors: Corrupt when what was spilled is not what was written;
    /// LimitExceeded when so many records share a UID that its partition outgrows the memory;
    /// those of writing.
    Result<Index> build();
    std::uint64_t spilled_bytes() const { return blocks_->spilled_bytes(); }

private:
    BuildOptions options_;
    std::unique_ptr<EntryBlocks> blocks_;
    std::vector<Appender> appenders_;
};

}  // namespace larmor::reassembly::uid_index
