#include "reassembly/spool/block.h"

#include "base/hash.h"

namespace larmor::reassembly::spool {
namespace {

constexpr std::string_view kFileMagic = "LRMRSPOL", kBlockMagic = "LSBL";
constexpr std::uint16_t kVersion = 1;
constexpr std::size_t kVersionAt = 8, kPerBlockAt = 10, kDictionarySizeAt = 12, kIdAt = 16,
                      kFileCheckAt = 32;
constexpr std::size_t kCountAt = 4, kNumberAt = 8, kFramesSizeAt = 16, kBlockCheckAt = 20,
                      kSizeBytes = 4;

std::uint32_t check_of_file(Bytes whole) {
    return crc32c(whole.subspan(kFileHeaderBytes), crc32c(whole.first(kFileCheckAt)));
}
/// Begins with the id: a block of another spool is none.
std::uint32_t check_of_block(const SpoolId& id, Bytes block) {
    return crc32c(block.subspan(kBlockHeaderBytes),
                  crc32c(block.first(kBlockCheckAt), crc32c(id)));
}
tl::unexpected<Error> no_block() {
    return fail(ErrorCode::Corrupt, "a block of the spool that is not what was written");
}

}  // namespace

ByteBuffer encode_file_header(const SpoolId& id, Bytes dictionary) {
    ByteBuffer out(kFileHeaderBytes);
    std::ranges::copy(as_bytes(kFileMagic), out.begin());
    store_little(&out[kVersionAt], kVersion);
    store_little(&out[kPerBlockAt], static_cast<std::uint16_t>(kRecordsPerBlock));
    store_little(&out[kDictionarySizeAt], static_cast<std::uint32_t>(dictionary.size()));
    std::ranges::copy(id, out.begin() + kIdAt);
    out.insert(out.end(), dictionary.begin(), dictionary.end());
    store_little(&out[kFileCheckAt], check_of_file(out));
    return out;
}

Result<FileHeader> parse_file_header(Bytes bytes) {
    if (bytes.size() < kFileHeaderBytes || as_text(bytes.first(8)) != kFileMagic ||
        load_little<std::uint16_t>(&bytes[kVersionAt]) != kVersion ||
        load_little<std::uint16_t>(&bytes[kPerBlockAt]) != kRecordsPerBlock) {
        return fail(ErrorCode::Corrupt, "this is no spool of version 1");
    }
    FileHeader header{.dictionary_size_bytes =
                          load_little<std::uint32_t>(&bytes[kDictionarySizeAt])};
    std::ranges::copy(bytes.subspan(kIdAt, header.id.size()), header.id.begin());
    return header;
}

Result<void> check_file_header(Bytes whole) {
    if (whole.size() >= kFileHeaderBytes &&
        load_little<std::uint32_t>(&whole[kFileCheckAt]) == check_of_file(whole)) {
        return {};
    }
    return fail(ErrorCode::Corrupt, "the header of the spool is not what was written");
}

Result<BlockHeader> parse_block_header(Bytes bytes) {
    if (bytes.size() < kBlockHeaderBytes || as_text(bytes.first(4)) != kBlockMagic) {
        return no_block();
    }
    BlockHeader header{.number = load_little<std::uint64_t>(&bytes[kNumberAt]),
                       .record_count = load_little<std::uint32_t>(&bytes[kCountAt])};
    if (header.record_count == 0 || header.record_count > kRecordsPerBlock) return no_block();
    header.size_bytes = kBlockHeaderBytes + header.record_count * kSizeBytes +
                        load_little<std::uint32_t>(&bytes[kFramesSizeAt]);
    return header;
}

Result<BlockHeader> check_block(const SpoolId& id, std::uint64_t number, Bytes block) {
    TRY(const BlockHeader header, parse_block_header(block));
    if (header.number != number || header.size_bytes != block.size() ||
        load_little<std::uint32_t>(&block[kBlockCheckAt]) != check_of_block(id, block)) {
        return no_block();
    }
    return header;
}

Result<Bytes> frame_of(Bytes block, const BlockHeader& header, std::uint32_t place) {
    if (place >= header.record_count) return no_block();
    std::size_t offset = kBlockHeaderBytes + header.record_count * kSizeBytes;
    const auto size_of = [&](std::uint32_t i) {
        return load_little<std::uint32_t>(&block[kBlockHeaderBytes + i * kSizeBytes]);
    };
    for (std::uint32_t i = 0; i < place; ++i) offset += size_of(i);
    const auto frame = slice(block, offset, size_of(place));
    if (!frame) return no_block();
    return *frame;
}

void BlockBuilder::add(std::size_t frame_size_bytes) {
    sizes_[count_++] = static_cast<std::uint32_t>(frame_size_bytes);
}

void BlockBuilder::finish(const SpoolId& id, std::uint64_t number, ByteBuffer& out) {
    const std::size_t before = out.size();
    out.resize(before + kBlockHeaderBytes + count_ * kSizeBytes);
    std::byte* const header = out.data() + before;
    std::ranges::copy(as_bytes(kBlockMagic), header);
    store_little(header + kCountAt, count_);
    store_little(header + kNumberAt, number);
    store_little(header + kFramesSizeAt, static_cast<std::uint32_t>(frames_.size()));
    for (std::uint32_t i = 0; i < count_; ++i)
        store_little(header + kBlockHeaderBytes + i * kSizeBytes, sizes_[i]);
    out.insert(out.end(), frames_.begin(), frames_.end());
    const Bytes block = Bytes(out).subspan(before);
    store_little(out.data() + before + kBlockCheckAt, check_of_block(id, block));
    count_ = 0;
    frames_.clear();
}

}  // namespace larmor::reassembly::spool
