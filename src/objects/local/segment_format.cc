#include "objects/local/segment_format.h"

#include <algorithm>
#include <cstdio>

#include "base/hash.h"

namespace larmor::objects::local {
namespace {

constexpr std::string_view kSegmentMagic = "LRMRSEGM";
constexpr std::uint32_t kRecordMagic = 0x4345524c;  // "LREC"
constexpr std::uint16_t kVersion = 1;

// Offsets in the segment header.
constexpr std::size_t kHeaderCrcAt = 60;
// Offsets in a record header.
constexpr std::size_t kRecordCrcAt = 60;

tl::unexpected<Error> corrupt(std::int64_t segment, std::uint64_t offset,
                              std::string_view what) {
    return fail(ErrorCode::Corrupt, place(segment, offset) + ": " + std::string(what));
}

/// An early end of a file of our own is damage, not a wrong input.
Result<void> read_own(const UniqueFd& file, std::int64_t segment, std::uint64_t offset,
                      std::span<std::byte> out) {
    auto read = read_at(file, offset, out);
    if (!read && read.error().code == ErrorCode::InvalidInput) {
        return corrupt(segment, offset, "the file ends too early");
    }
    return read;
}

}  // namespace

std::string segment_name(std::int64_t segment) {
    constexpr std::size_t kDigits = 8;
    const std::string digits = std::to_string(segment);
    std::string name(digits.size() < kDigits ? kDigits - digits.size() : 0, '0');
    return name.append(digits).append(".segment");
}

std::string place(std::int64_t segment, std::uint64_t offset) {
    return "segment " + std::to_string(segment) + " at byte " + std::to_string(offset);
}

ByteBuffer encode(const SegmentHeader& header) {
    ByteBuffer page(kPageBytes);
    std::ranges::copy(as_bytes(kSegmentMagic), page.begin());
    store_little<std::uint16_t>(&page[8], kVersion);
    std::ranges::copy(header.store, page.begin() + 16);
    store_little(&page[32], header.segment);
    store_little(&page[40], header.created_us);
    store_little(&page[kHeaderCrcAt], crc32c(Bytes(page).first(kHeaderCrcAt)));
    return page;
}

Result<SegmentHeader> decode_segment_header(Bytes page) {
    if (page.size() < kRecordHeaderBytes || as_text(page.first(8)) != kSegmentMagic) {
        return fail(ErrorCode::Corrupt, "this is no segment file");
    }
    if (load_little<std::uint32_t>(&page[kHeaderCrcAt]) != crc32c(page.first(kHeaderCrcAt))) {
        return fail(ErrorCode::Corrupt, "the header of the segment file has a wrong checksum");
    }
    const auto version = load_little<std::uint16_t>(&page[8]);
    if (version != kVersion) {
        return fail(ErrorCode::Corrupt, "the segment file has version " +
                                            std::to_string(version) + ", we know " +
                                            std::to_string(kVersion));
    }
    SegmentHeader header;
    std::copy_n(page.begin() + 16, header.store.size(), header.store.begin());
    header.segment = load_little<std::int64_t>(&page[32]);
    header.created_us = load_little<std::int64_t>(&page[40]);
    return header;
}

void append(ByteBuffer& out, const RecordHeader& header) {
    LARMOR_CHECK(header.key.size() <= kKeyMaxBytes);
    const std::size_t start = out.size();
    out.resize(start + header.head_bytes());
    std::byte* const at = out.data() + start;
    store_little<std::uint32_t>(at, kRecordMagic);
    store_little<std::uint16_t>(at + 4, kVersion);
    store_little<std::uint16_t>(at + 6, static_cast<std::uint16_t>(header.key.size()));
    store_little(at + 8, header.segment);
    store_little(at + 16, header.offset);
    store_little(at + 24, header.body_bytes);
    store_little(at + 32, header.created_us);
    store_little(at + 40, header.body_crc32c);
    std::ranges::copy(as_bytes(header.key), at + kRecordHeaderBytes);
    // Over everything but itself, the key included.
    const std::uint32_t crc = crc32c({at, kRecordCrcAt});
    store_little(at + kRecordCrcAt, crc32c(as_bytes(header.key), crc));
}

Result<RecordHeader> read_record_header(const UniqueFd& file, std::int64_t segment,
                                        std::uint64_t offset) {
    std::array<std::byte, kRecordHeaderBytes> fixed{};
    TRY_VOID(read_own(file, segment, offset, fixed));
    if (load_little<std::uint32_t>(fixed.data()) != kRecordMagic) {
        return corrupt(segment, offset, "no record begins here");
    }
    const auto key_size = load_little<std::uint16_t>(&fixed[6]);
    if (key_size > kKeyMaxBytes) return corrupt(segment, offset, "the key is too long");
    RecordHeader header;
    header.key.resize(key_size);
    TRY_VOID(read_own(file, segment, offset + kRecordHeaderBytes,
                      std::as_writable_bytes(std::span(header.key))));
    const std::uint32_t crc = crc32c(Bytes(fixed).first(kRecordCrcAt));
    if (load_little<std::uint32_t>(&fixed[kRecordCrcAt]) != crc32c(as_bytes(header.key), crc)) {
        return corrupt(segment, offset, "the record's header has a wrong checksum");
    }
    if (load_little<std::uint16_t>(&fixed[4]) != kVersion) {
        return corrupt(segment, offset, "the record has a version that we do not know");
    }
    header.segment = load_little<std::int64_t>(&fixed[8]);
    header.offset = load_little<std::uint64_t>(&fixed[16]);
    header.body_bytes = load_little<std::uint64_t>(&fixed[24]);
    header.created_us = load_little<std::int64_t>(&fixed[32]);
    header.body_crc32c = load_little<std::uint32_t>(&fixed[40]);
    if (header.segment != segment || header.offset != offset) {
        return corrupt(segment, offset,
                       "this record was written for " + place(header.segment, header.offset));
    }
    TRY(const std::uint64_t size, size_of(file));
    const std::uint64_t body_at = offset + header.head_bytes();
    if (body_at > size || header.body_bytes > size - body_at) {
        return corrupt(segment, offset, "the record ends beyond its file");
    }
    return header;
}

Result<void> check_body(const UniqueFd& file, const RecordHeader& header) {
    std::array<std::byte, 1 << 16> piece;
    std::uint32_t crc = 0;
    std::uint64_t at = header.offset + header.head_bytes();
    for (std::uint64_t left = header.body_bytes; left > 0;) {
        const auto count =
            static_cast<std::size_t>(std::min<std::uint64_t>(left, piece.size()));
        TRY_VOID(read_own(file, header.segment, at, std::span(piece).first(count)));
        crc = crc32c(Bytes(piece).first(count), crc);
        at += count;
        left -= count;
    }
    if (crc != header.body_crc32c) {
        return corrupt(header.segment, header.offset, "the body has a wrong checksum");
    }
    return {};
}

Result<std::uint64_t> find_end(const UniqueFd& file, std::int64_t segment, std::uint64_t from) {
    std::uint64_t end = align_up(from, 8);
    for (;;) {
        // A group begins on a page: behind its last record the next one can be on the next
        // page.
        bool found = false;
        for (const std::uint64_t at : {end, align_up(end, kPageBytes)}) {
            const auto header = read_record_header(file, segment, at);
            if (!header && header.error().code != ErrorCode::Corrupt) {
                return tl::unexpected(header.error());
            }
            if (!header) continue;
            const auto whole = check_body(file, *header);
            if (!whole && whole.error().code != ErrorCode::Corrupt) {
                return tl::unexpected(whole.error());
            }
            if (!whole) continue;
            end = header->next();
            found = true;
            break;
        }
        if (!found) return align_up(end, kPageBytes);
    }
}

}  // namespace larmor::objects::local
