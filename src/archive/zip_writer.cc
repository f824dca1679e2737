#include "archive/zip_writer.h"

#include <zlib.h>

#include <algorithm>

namespace larmor::archive {
namespace {

constexpr std::uint64_t kNo32 = 0xffffffff;  ///< stands where the zip64 field has the value
constexpr std::uint64_t kNo16 = 0xffff;
constexpr std::uint16_t kVersion = 20;  ///< needed for folders in paths
constexpr std::uint16_t kVersionZip64 = 45;
constexpr std::uint16_t kMadeByUnix = 3 << 8;
constexpr std::uint32_t kRegularFile = 0100644U << 16;
constexpr std::size_t kLocalBytes = 30;
constexpr std::size_t kCentralBytes = 46;
constexpr std::size_t kEndRecordBytes = 22;
constexpr std::size_t kEndRecord64Bytes = 56;
constexpr std::size_t kEndLocatorBytes = 20;

void put(std::string& out, std::uint64_t value, std::size_t bytes) {
    for (std::size_t i = 0; i < bytes; ++i) {
        out += static_cast<char>(value >> (8 * i) & 0xff);
    }
}

/// Date and time as MS-DOS had them: from 1980, in steps of two seconds.
std::uint32_t dos_time(Time time) {
    using namespace std::chrono;
    const auto day = floor<days>(time);
    const year_month_day date(day);
    const hh_mm_ss clock(floor<seconds>(time - day));
    const int year = static_cast<int>(date.year());
    if (year < 1980 || year > 2107) return 1U << 21 | 1U << 16;
    return static_cast<std::uint32_t>(year - 1980) << 25 |
           static_cast<unsigned>(date.month()) << 21 | static_cast<unsigned>(date.day()) << 16 |
           static_cast<std::uint32_t>(clock.hours().count()) << 11 |
           static_cast<std::uint32_t>(clock.minutes().count()) << 5 |
           static_cast<std::uint32_t>(clock.seconds().count()) / 2;
}

std::size_t local_extra_bytes(std::uint64_t size_bytes) {
    return size_bytes >= kNo32 ? 20 : 0;
}

std::size_t central_extra_bytes(std::uint64_t size_bytes, std::uint64_t offset) {
    const std::size_t values = (size_bytes >= kNo32 ? 2 : 0) + (offset >= kNo32 ? 1 : 0);
    return values == 0 ? 0 : 4 + 8 * values;
}

bool needs_end64(std::uint64_t count, std::uint64_t directory_bytes, std::uint64_t offset) {
    return count >= kNo16 || directory_bytes >= kNo32 || offset >= kNo32;
}

/// From `version needed` to the length of the name: the same in both headers.
void put_common(std::string& out, const StoredMember& member, bool zip64) {
    put(out, zip64 ? kVersionZip64 : kVersion, 2);
    put(out, 0, 2);  // flags
    put(out, 0, 2);  // stored
    put(out, dos_time(member.modified), 4);
    put(out, member.crc32, 4);
    put(out, std::min(member.size_bytes, kNo32), 4);
    put(out, std::min(member.size_bytes, kNo32), 4);
    put(out, member.path.size(), 2);
}

}  // namespace

std::string ZipWriter::begin(const StoredMember& member) {
    const std::size_t local_extra = local_extra_bytes(member.size_bytes);
    std::string head;
    put(head, 0x04034b50, 4);
    put_common(head, member, local_extra > 0);
    put(head, local_extra, 2);
    head += member.path;
    if (local_extra > 0) {
        put(head, 1, 2);
        put(head, local_extra - 4, 2);
        put(head, member.size_bytes, 8);
        put(head, member.size_bytes, 8);
    }

    const std::size_t extra = central_extra_bytes(member.size_bytes, offset_);
    put(directory_, 0x02014b50, 4);
    put(directory_, kMadeByUnix | (extra > 0 ? kVersionZip64 : kVersion), 2);
    put_common(directory_, member, extra > 0);
    put(directory_, extra, 2);
    put(directory_, 0, 2);  // comment
    put(directory_, 0, 2);  // disk
    put(directory_, 0, 2);  // internal attributes
    put(directory_, kRegularFile, 4);
    put(directory_, std::min(offset_, kNo32), 4);
    directory_ += member.path;
    if (extra > 0) {
        put(directory_, 1, 2);
        put(directory_, extra - 4, 2);
        if (member.size_bytes >= kNo32) {
            put(directory_, member.size_bytes, 8);
            put(directory_, member.size_bytes, 8);
        }
        if (offset_ >= kNo32) put(directory_, offset_, 8);
    }
    offset_ += head.size() + member.size_bytes;
    ++count_;
    return head;
}

std::string ZipWriter::finish() {
    std::string out = std::move(directory_);
    const std::uint64_t bytes = out.size();
    if (needs_end64(count_, bytes, offset_)) {
        put(out, 0x06064b50, 4);
        put(out, kEndRecord64Bytes - 12, 8);
        put(out, kMadeByUnix | kVersionZip64, 2);
        put(out, kVersionZip64, 2);
        put(out, 0, 4);  // this disk
        put(out, 0, 4);  // that of the directory
        put(out, count_, 8);
        put(out, count_, 8);
        put(out, bytes, 8);
        put(out, offset_, 8);
        put(out, 0x07064b50, 4);
        put(out, 0, 4);
        put(out, offset_ + bytes, 8);
        put(out, 1, 4);
    }
    put(out, 0x06054b50, 4);
    put(out, 0, 2);
    put(out, 0, 2);
    put(out, std::min(count_, kNo16), 2);
    put(out, std::min(count_, kNo16), 2);
    put(out, std::min(bytes, kNo32), 4);
    put(out, std::min(offset_, kNo32), 4);
    put(out, 0, 2);  // comment
    return out;
}

void ZipLength::add(std::size_t path_bytes, std::uint64_t size_bytes) {
    directory_bytes_ += kCentralBytes + path_bytes + central_extra_bytes(size_bytes, offset_);
    offset_ += kLocalBytes + path_bytes + local_extra_bytes(size_bytes) + size_bytes;
    ++count_;
}

std::uint64_t ZipLength::total() const {
    const bool end64 = needs_end64(count_, directory_bytes_, offset_);
    return offset_ + directory_bytes_ + kEndRecordBytes +
           (end64 ? kEndRecord64Bytes + kEndLocatorBytes : 0);
}

std::uint32_t crc32_of(Bytes bytes, std::uint32_t before) {
    return static_cast<std::uint32_t>(
        ::crc32_z(before, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()));
}

}  // namespace larmor::archive
