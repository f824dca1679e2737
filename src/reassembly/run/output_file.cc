#include "reassembly/run/output_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>

namespace larmor::reassembly::run {
namespace {

namespace fs = std::filesystem;

/// From here on a file goes past the page cache.
constexpr std::uint64_t kDirectFromBytes = 256 << 10;
constexpr std::size_t kBufferBytes = 1 << 20;
/// What O_DIRECT wants of memory, offset and size, on every disk that we know.
constexpr std::size_t kAlignment = 4096;

std::span<std::byte> thread_buffer() {
    struct Free {
        void operator()(void* memory) const { std::free(memory); }
    };
    thread_local const std::unique_ptr<void, Free> kMemory(
        std::aligned_alloc(kAlignment, kBufferBytes));
    LARMOR_CHECK(kMemory != nullptr);
    return {static_cast<std::byte*>(kMemory.get()), kBufferBytes};
}

/// A file descriptor, or errno below zero.
int open_or_error(const fs::path& path, int flags) {
    constexpr unsigned kMode = 0640;
    const int fd = ::open(path.c_str(), flags, kMode);
    return fd >= 0 ? fd : -errno;
}

std::uint64_t rounded_up(std::uint64_t size) {
    return (size + kAlignment - 1) / kAlignment * kAlignment;
}

}  // namespace

Result<OutputFile> OutputFile::create(const fs::path& path, IfThere if_there,
                                      std::uint64_t size_bytes) {
    const int flags =
        O_WRONLY | O_CREAT | O_CLOEXEC | (if_there == IfThere::Refuse ? O_EXCL : O_TRUNC);
    bool is_direct = size_bytes >= kDirectFromBytes;
    int fd = open_or_error(path, flags | (is_direct ? O_DIRECT : 0));
    if (fd == -ENOENT) {
        std::error_code error;
        fs::create_directories(path.parent_path(), error);
        if (error) {
            return system_failure("make folder " + path.parent_path().string(), error.value());
        }
        fd = open_or_error(path, flags | (is_direct ? O_DIRECT : 0));
    }
    if (fd == -EINVAL && is_direct) {
        // Refused, as by tmpfs, after the file was made.
        is_direct = false;
        fd = open_or_error(path, flags & ~O_EXCL);
    }
    if (fd == -EEXIST) return fail(ErrorCode::Conflict, path.string() + " is there");
    if (fd < 0) return system_failure("create " + path.string(), -fd);
    // Where that can't be done, writing does it.
    if (is_direct) ::fallocate(fd, 0, 0, static_cast<off_t>(rounded_up(size_bytes)));
    return OutputFile(UniqueFd(fd), is_direct);
}

Result<void> OutputFile::write(Bytes bytes) {
    sha256_.update(bytes);
    const auto buffer = thread_buffer();
    while (!bytes.empty()) {
        const auto count = std::min(bytes.size(), buffer.size() - filled_);
        // Not std::copy, which GCC 12 makes a loop over bytes of.
        std::memcpy(buffer.data() + filled_, bytes.data(), count);
        filled_ += count;
        bytes = bytes.subspan(count);
        if (filled_ == buffer.size()) TRY_VOID(write_out(filled_));
    }
    return {};
}

Result<void> OutputFile::write_out(std::size_t count) {
    const auto out = thread_buffer().first(count);
    auto written = write_at(file_, written_, out);
    if (!written && is_direct_) {
        // Some file systems refuse only when it comes to writing.
        is_direct_ = false;
        if (::fcntl(file_.get(), F_SETFL, 0) == 0) written = write_at(file_, written_, out);
    }
    written_ += filled_;
    filled_ = 0;
    return written;
}

Result<WrittenFile> OutputFile::finish() {
    const bool was_direct = is_direct_;
    if (filled_ > 0 && is_direct_) {
        const auto end = rounded_up(filled_);
        std::ranges::fill(thread_buffer().subspan(filled_, end - filled_), std::byte{});
        TRY_VOID(write_out(end));
    } else if (filled_ > 0) {
        TRY_VOID(write_out(filled_));
    }
    if (was_direct && ::ftruncate(file_.get(), static_cast<off_t>(written_)) != 0) {
        return system_failure("ftruncate", errno);
    }
    if (!is_direct_) {
        // The disk begins now, so that little is left for the one sync of all.
        ::sync_file_range(file_.get(), 0, 0, SYNC_FILE_RANGE_WRITE);
    }
    return WrittenFile{written_, sha256_.finish()};
}

}  // namespace larmor::reassembly::run
