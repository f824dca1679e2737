#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/file.h"
#include "objects/store_id.h"

namespace larmor::objects::local {

/// A segment file is a header page and then groups of records; docs/formats/segment.md. All
/// integers are little endian.
inline constexpr std::uint64_t kPageBytes = 4096;
inline constexpr std::uint32_t kRecordHeaderBytes = 64;
inline constexpr std::size_t kKeyMaxBytes = 512;

constexpr std::uint64_t align_up(std::uint64_t value, std::uint64_t to) {
    return (value + to - 1) / to * to;
}

/// The first page of a segment.
struct SegmentHeader {
    StoreId store{};
    std::int64_t segment = 0;
    std::int64_t created_us = 0;
};
ByteBuffer encode(const SegmentHeader& header);  ///< kPageBytes bytes
/// Errors: Corrupt (magic, version, checksum).
Result<SegmentHeader> decode_segment_header(Bytes page);

/// What stands before each body: 64 bytes, then the key, padded to 8 bytes.
struct RecordHeader {
    std::int64_t segment = 0;
    std::uint64_t offset = 0;  ///< of the record itself: a record that was moved is not one
    std::uint64_t body_bytes = 0;
    std::uint32_t body_crc32c = 0;
    std::int64_t created_us = 0;
    std::string key;

    std::uint32_t head_bytes() const {
        return kRecordHeaderBytes + static_cast<std::uint32_t>(align_up(key.size(), 8));
    }
    /// Where the next record of the group begins.
    std::uint64_t next() const { return offset + align_up(head_bytes() + body_bytes, 8); }
};
/// Appends header and key. The key must be at most kKeyMaxBytes long.
void append(ByteBuffer& out, const RecordHeader& header);
/// Reads the header of the record at `offset` of the file.
/// Errors: Corrupt, with segment and offset (magic, version, sizes, checksum, place).
Result<RecordHeader> read_record_header(const UniqueFd& file, std::int64_t segment,
                                        std::uint64_t offset);
/// Reads the whole body and compares its checksum. Errors: Corrupt.
Result<void> check_body(const UniqueFd& file, const RecordHeader& header);

/// Finds where the next group may be written: behind the last record that is whole, looking
/// from `from` (the end of a record that is known to be good, or kPageBytes). Always a page
/// boundary.
Result<std::uint64_t> find_end(const UniqueFd& file, std::int64_t segment, std::uint64_t from);

/// `00000017.segment`.
std::string segment_name(std::int64_t segment);

/// `segment 17 at byte 4096`: the place, for messages.
std::string place(std::int64_t segment, std::uint64_t offset);

}  // namespace larmor::objects::local
