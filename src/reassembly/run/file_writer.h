#pragma once
#include <filesystem>
#include <functional>
#include <optional>

#include "archive/archive.h"
#include "reassembly/fuse/fuse.h"
#include "reassembly/run/output_file.h"

namespace larmor::reassembly::run {

/// The bytes of a member from front to back: its head in memory, the rest from its archive.
class MemberBytes {
public:
    /// All of it is in memory.
    explicit MemberBytes(Bytes whole) : head_(whole) {}
    /// `rest` stands behind the head.
    MemberBytes(Bytes head, std::unique_ptr<archive::Source> rest)
        : head_(head), rest_(std::move(rest)) {}

    /// The bytes of a range, where all of it is in memory.
    std::optional<Bytes> in_memory(ByteRange range) const {
        if (range.offset > head_.size() || range.count > head_.size() - range.offset) {
            return std::nullopt;
        }
        return head_.subspan(range.offset, range.count);
    }
    /// Gives `range` to `take` in pieces, each but the last of a multiple of 8 bytes. Ranges
    /// behind the head come in rising order, each byte at most once. Errors: those of the
    /// reader and of `take`; InvalidInput where the member ends before.
    template <typename Take>
    Result<void> each_piece(ByteRange range, const Take& take) {
        const auto in_head =
            range.offset < head_.size()
                ? std::min<std::uint64_t>(range.count, head_.size() - range.offset)
                : 0;
        const auto whole = in_head == range.count ? in_head : in_head / 8 * 8;
        if (whole > 0) TRY_VOID(take(head_.subspan(range.offset, whole)));
        if (whole == range.count) return {};
        return stream({range.offset + whole, range.count - whole}, take);
    }

private:
    template <typename Take>
    Result<void> stream(ByteRange range, const Take& take) {
        constexpr std::size_t kPieceBytes = 1 << 20;
        piece_.resize(kPieceBytes);
        while (range.count > 0) {
            const auto count = std::min<std::uint64_t>(range.count, kPieceBytes);
            TRY_VOID(fill(range.offset, std::span(piece_).first(count)));
            TRY_VOID(take(Bytes(piece_).first(count)));
            range.offset += count;
            range.count -= count;
        }
        return {};
    }
    Result<void> fill(std::uint64_t offset, std::span<std::byte> out);

    Bytes head_;
    std::unique_ptr<archive::Source> rest_;
    std::uint64_t rest_read_ = 0;  ///< behind the head
    ByteBuffer piece_;
};

/// All pieces of a file as they are, where they are in memory; else none.
std::vector<Bytes> pieces_in_memory(const fuse::FusedFile& file,
                                    std::span<const MemberBytes> members);

/// Gives the bytes of a file to `out`, in order, in pieces.
Result<void> write_pieces(const fuse::FusedFile& file, std::span<MemberBytes> members,
                          const std::function<Result<void>(Bytes)>& out);

/// Writes a file; its folders are made. Not durable: that is done for all of them at once.
/// `direct`, where there is one, writes large files, and says in the end whether it could.
/// Errors: Conflict for one that is there and may not be replaced; those of the members, and of
/// writing, after which the file is gone again.
Result<WrittenFile> write_file(const std::string& path, IfThere if_there,
                               const fuse::FusedFile& file, std::span<MemberBytes> members,
                               DirectWriter* direct);

}  // namespace larmor::reassembly::run
