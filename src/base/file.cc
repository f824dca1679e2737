#include "base/file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace larmor {

void UniqueFd::reset() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

Result<UniqueFd> open_file(const std::filesystem::path& path, int flags, unsigned mode) {
    const int fd = ::open(path.c_str(), flags | O_CLOEXEC, mode);
    if (fd < 0) return system_failure("open " + path.string(), errno);
    return UniqueFd(fd);
}

Result<std::uint64_t> size_of(const UniqueFd& file) {
    struct stat status{};
    if (::fstat(file.get(), &status) != 0) return system_failure("fstat", errno);
    return static_cast<std::uint64_t>(status.st_size);
}

Result<void> read_at(const UniqueFd& file, std::uint64_t offset, std::span<std::byte> out) {
    while (!out.empty()) {
        const ssize_t count =
            ::pread(file.get(), out.data(), out.size(), static_cast<off_t>(offset));
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return system_failure("pread at byte " + std::to_string(offset), errno);
        if (count == 0) return invalid_at(offset, "file ends too early");
        out = out.subspan(static_cast<std::size_t>(count));
        offset += static_cast<std::uint64_t>(count);
    }
    return {};
}

Result<std::size_t> read_some(const UniqueFd& file, std::span<std::byte> out) {
    for (;;) {
        const ssize_t count = ::read(file.get(), out.data(), out.size());
        if (count >= 0) return static_cast<std::size_t>(count);
        if (errno != EINTR) return system_failure("read", errno);
    }
}

Result<void> write_at(const UniqueFd& file, std::uint64_t offset, Bytes bytes) {
    while (!bytes.empty()) {
        const ssize_t count =
            ::pwrite(file.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return system_failure("pwrite at byte " + std::to_string(offset), errno);
        bytes = bytes.subspan(static_cast<std::size_t>(count));
        offset += static_cast<std::uint64_t>(count);
    }
    return {};
}

Result<void> write_all(const UniqueFd& file, Bytes bytes) {
    while (!bytes.empty()) {
        const ssize_t count = ::write(file.get(), bytes.data(), bytes.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return system_failure("write", errno);
        bytes = bytes.subspan(static_cast<std::size_t>(count));
    }
    return {};
}

Result<void> sync_data(const UniqueFd& file) {
    if (::fdatasync(file.get()) != 0) return system_failure("fdatasync", errno);
    return {};
}

Result<void> sync_directory(const std::filesystem::path& directory) {
    TRY(const UniqueFd fd, open_file(directory, O_RDONLY | O_DIRECTORY));
    if (::fsync(fd.get()) != 0)
        return system_failure("fsync of folder " + directory.string(), errno);
    return {};
}

Result<std::string> read_file(const std::filesystem::path& path, std::uint64_t size_max_bytes) {
    TRY(const UniqueFd file, open_file(path, O_RDONLY));
    TRY(const std::uint64_t size, size_of(file));
    if (size > size_max_bytes) {
        return fail(ErrorCode::LimitExceeded, path.string() + " has " + std::to_string(size) +
                                                  " bytes, the limit is " +
                                                  std::to_string(size_max_bytes));
    }
    std::string content(size, '\0');
    TRY_VOID(read_at(file, 0, std::as_writable_bytes(std::span(content))));
    return content;
}

MappedFile::~MappedFile() {
    if (!bytes_.empty()) ::munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
}

void MappedFile::release(ByteRange range) const {
    if (range.offset > bytes_.size() || range.count > bytes_.size() - range.offset) return;
    // The mapping starts on a page: offsets in it are aligned as addresses are.
    static const auto kPage = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    const std::uint64_t first = (range.offset + kPage - 1) / kPage * kPage;
    const std::uint64_t last = (range.offset + range.count) / kPage * kPage;
    if (first >= last) return;
    ::madvise(const_cast<std::byte*>(bytes_.data()) + first, last - first, MADV_DONTNEED);
}

Result<MappedFile> MappedFile::open(const std::filesystem::path& path) {
    TRY(const UniqueFd file, open_file(path, O_RDONLY));
    return map(file);
}

Result<MappedFile> MappedFile::map(const UniqueFd& file) {
    TRY(const std::uint64_t size, size_of(file));
    MappedFile mapped;
    if (size == 0) return mapped;  // mmap refuses an empty range
    void* at = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, file.get(), 0);
    if (at == MAP_FAILED)
        return system_failure("mmap of " + std::to_string(size) + " bytes", errno);
    mapped.bytes_ = {static_cast<const std::byte*>(at), size};
    return mapped;
}

}  // namespace larmor
