#include "objects/local/verify_object.h"

#include <algorithm>

#include "objects/local/segment_format.h"

namespace larmor::objects::local {
namespace {

tl::unexpected<Error> corrupt(const ObjectLocation& location, std::string_view what) {
    return fail(ErrorCode::Corrupt, place_of(location) + ": " + std::string(what));
}

}  // namespace

std::string file_of(const std::filesystem::path& store, const ObjectLocation& location) {
    // As text: this is on the way of every read.
    std::string file = store.native();
    if (location.segment != 0) {
        return file.append("/segments/").append(segment_name(location.segment));
    }
    return file.append("/files/").append(location.key);
}

Result<void> verify_object(const UniqueFd& file, const ObjectLocation& location) {
    TRY(const std::uint64_t file_bytes, size_of(file));
    std::uint64_t at = 0;
    std::uint32_t wanted_crc = 0;
    if (location.segment != 0) {
        TRY(const RecordHeader header,
            read_record_header(file, location.segment, location.record_offset));
        if (header.body_bytes != location.size_bytes ||
            header.head_bytes() != location.head_bytes) {
            return corrupt(location, "the record has other sizes than its row");
        }
        at = location.record_offset + location.head_bytes;
        wanted_crc = header.body_crc32c;
    } else if (file_bytes != location.size_bytes) {
        return corrupt(location, "the file has " + std::to_string(file_bytes) +
                                     " bytes, its row says " +
                                     std::to_string(location.size_bytes));
    }
    Sha256Stream hash;
    std::uint32_t crc = 0;
    ByteBuffer piece(std::min<std::uint64_t>(location.size_bytes, 1 << 18));
    for (std::uint64_t left = location.size_bytes; left > 0;) {
        const auto count =
            static_cast<std::size_t>(std::min<std::uint64_t>(left, piece.size()));
        TRY_VOID(read_at(file, at, std::span(piece).first(count)));
        const Bytes read = Bytes(piece).first(count);
        if (location.segment != 0) crc = crc32c(read, crc);
        hash.update(read);
        at += count;
        left -= count;
    }
    if (location.segment != 0 && crc != wanted_crc) {
        return corrupt(location, "the body has a wrong checksum");
    }
    if (hash.finish() != location.sha256) {
        return corrupt(location, "the bytes have another hash");
    }
    return {};
}

}  // namespace larmor::objects::local
