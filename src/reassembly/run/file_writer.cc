#include "reassembly/run/file_writer.h"

#include <fcntl.h>

#include <cerrno>

#include "pixels/transcode.h"

namespace larmor::reassembly::run {
namespace {

namespace fs = std::filesystem;

/// Gathers small pieces, hashes all.
class HashedFile {
public:
    explicit HashedFile(UniqueFd file) : file_(std::move(file)) {}

    Result<void> write(Bytes bytes) {
        constexpr std::size_t kGatheredMax = 256 << 10;
        sha256_.update(bytes);
        size_ += bytes.size();
        if (gathered_.size() + bytes.size() <= kGatheredMax) {
            gathered_.insert(gathered_.end(), bytes.begin(), bytes.end());
            return {};
        }
        TRY_VOID(flush());
        return write_all(file_, bytes);
    }
    Result<WrittenFile> finish() {
        TRY_VOID(flush());
        // The disk begins now, so that little is left for the one sync of all.
        sync_file_range(file_.get(), 0, 0, SYNC_FILE_RANGE_WRITE);
        return WrittenFile{size_, sha256_.finish()};
    }

private:
    Result<void> flush() {
        TRY_VOID(write_all(file_, gathered_));
        gathered_.clear();
        return {};
    }

    UniqueFd file_;
    ByteBuffer gathered_;
    Sha256Stream sha256_;
    std::uint64_t size_ = 0;
};

Result<UniqueFd> create_new(const fs::path& path) {
    constexpr unsigned kMode = 0640;
    for (const bool again : {false, true}) {
        const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kMode);
        if (fd >= 0) return UniqueFd(fd);
        if (errno == EEXIST) return fail(ErrorCode::Conflict, path.string() + " is there");
        if (errno != ENOENT || again) return system_failure("create " + path.string(), errno);
        std::error_code error;
        fs::create_directories(path.parent_path(), error);
        if (error) {
            return system_failure("make folder " + path.parent_path().string(), error.value());
        }
    }
    return fail(ErrorCode::NotFound, path.string());
}

}  // namespace

Result<void> MemberBytes::fill(std::uint64_t offset, std::span<std::byte> out) {
    // What was cut off the head's end, to keep whole words, comes from the head.
    if (offset < head_.size()) {
        const auto count = std::min<std::uint64_t>(out.size(), head_.size() - offset);
        std::copy_n(head_.begin() + static_cast<std::ptrdiff_t>(offset), count, out.begin());
        out = out.subspan(count);
        offset += count;
    }
    if (rest_ == nullptr && !out.empty()) {
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

Result<WrittenFile> write_file(const fs::path& path, const fuse::FusedFile& file,
                               std::span<MemberBytes> members) {
    TRY(auto created, create_new(path));
    HashedFile out(std::move(created));
    const auto written = [&]() -> Result<WrittenFile> {
        TRY_VOID(write_pieces(file, members, [&](Bytes bytes) { return out.write(bytes); }));
        return out.finish();
    }();
    if (!written) {
        std::error_code error;
        fs::remove(path, error);
    }
    return written;
}

}  // namespace larmor::reassembly::run
