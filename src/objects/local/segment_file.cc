#include "objects/local/segment_file.h"

#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

namespace larmor::objects::local {
namespace {

/// Past the page cache where the file system lets us: zeros would only push out what is read.
Result<void> write_zeros(const std::filesystem::path& path, const UniqueFd& file,
                         std::uint64_t size_bytes) {
    constexpr std::size_t kPiece = 1 << 20;
    const std::unique_ptr<void, decltype(&std::free)> zeros(
        std::aligned_alloc(kPageBytes, kPiece), &std::free);
    LARMOR_CHECK(zeros != nullptr);
    std::memset(zeros.get(), 0, kPiece);
    const auto write = [&](const UniqueFd& to) -> Result<void> {
        for (std::uint64_t at = 0; at < size_bytes; at += kPiece) {
            const auto count =
                static_cast<std::size_t>(std::min<std::uint64_t>(kPiece, size_bytes - at));
            TRY_VOID(
                write_at(to, at, Bytes(static_cast<const std::byte*>(zeros.get()), count)));
        }
        return {};
    };
    const auto direct = open_file(path, O_WRONLY | O_DIRECT);
    if (direct && write(*direct)) return {};
    return write(file);
}

}  // namespace

Result<OpenSegment> create_segment(const std::filesystem::path& directory,
                                   const SegmentHeader& header, std::uint64_t size_bytes,
                                   Blocks blocks) {
    OpenSegment segment;
    segment.number = header.segment;
    segment.size_bytes = size_bytes;
    const auto path = directory / segment_name(header.segment);
    TRY(segment.file, open_file(path, O_RDWR | O_CREAT | O_TRUNC));
    // In one go also before zeros, so that the blocks lie together.
    const bool reserved =
        ::fallocate(segment.file.get(), 0, 0, static_cast<off_t>(size_bytes)) == 0;
    if (!reserved && errno == ENOSPC) return system_failure("make room for a segment", errno);
    if (!reserved || blocks == Blocks::Zeros) {
        TRY_VOID(write_zeros(path, segment.file, size_bytes));
    }
    // Last: a file with a header is complete.
    if (::fsync(segment.file.get()) != 0) return system_failure("fsync of a segment", errno);
    TRY_VOID(write_at(segment.file, 0, encode(header)));
    if (::fsync(segment.file.get()) != 0) return system_failure("fsync of a segment", errno);
    TRY_VOID(sync_directory(directory));
    return segment;
}

std::uint64_t segment_size(const LocalStoreOptions& options, std::int64_t number) {
    std::uint64_t size = align_up(options.segment_first_bytes, kPageBytes);
    for (std::int64_t i = 1; i < number && size < options.segment_max_bytes; ++i) size *= 2;
    // Room for the header and the largest object, whatever the options say.
    const auto least =
        align_up(kPageBytes + options.small_max_bytes + kRecordHeaderBytes + kKeyMaxBytes + 8,
                 kPageBytes) +
        kPageBytes;
    return std::max(std::min(size, align_up(options.segment_max_bytes, kPageBytes)), least);
}

Result<void> write_parts(const UniqueFd& file, std::uint64_t offset,
                         std::span<const Bytes> parts) {
    constexpr std::size_t kVectorsMax = 1024;  // IOV_MAX
    std::vector<iovec> all;
    all.reserve(parts.size());
    for (const Bytes part : parts) {
        if (!part.empty()) all.push_back({const_cast<std::byte*>(part.data()), part.size()});
    }
    std::span<iovec> left = all;
    while (!left.empty()) {
        const auto count = static_cast<int>(std::min(left.size(), kVectorsMax));
        const ssize_t written =
            ::pwritev(file.get(), left.data(), count, static_cast<off_t>(offset));
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return system_failure("write to a segment", errno);
        offset += static_cast<std::uint64_t>(written);
        auto done = static_cast<std::size_t>(written);
        while (!left.empty() && done >= left.front().iov_len) {
            done -= left.front().iov_len;
            left = left.subspan(1);
        }
        if (done > 0) {
            auto& cut = left.front();
            cut.iov_base = static_cast<std::byte*>(cut.iov_base) + done;
            cut.iov_len -= done;
        }
    }
    return {};
}

}  // namespace larmor::objects::local
