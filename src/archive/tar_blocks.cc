#include "archive/tar_blocks.h"

#include <algorithm>

#include "archive/tar.h"

namespace larmor::archive {
namespace {

bool is_zero(Bytes block) {
    return std::all_of(block.begin(), block.end(),
                       [](std::byte b) { return b == std::byte{0}; });
}

}  // namespace

/// A source that takes bytes back.
class TarBlocks::ReturningSource final : public Source {
public:
    explicit ReturningSource(std::unique_ptr<Source> source) : source_(std::move(source)) {}
    Result<std::size_t> read(std::span<std::byte> out) override {
        if (returned_.empty()) return source_->read(out);
        const auto count = std::min(out.size(), returned_.size());
        std::copy_n(returned_.begin(), count, out.begin());
        returned_.erase(returned_.begin(),
                        returned_.begin() + static_cast<std::ptrdiff_t>(count));
        return count;
    }
    Result<Passed> pass(std::uint64_t count) override {
        return returned_.empty() ? source_->pass(count) : Passed{};
    }
    RandomAccess* again() override { return source_->again(); }
    /// They come next, before what was given back earlier.
    void give_back(Bytes bytes) {
        returned_.insert(returned_.begin(), bytes.begin(), bytes.end());
    }

private:
    std::unique_ptr<Source> source_;
    ByteBuffer returned_;
};

TarBlocks::TarBlocks(std::unique_ptr<Source> source, std::uint64_t offset,
                     std::function<void(Damage)> note)
    : source_(std::make_unique<ReturningSource>(std::move(source))),
      note_(std::move(note)),
      scratch_(64 << 10),
      offset_(offset),
      begun_at_(offset) {}

TarBlocks::~TarBlocks() = default;

RandomAccess* TarBlocks::again() {
    return source_->again();
}

Result<std::size_t> TarBlocks::read(std::span<std::byte> out) {
    TRY(const auto count, source_->read(out));
    offset_ += count;
    return count;
}

Result<std::size_t> TarBlocks::read_fully(std::span<std::byte> out) {
    TRY(const auto count, archive::read_fully(*source_, out));
    offset_ += count;
    return count;
}

Result<bool> TarBlocks::read_block() {
    TRY(const auto count, read_fully(block_));
    if (count == kTarBlockBytes) {
        return true;
    }
    if (count > 0) {
        note_({offset_ - count, count, "the archive ends inside a block"});
    }
    return false;
}

Result<bool> TarBlocks::skip(std::uint64_t count) {
    // Less is in what was read ahead, or costs as much as a request.
    constexpr std::uint64_t kPassedFromBytes = 1 << 20;
    while (count > 0) {
        if (count >= kPassedFromBytes) {
            TRY(const auto passed, source_->pass(count));
            offset_ += passed.bytes;
            count -= passed.bytes;
            if (passed.bytes > 0) continue;
        }
        const auto piece = std::min<std::uint64_t>(count, scratch_.size());
        TRY(const auto got, read_fully(std::span(scratch_).first(piece)));
        count -= got;
        if (got < piece) {
            return false;
        }
    }
    return true;
}

/// Damage may have left the blocks behind it at any offset: looks for a header that begins
/// inside of `block_`, by the magic of ustar and its checksum. Then `block_` is that header;
/// else nothing has happened.
Result<bool> TarBlocks::find_shifted_header() {
    constexpr std::string_view kMagic = "ustar";
    constexpr std::size_t kMagicAt = 257;
    std::array<std::byte, 2 * kTarBlockBytes> window{};
    std::copy(block_.begin(), block_.end(), window.begin());
    TRY(const auto more,
        archive::read_fully(*source_, std::span(window).subspan(kTarBlockBytes)));
    const auto text = as_text(Bytes(window).first(kTarBlockBytes + more));
    for (auto at = text.find(kMagic, kMagicAt + 1); at != std::string_view::npos;
         at = text.find(kMagic, at + 1)) {
        const auto start = at - kMagicAt;
        if (start + kTarBlockBytes > text.size() || start >= kTarBlockBytes) break;
        const auto header = Bytes(window).subspan(start, kTarBlockBytes);
        if (!is_tar_header(header)) continue;
        std::copy(header.begin(), header.end(), block_.begin());
        source_->give_back(as_bytes(text.substr(start + kTarBlockBytes)));
        offset_ += start;
        return true;
    }
    source_->give_back(as_bytes(text.substr(kTarBlockBytes)));
    return false;
}

/// What an archive that ends where `zeros` do may have them for: it ends with two blocks of
/// zeros, which most tools fill up to a record of 20 blocks, and some to one of another size.
TarBlocks::Zeros TarBlocks::judge(const Gap& zeros) const {
    constexpr std::uint64_t kEndBlocks = 2, kUsualBlocks = 20, kRecordBlocksMax = 4096;
    const auto end = zeros.from + zeros.bytes();
    const auto may_fill = [&](std::uint64_t record_blocks) {
        const auto record_bytes = record_blocks * kTarBlockBytes;
        return record_blocks <= kRecordBlocksMax && zeros.blocks < kEndBlocks + record_blocks &&
               (end % record_bytes == 0 || (end - begun_at_) % record_bytes == 0);
    };
    if (zeros.blocks == kEndBlocks) return Zeros::UsualEnd;
    if (zeros.blocks < kEndBlocks) return Zeros::HalfAnEnd;
    if (may_fill(kUsualBlocks)) return Zeros::UsualEnd;
    for (auto record = kEndBlocks; record <= kRecordBlocksMax; record *= 2) {
        if (may_fill(record) || may_fill(record * 5)) return Zeros::UnusualEnd;
    }
    return Zeros::NoEnd;
}

/// What lies before the header that was found: another archive may have ended there (`cat a.tar
/// b.tar`), and members that were overwritten with zeros may look the same.
TarBlocks::Found TarBlocks::note_gaps(const Gap& zeros, const Gap& damaged) {
    if (zeros.blocks > 0) {
        const auto judged = judge(zeros);
        const bool may_be_end = judged == Zeros::UsualEnd || judged == Zeros::UnusualEnd;
        note_({zeros.from, zeros.bytes(),
               may_be_end ? "zeros before a header: an archive was joined to the end of "
                            "another one, or members were overwritten"
                          : "zeros where members should be",
               may_be_end});
    }
    const auto damaged_bytes = offset_ - kTarBlockBytes - damaged.from;
    if (damaged.blocks > 0) {
        note_({damaged.from, damaged_bytes, "no tar header: passed over"});
    }
    any_header_ = true;
    if (zeros.blocks == 0 && damaged.blocks == 0) return Found::Header;
    begun_at_ = offset_ - kTarBlockBytes;
    return Found::BehindGap;
}

void TarBlocks::note_end(const Gap& zeros, const Gap& damaged) {
    if (any_header_ && zeros.blocks > 0) note_zeros_at_end(zeros);
    if (damaged.blocks > 0) {
        note_({damaged.from, damaged.bytes(), "no tar header: passed over"});
    }
    if (any_header_ && !zero_block_last_) {
        note_({offset_, 0, "the archive has no end marker: it may have been cut here"});
    }
}

void TarBlocks::note_zeros_at_end(const Gap& zeros) {
    const auto note = [&](std::string what, bool is_remark) {
        note_({zeros.from, zeros.bytes(), std::move(what), is_remark});
    };
    switch (judge(zeros)) {
        case Zeros::UsualEnd:
            break;
        case Zeros::HalfAnEnd:
            note("one block of zeros, where two end an archive: it may have been cut here",
                 true);
            break;
        case Zeros::UnusualEnd:
            note("zeros at the end: records of an unusual size, or members were overwritten",
                 true);
            break;
        case Zeros::NoEnd:
            note("zeros at the end that are no archive's end: members were overwritten", false);
            break;
    }
}

Result<TarBlocks::Found> TarBlocks::find_header() {
    Gap zeros, damaged;
    while (true) {
        TRY(const bool more, read_block());
        if (!more) {
            note_end(zeros, damaged);
            return Found::End;
        }
        const auto at = offset_ - kTarBlockBytes;
        zero_block_last_ = is_zero(block_);
        if (zero_block_last_ && damaged.blocks == 0) {
            zeros.take(at);
            continue;
        }
        if (is_tar_header(block_)) {
            return note_gaps(zeros, damaged);
        }
        if (!any_header_ && damaged.blocks == 0 && at == 0) {
            return invalid_at(0, "no tar: the first block has a wrong checksum");
        }
        damaged.take(at);
        TRY(const bool shifted, find_shifted_header());
        if (shifted) {
            return note_gaps(zeros, damaged);
        }
    }
}

}  // namespace larmor::archive
