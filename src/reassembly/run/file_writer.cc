#include "reassembly/run/file_writer.h"

#include "pixels/transcode.h"

namespace larmor::reassembly::run {
namespace fs = std::filesystem;

Result<void> MemberBytes::fill(std::uint64_t offset, std::span<std::byte> out) {
    // What was cut off the head's end, to keep whole words, comes from the head.
    if (offset < head_.size()) {
        const auto count = std::min<std::uint64_t>(out.size(), head_.size() - offset);
        std::copy_n(head_.begin() + static_cast<std::ptrdiff_t>(offset), count, out.begin());
        out = out.subspan(count);
        offset += count;
    }
    if (!rest_ && !out.empty()) {
        return fail(ErrorCode::InvalidInput, "a member ends too early");
    }
    while (!out.empty()) {
        const auto at = head_.size() + rest_read_;
        LARMOR_CHECK(offset >= at);
        // Bytes that no piece wants (boxes around a codestream) are read over.
        ByteBuffer unwanted(std::min<std::uint64_t>(offset - at, 1 << 16));
        const auto into = unwanted.empty() ? out : std::span(unwanted);
        TRY(const auto count, rest_->read(into));
        if (count == 0) return fail(ErrorCode::InvalidInput, "a member ends too early");
        rest_read_ += count;
        if (!unwanted.empty()) continue;
        out = out.subspan(count);
        offset += count;
    }
    return {};
}

std::vector<Bytes> pieces_in_memory(const fuse::FusedFile& file,
                                    std::span<const MemberBytes> members) {
    std::vector<Bytes> all;
    for (const auto& piece : file.pieces) {
        const auto bytes = piece.member == fuse::Piece::kMade
                               ? std::optional(Bytes(piece.made))
                               : members[piece.member].in_memory(piece.range);
        if (!bytes || piece.word_bytes != 1) return {};
        all.push_back(*bytes);
    }
    return all;
}

Result<void> write_pieces(const fuse::FusedFile& file, std::span<MemberBytes> members,
                          const std::function<Result<void>(Bytes)>& out) {
    ByteBuffer turned;
    for (const auto& piece : file.pieces) {
        if (piece.member == fuse::Piece::kMade) {
            TRY_VOID(out(piece.made));
            continue;
        }
        TRY_VOID(members[piece.member].each_piece(piece.range, [&](Bytes bytes) {
            if (piece.word_bytes == 1) return out(bytes);
            turned.clear();
            pixels::swap_words(bytes, piece.word_bytes, turned);
            return out(turned);
        }));
    }
    return {};
}

Result<WrittenFile> write_file(const std::string& path, IfThere if_there,
                               const fuse::FusedFile& file, std::span<MemberBytes> members,
                               DirectWriter* direct) {
    TRY(auto out, OutputFile::create(path, if_there, file.size_bytes, direct));
    const auto written = [&]() -> Result<WrittenFile> {
        const auto pieces = pieces_in_memory(file, members);
        if (!pieces.empty()) {
            TRY_VOID(out.write_whole(pieces, file.sha256));
        } else {
            TRY_VOID(
                write_pieces(file, members, [&](Bytes bytes) { return out.write(bytes); }));
        }
        return out.finish();
    }();
    if (!written) {
        std::error_code error;
        fs::remove(path, error);
    }
    return written;
}

}  // namespace larmor::reassembly::run
