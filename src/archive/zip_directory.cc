#include "archive/zip_directory.h"

#include "base/checked.h"

namespace larmor::archive {
namespace {

constexpr std::uint32_t kLocalHeader = 0x04034b50, kEntry = 0x02014b50, kEnd = 0x06054b50,
                        kEnd64 = 0x06064b50, kLocator64 = 0x07064b50;
constexpr std::size_t kEndBytes = 22, kCommentMax = 65535, kLocator64Bytes = 20,
                      kEnd64Bytes = 56, kEntryBytes = 46, kLocalHeaderBytes = 30;
constexpr std::uint32_t kIn64 = 0xffffffff;  ///< the value stands in the zip64 record

std::uint16_t u16(Bytes from, std::size_t at) {
    return load_little<std::uint16_t>(&from[at]);
}
std::uint32_t u32(Bytes from, std::size_t at) {
    return load_little<std::uint32_t>(&from[at]);
}
std::uint64_t u64(Bytes from, std::size_t at) {
    return load_little<std::uint64_t>(&from[at]);
}

Result<ByteBuffer> read_piece(RandomAccess& input, std::uint64_t offset, std::size_t count) {
    const auto end = checked_add<std::uint64_t>(offset, count);
    if (!end || *end > input.size_bytes()) {
        return invalid_at(offset, "the zip ends too early");
    }
    ByteBuffer piece(count);
    TRY_VOID(input.read_at(offset, piece));
    return piece;
}

struct EndRecord {
    std::uint64_t offset;
    ByteBuffer bytes;
};

/// The last end record whose comment reaches the end of the file.
Result<EndRecord> find_end_record(RandomAccess& input) {
    const auto size = input.size_bytes();
    const auto tail_size =
        static_cast<std::size_t>(std::min<std::uint64_t>(size, kEndBytes + kCommentMax));
    TRY(const auto tail, read_piece(input, size - tail_size, tail_size));
    for (std::size_t from_end = kEndBytes; from_end <= tail_size; ++from_end) {
        const auto record = Bytes(tail).last(from_end);
        if (u32(record, 0) == kEnd && u16(record, 20) == from_end - kEndBytes) {
            return EndRecord{size - from_end,
                             ByteBuffer(record.begin(), record.begin() + kEndBytes)};
        }
    }
    return invalid_at(size, "no zip: it has no end record");
}

/// Replaces what `directory` says by the zip64 end record, where there is one; says where the
/// end records start.
Result<std::uint64_t> take_zip64(RandomAccess& input, std::uint64_t end_offset,
                                 ZipDirectory& directory) {
    if (end_offset < kLocator64Bytes) {
        return end_offset;
    }
    TRY(const auto locator, read_piece(input, end_offset - kLocator64Bytes, kLocator64Bytes));
    if (u32(locator, 0) != kLocator64) {
        return end_offset;
    }
    // Its offset counts from the start of the zip, which may stand behind something else: then
    // the record is right before its locator.
    auto offset = u64(locator, 8);
    auto record = read_piece(input, offset, kEnd64Bytes);
    if (!record || u32(*record, 0) != kEnd64) {
        if (end_offset < kLocator64Bytes + kEnd64Bytes) {
            return invalid_at(end_offset, "the zip has a zip64 locator without its record");
        }
        offset = end_offset - kLocator64Bytes - kEnd64Bytes;
        record = read_piece(input, offset, kEnd64Bytes);
        if (!record || u32(*record, 0) != kEnd64) {
            return invalid_at(end_offset, "the zip has a zip64 locator without its record");
        }
    }
    directory.entries = u64(*record, 32);
    directory.size_bytes = u64(*record, 40);
    directory.offset = u64(*record, 48);
    return offset;
}

/// The zip64 extra field holds, in this order, those values whose own field is full.
Result<void> take_zip64_extra(Bytes extra, std::uint64_t offset, ZipEntry& entry) {
    constexpr std::uint16_t kZip64 = 1;
    std::size_t at = 0;
    while (at + 4 <= extra.size()) {
        const auto id = u16(extra, at);
        const auto count = u16(extra, at + 2);
        TRY(auto field, slice(extra, at + 4, count));
        at += 4U + count;
        if (id != kZip64) {
            continue;
        }
        for (auto* value : {&entry.size_bytes, &entry.compressed_bytes, &entry.header_offset}) {
            if (*value != kIn64) {
                continue;
            }
            if (field.size() < 8) {
                return invalid_at(offset, "a zip64 extra field that is too short");
            }
            *value = u64(field, 0);
            field = field.subspan(8);
        }
        return {};
    }
    return {};
}

}  // namespace

Result<ZipDirectory> find_zip_directory(RandomAccess& input) {
    TRY(const auto end, find_end_record(input));
    if (u16(end.bytes, 4) != 0 && u16(end.bytes, 4) != 0xffff) {
        return fail(ErrorCode::Unsupported, "a zip in several volumes");
    }
    ZipDirectory directory;
    directory.entries = u16(end.bytes, 10);
    directory.size_bytes = u32(end.bytes, 12);
    directory.offset = u32(end.bytes, 16);
    TRY(const auto records_offset, take_zip64(input, end.offset, directory));
    // Info-ZIP told to do without zip64 leaves the offset of a piped zip full: the directory is
    // right before the end records then.
    if (directory.offset == kIn64 && directory.size_bytes <= records_offset) {
        directory.offset = records_offset - directory.size_bytes;
        return directory;
    }
    const auto directory_end = checked_add(directory.offset, directory.size_bytes);
    if (!directory_end || *directory_end > records_offset) {
        return invalid_at(end.offset, "the zip's directory is beyond its end record");
    }
    directory.base = records_offset - *directory_end;
    directory.offset += directory.base;
    return directory;
}

Result<std::optional<ZipEntry>> read_zip_entry(RandomAccess& input,
                                               const ZipDirectory& directory,
                                               std::uint64_t offset) {
    const auto directory_end = directory.offset + directory.size_bytes;
    if (offset >= directory_end) {
        return std::nullopt;
    }
    if (directory_end - offset < kEntryBytes) {
        return invalid_at(offset, "the zip's directory ends inside an entry");
    }
    TRY(const auto head, read_piece(input, offset, kEntryBytes));
    if (u32(head, 0) != kEntry) {
        return invalid_at(offset, "the zip's directory has no entry here");
    }
    const std::size_t path_bytes = u16(head, 28), extra_bytes = u16(head, 30),
                      comment_bytes = u16(head, 32);
    const auto more = path_bytes + extra_bytes;
    if (directory_end - offset - kEntryBytes < more + comment_bytes) {
        return invalid_at(offset, "the zip's directory ends inside an entry");
    }
    TRY(const auto tail, read_piece(input, offset + kEntryBytes, more));

    ZipEntry entry;
    entry.path = as_text(Bytes(tail).first(path_bytes));
    entry.flags = u16(head, 8);
    entry.method = u16(head, 10);
    entry.crc = u32(head, 16);
    entry.compressed_bytes = u32(head, 20);
    entry.size_bytes = u32(head, 24);
    entry.header_offset = u32(head, 42);
    entry.next = offset + kEntryBytes + more + comment_bytes;
    // Written on Unix: the upper half of the attributes is its mode (APPNOTE 4.4.15).
    constexpr unsigned kUnix = 3, kTypeMask = 0170000, kSymbolicLink = 0120000;
    entry.symbolic_link =
        u16(head, 4) >> 8 == kUnix && (u32(head, 38) >> 16 & kTypeMask) == kSymbolicLink;
    TRY_VOID(take_zip64_extra(Bytes(tail).subspan(path_bytes), offset, entry));
    return std::optional(std::move(entry));
}

Result<std::uint64_t> locate_zip_data(RandomAccess& input, const ZipDirectory& directory,
                                      const ZipEntry& entry) {
    const auto offset = checked_add(directory.base, entry.header_offset);
    if (!offset) {
        return invalid_at(entry.header_offset, "a zip member that is beyond the file");
    }
    TRY(const auto header, read_piece(input, *offset, kLocalHeaderBytes));
    if (u32(header, 0) != kLocalHeader) {
        return invalid_at(*offset, "the zip has no member here, where its directory says so");
    }
    const auto data = *offset + kLocalHeaderBytes + u16(header, 26) + u16(header, 28);
    const auto end = checked_add(data, entry.compressed_bytes);
    if (!end || *end > directory.offset) {
        return invalid_at(*offset, "a zip member that reaches into the directory");
    }
    return data;
}

}  // namespace larmor::archive
