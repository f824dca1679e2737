#include "reassembly/run/row_run.h"

#include <algorithm>

#include "base/hash.h"

namespace larmor::reassembly::run {
namespace {

constexpr std::size_t kSizeBytes = 4, kHeadBytes = 8;
constexpr std::size_t kRowMaxBytes = 1 << 20;
constexpr std::size_t kBlockMaxBytes = kRowBlockBytes + kSizeBytes + kRowMaxBytes;

const spool::Dictionary& no_dictionary() {
    static const spool::Dictionary kNone{};
    return kNone;
}

tl::unexpected<Error> broken_run(std::uint64_t offset) {
    return fail(ErrorCode::Corrupt,
                "a run of rows is not what was written, at byte " + std::to_string(offset));
}

}  // namespace

Result<void> RowRunWriter::add(std::string_view row) {
    if (row.size() > kRowMaxBytes) return fail(ErrorCode::LimitExceeded, "a row is too long");
    const auto at = block_.size();
    block_.resize(at + kSizeBytes + row.size());
    store_little(block_.data() + at, static_cast<std::uint32_t>(row.size()));
    std::ranges::copy(as_bytes(row),
                      block_.begin() + static_cast<std::ptrdiff_t>(at + kSizeBytes));
    return block_.size() < kRowBlockBytes ? Result<void>() : close_block();
}

Result<void> RowRunWriter::close_block() {
    constexpr std::size_t kWriteBytes = 1 << 20;
    if (block_.empty()) return {};
    const auto at = out_.size();
    out_.resize(at + kHeadBytes);
    const auto size = compressor_.append(no_dictionary(), block_, out_);
    store_little(out_.data() + at, static_cast<std::uint32_t>(size));
    store_little(out_.data() + at + kSizeBytes, crc32c(Bytes(out_).subspan(at + kHeadBytes)));
    block_.clear();
    return out_.size() < kWriteBytes ? Result<void>() : write_out();
}

Result<void> RowRunWriter::write_out() {
    TRY_VOID(write_at(*file_, range_.offset + range_.count, out_));
    range_.count += out_.size();
    out_.clear();
    return {};
}

Result<ByteRange> RowRunWriter::finish() {
    TRY_VOID(close_block());
    TRY_VOID(write_out());
    return range_;
}

Result<bool> RowRunReader::advance() {
    if (rows_.empty()) {
        if (left_.count == 0) return false;
        TRY_VOID(read_block());
    }
    // What its checksum says is whole is as we wrote it.
    const auto size = load_little<std::uint32_t>(rows_.data());
    row_ = as_text(rows_.subspan(kSizeBytes, size));
    rows_ = rows_.subspan(kSizeBytes + size);
    return true;
}

Result<void> RowRunReader::read_block() {
    if (left_.count < kHeadBytes) return broken_run(left_.offset);
    std::array<std::byte, kHeadBytes> head{};
    TRY_VOID(read_at(*file_, left_.offset, head));
    const std::uint64_t packed = load_little<std::uint32_t>(head.data());
    if (packed > left_.count - kHeadBytes || packed > 2 * kBlockMaxBytes) {
        return broken_run(left_.offset);
    }
    packed_.resize(packed);
    TRY_VOID(read_at(*file_, left_.offset + kHeadBytes, packed_));
    if (crc32c(packed_) != load_little<std::uint32_t>(head.data() + kSizeBytes)) {
        return broken_run(left_.offset);
    }
    TRY(rows_, decompressor_.read(no_dictionary(), packed_, kBlockMaxBytes));
    left_.offset += kHeadBytes + packed;
    left_.count -= kHeadBytes + packed;
    return {};
}

}  // namespace larmor::reassembly::run
