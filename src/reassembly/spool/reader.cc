#include "reassembly/spool/reader.h"

namespace larmor::reassembly::spool {
namespace {

tl::unexpected<Error> no_record(std::uint64_t ordinal, std::string_view why) {
    return fail(ErrorCode::Corrupt,
                "record " + std::to_string(ordinal) + " of the spool: " + std::string(why));
}

}  // namespace

Result<ByteRange> Reader::find(std::uint64_t ordinal) const {
    const auto place = spool_->place_of(ordinal / kRecordsPerBlock);
    if (!place) return no_record(ordinal, "there is no such block");
    const std::uint64_t units = *place & Spool::kUnitsMax;
    const std::uint64_t offset = *place >> Spool::kSizeBits;
    const std::uint64_t left = spool_->size_bytes() - offset;
    if (units < Spool::kUnitsMax)
        return ByteRange{offset, std::min(units * Spool::kSizeUnit, left)};
    // One of 16 MiB and more says itself how large it is.
    std::array<std::byte, kBlockHeaderBytes> head;
    TRY_VOID(read_at(spool_->file_, offset, head));
    TRY(const BlockHeader header, parse_block_header(head));
    if (header.size_bytes > left) return no_record(ordinal, "its block breaks off");
    return ByteRange{offset, header.size_bytes};
}

std::optional<Bytes> Reader::in_memory(ByteRange range) const {
    if (range.offset >= spool_->kept_bytes_) return std::nullopt;
    // What is kept ends with a block, so a size that was rounded up may end behind it.
    const std::uint64_t there = spool_->kept_bytes_ - range.offset;
    return Bytes(spool_->memory_.get() + range.offset, std::min(range.count, there));
}

Result<Record> Reader::decode(std::uint64_t ordinal, Bytes bytes) {
    const auto decoded = [&]() -> Result<Record> {
        TRY(const BlockHeader claimed, parse_block_header(bytes));
        TRY(const Bytes block, slice(bytes, 0, claimed.size_bytes));
        TRY(const BlockHeader header,
            check_block(spool_->id_, ordinal / kRecordsPerBlock, block));
        TRY(const Bytes frame,
            frame_of(block, header, static_cast<std::uint32_t>(ordinal % kRecordsPerBlock)));
        TRY(const Bytes encoded,
            decompressor_.read(spool_->dictionary_, frame, kRecordBytesMax));
        return decode_record(encoded);
    }();
    if (!decoded) return no_record(ordinal, decoded.error().message);
    return decoded;
}

Result<Record> Reader::read(std::uint64_t ordinal) {
    TRY(const ByteRange range, find(ordinal));
    if (const auto bytes = in_memory(range)) return decode(ordinal, *bytes);
    buffer_.resize(range.count);
    const auto read = read_at(spool_->file_, range.offset, buffer_);
    if (!read && read.error().code == ErrorCode::InvalidInput) {
        return no_record(ordinal, "the file ends too early");
    }
    if (!read) return tl::unexpected(read.error());
    return decode(ordinal, buffer_);
}

Result<void> Reader::read_all(std::span<const std::uint64_t> ordinals, const Visit& visit) {
    if (!ring_) {
        TRY(ring_, reads::ReadRing::create(kReadsInFlight));
        waiting_.resize(kReadsInFlight);
    }
    std::vector<std::uint32_t> free(kReadsInFlight);
    for (std::uint32_t i = 0; i < kReadsInFlight; ++i) free[i] = i;
    std::size_t begun = 0;
    for (;;) {
        while (begun < ordinals.size() && !free.empty()) {
            const std::uint64_t ordinal = ordinals[begun];
            TRY(const ByteRange range, find(ordinal));
            if (const auto bytes = in_memory(range)) {
                TRY(const Record record, decode(ordinal, *bytes));
                TRY_VOID(visit(begun++, record));
                continue;
            }
            Waiting& waiting = waiting_[free.back()];
            waiting.i = begun;
            waiting.bytes.resize(range.count);
            if (!ring_->start(spool_->file_, range.offset, waiting.bytes, free.back())) {
                break;
            }
            free.pop_back();
            ++begun;
        }
        TRY(const auto finished, ring_->next());
        if (!finished) return {};
        const Waiting& waiting = waiting_[finished->tag];
        TRY(const Record record,
            decode(ordinals[waiting.i], Bytes(waiting.bytes).first(finished->size_bytes)));
        TRY_VOID(visit(waiting.i, record));
        free.push_back(static_cast<std::uint32_t>(finished->tag));
    }
}

}  // namespace larmor::reassembly::spool
