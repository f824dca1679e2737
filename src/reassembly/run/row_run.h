#pragma once
#include <string_view>

#include "base/file.h"
#include "reassembly/spool/codec.h"

namespace larmor::reassembly::run {

/// So many bytes of rows, and one row more, are compressed as one block.
inline constexpr std::size_t kRowBlockBytes = 64 << 10;

/// Appends rows to a file in blocks: 4 bytes of size and 4 of CRC-32C, then a zstd frame, in
/// which each row stands behind 4 bytes of its size. For one thread.
class RowRunWriter {
public:
    /// Writes from `offset` on.
    RowRunWriter(const UniqueFd& file, std::uint64_t offset)
        : file_(&file), range_{offset, 0} {}

    Result<void> add(std::string_view row);
    /// Where the run lies.
    Result<ByteRange> finish();

private:
    Result<void> close_block();
    Result<void> write_out();

    const UniqueFd* file_;
    ByteRange range_;
    spool::Compressor compressor_;
    ByteBuffer block_;
    ByteBuffer out_;
};

/// Reads one run from front to back.
class RowRunReader {
public:
    RowRunReader(const UniqueFd& file, ByteRange range) : file_(&file), left_(range) {}

    /// The row that `advance` came to; valid until the next call.
    std::string_view row() const { return row_; }
    /// False at the end of the run. Errors: Corrupt, those of reading.
    Result<bool> advance();

private:
    Result<void> read_block();

    const UniqueFd* file_;
    ByteRange left_;
    spool::Decompressor decompressor_;
    ByteBuffer packed_;
    Bytes rows_;  ///< what is left of the block
    std::string_view row_;
};

}  // namespace larmor::reassembly::run
