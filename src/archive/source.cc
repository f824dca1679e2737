#include "archive/source.h"

#include <fcntl.h>

#include <algorithm>

namespace larmor::archive {

Result<std::size_t> MemorySource::read(std::span<std::byte> out) {
    const auto count = std::min(out.size(), bytes_.size() - position_);
    std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(position_), count, out.begin());
    position_ += count;
    return count;
}

Result<void> MemorySource::read_at(std::uint64_t offset, std::span<std::byte> out) {
    TRY(const Bytes from, slice(bytes_, offset, out.size()));
    std::copy(from.begin(), from.end(), out.begin());
    return {};
}

Result<std::unique_ptr<FileSource>> FileSource::over(const UniqueFd& file) {
    TRY(const auto size, size_of(file));
    posix_fadvise(file.get(), 0, 0, POSIX_FADV_SEQUENTIAL);
    return std::unique_ptr<FileSource>(new FileSource(file, size));
}

Result<std::size_t> FileSource::read(std::span<std::byte> out) {
    const auto count =
        static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), size_ - position_));
    if (count == 0) {
        return 0;
    }
    TRY_VOID(read_at(position_, out.first(count)));
    position_ += count;
    return count;
}

Result<Source::Passed> FileSource::pass(std::uint64_t count) {
    const Passed passed{.bytes = std::min(count, size_ - position_)};
    position_ += passed.bytes;
    return passed;
}

Result<void> FileSource::read_at(std::uint64_t offset, std::span<std::byte> out) {
    return larmor::read_at(*file_, offset, out);
}

Result<std::size_t> read_fully(Source& source, std::span<std::byte> out) {
    std::size_t filled = 0;
    while (filled < out.size()) {
        TRY(const auto count, source.read(out.subspan(filled)));
        if (count == 0) {
            break;
        }
        filled += count;
    }
    return filled;
}

}  // namespace larmor::archive
