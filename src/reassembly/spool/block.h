#pragma once
#include <array>
#include <cstdint>

#include "base/bytes.h"

namespace larmor::reassembly::spool {

/// The form of the file: docs/formats/spool.md.
inline constexpr unsigned kRecordsPerBlock = 16;
/// A block that has as many bytes takes no further record.
inline constexpr std::size_t kBlockBytesFull = 64 << 10;
/// Of an encoded record before it is compressed.
inline constexpr std::uint64_t kRecordBytesMax = std::uint64_t{1} << 30;

using SpoolId = std::array<std::byte, 16>;

struct FileHeader {
    SpoolId id{};
    std::uint32_t dictionary_size_bytes = 0;
};
inline constexpr std::size_t kFileHeaderBytes = 36;
ByteBuffer encode_file_header(const SpoolId& id, Bytes dictionary);
/// Looks at the first kFileHeaderBytes only. Errors: Corrupt.
Result<FileHeader> parse_file_header(Bytes bytes);
/// `whole` is header and dictionary. Errors: Corrupt.
Result<void> check_file_header(Bytes whole);

struct BlockHeader {
    std::uint64_t number = 0;  ///< an ordinal is 16 x number + place in the block
    std::uint32_t record_count = 0;
    std::uint64_t size_bytes = 0;  ///< of the whole block
};
inline constexpr std::size_t kBlockHeaderBytes = 24;
/// Looks at the first kBlockHeaderBytes only, so its numbers are to be believed only after
/// `check_block`. Errors: Corrupt when they can't be.
Result<BlockHeader> parse_block_header(Bytes bytes);
/// That `block` is whole, belongs to this spool, and has this number. Errors: Corrupt.
Result<BlockHeader> check_block(const SpoolId& id, std::uint64_t number, Bytes block);
/// The frame of one record of a block that was checked. Errors: Corrupt.
Result<Bytes> frame_of(Bytes block, const BlockHeader& header, std::uint32_t place);

/// Puts a block together.
class BlockBuilder {
public:
    bool empty() const { return count_ == 0; }
    bool full() const {
        return count_ == kRecordsPerBlock || frames_.size() >= kBlockBytesFull;
    }
    std::uint32_t count() const { return count_; }
    /// Where the next frame is appended to, and then counted.
    ByteBuffer& frames() { return frames_; }
    void add(std::size_t frame_size_bytes);
    /// Appends the block to `out` and begins the next one.
    void finish(const SpoolId& id, std::uint64_t number, ByteBuffer& out);

private:
    std::uint32_t count_ = 0;
    std::array<std::uint32_t, kRecordsPerBlock> sizes_{};
    ByteBuffer frames_;
};

}  // namespace larmor::reassembly::spool
