#include "reassembly/run/output_file.h"

#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>

namespace larmor::reassembly::run {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kBufferBytes = 256 << 10;

/// For what goes through the page cache.
std::span<std::byte> thread_buffer() {
    thread_local const auto kMemory = std::make_unique_for_overwrite<std::byte[]>(kBufferBytes);
    return {kMemory.get(), kBufferBytes};
}

/// A file descriptor, or errno below zero.
int open_or_error(const std::string& path, int flags) {
    constexpr unsigned kMode = 0640;
    const int fd = ::open(path.c_str(), flags, kMode);
    return fd >= 0 ? fd : -errno;
}

}  // namespace

Result<OutputFile> OutputFile::create(const std::string& path, IfThere if_there,
                                      std::uint64_t size_bytes, DirectWriter* direct) {
    const int flags =
        O_WRONLY | O_CREAT | O_CLOEXEC | (if_there == IfThere::Refuse ? O_EXCL : O_TRUNC);
    const bool is_large = direct != nullptr && size_bytes >= OutputFile::kDirectFromBytes;
    int fd = open_or_error(path, flags | (is_large ? O_DIRECT : 0));
    if (fd == -ENOENT) {
        std::error_code error;
        const auto folder = fs::path(path).parent_path();
        fs::create_directories(folder, error);
        if (error) return system_failure("make folder " + folder.string(), error.value());
        fd = open_or_error(path, flags | (is_large ? O_DIRECT : 0));
    }
    // O_DIRECT refused, as by tmpfs, after the file was made.
    if (fd == -EINVAL && is_large) fd = open_or_error(path, flags & ~O_EXCL);
    if (fd == -EEXIST) return fail(ErrorCode::Conflict, path + " is there");
    if (fd < 0) return system_failure("create " + path, -fd);
    OutputFile file;
    if (is_large) {
        file.direct_ = direct;
        file.large_ = std::make_shared<DirectWriter::File>(UniqueFd(fd), path, size_bytes);
    } else {
        file.file_ = UniqueFd(fd);
    }
    return file;
}

void OutputFile::hash(Bytes bytes) {
    if (known_sha256_) return;
    if (!sha256_) sha256_.emplace();
    sha256_->update(bytes);
}

Result<void> OutputFile::write(Bytes bytes) {
    hash(bytes);
    while (!bytes.empty()) {
        if (large_ && large_buffer_.data() == nullptr) {
            TRY(large_buffer_, direct_->take());
        }
        const auto buffer = large_ ? std::span(large_buffer_.data(), DirectWriter::kBufferBytes)
                                   : thread_buffer();
        const auto count = std::min(bytes.size(), buffer.size() - filled_);
        // Not std::copy, which GCC 12 makes a loop over bytes of.
        std::memcpy(buffer.data() + filled_, bytes.data(), count);
        filled_ += count;
        bytes = bytes.subspan(count);
        if (filled_ == buffer.size()) TRY_VOID(write_out());
    }
    return {};
}

Result<void> OutputFile::write_out() {
    const auto offset = std::exchange(written_, written_ + filled_);
    const auto count = std::exchange(filled_, 0);
    if (!large_) return write_at(file_, offset, thread_buffer().first(count));
    direct_->write(large_, offset, std::move(large_buffer_), count);
    return {};
}

Result<void> OutputFile::write_whole(std::span<const Bytes> pieces,
                                     const std::optional<Sha256>& sha256) {
    known_sha256_ = sha256;
    constexpr std::size_t kPiecesMax = 8;
    if (large_ || pieces.size() > kPiecesMax) {
        for (const Bytes piece : pieces) TRY_VOID(write(piece));
        return {};
    }
    // From where they are: a small file is not copied first.
    std::array<iovec, kPiecesMax> parts{};
    for (std::size_t i = 0; i < pieces.size(); ++i) {
        hash(pieces[i]);
        parts[i] = {const_cast<std::byte*>(pieces[i].data()), pieces[i].size()};
        written_ += pieces[i].size();
    }
    const auto count = ::writev(file_.get(), parts.data(), static_cast<int>(pieces.size()));
    if (std::cmp_equal(count, written_)) return {};
    if (count < 0 && errno != EINTR) return system_failure("writev", errno);
    // Interrupted, or no room for all: then writing it again says so.
    std::uint64_t offset = 0;
    for (const Bytes piece : pieces) {
        TRY_VOID(write_at(file_, offset, piece));
        offset += piece.size();
    }
    return {};
}

Result<WrittenFile> OutputFile::finish() {
    if (filled_ > 0) TRY_VOID(write_out());
    hash({});
    return WrittenFile{written_, known_sha256_ ? *known_sha256_ : sha256_->finish()};
}

}  // namespace larmor::reassembly::run
