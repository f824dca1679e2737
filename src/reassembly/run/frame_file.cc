#include "reassembly/run/frame_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace larmor::reassembly::run {
namespace {

/// What we wrote must be there: it is no member that ends too early.
Result<void> read_written(const UniqueFd& file, std::uint64_t offset,
                          std::span<std::byte> out) {
    auto read = read_at(file, offset, out);
    if (!read && read.error().code == ErrorCode::InvalidInput) {
        read.error().code = ErrorCode::Corrupt;
    }
    return read;
}

class FrameSource final : public archive::Source {
public:
    FrameSource(const UniqueFd& file, ByteRange range) : file_(&file), range_(range) {}
    Result<std::size_t> read(std::span<std::byte> out) override {
        const auto count = std::min<std::uint64_t>(out.size(), range_.count);
        TRY_VOID(read_written(*file_, range_.offset, out.first(count)));
        range_ = {range_.offset + count, range_.count - count};
        return count;
    }

private:
    const UniqueFd* file_;
    ByteRange range_;
};

}  // namespace

Result<FrameFile> FrameFile::open(const std::filesystem::path& path,
                                  std::optional<std::uint64_t> saved_end) {
    constexpr unsigned kMode = 0600;
    auto shared = std::make_unique<Shared>();
    TRY(shared->file, open_file(path, saved_end ? O_RDWR : O_RDWR | O_CREAT | O_EXCL, kMode));
    if (!saved_end) {
        TRY_VOID(sync_directory(path.parent_path()));
        return FrameFile(std::move(shared));
    }
    TRY(const auto size, size_of(shared->file));
    if (size < *saved_end) {
        return fail(ErrorCode::Corrupt,
                    path.string() + " is shorter than at the last checkpoint");
    }
    if (::ftruncate(shared->file.get(), static_cast<off_t>(*saved_end)) != 0) {
        return system_failure("ftruncate of " + path.string(), errno);
    }
    shared->end = *saved_end;
    return FrameFile(std::move(shared));
}

Result<std::uint64_t> FrameFile::append(Bytes frame) {
    const auto offset = shared_->end.fetch_add(frame.size());
    TRY_VOID(write_at(shared_->file, offset, frame));
    return offset;
}

Result<void> FrameFile::read(std::uint64_t offset, std::span<std::byte> out) const {
    return read_written(shared_->file, offset, out);
}

std::unique_ptr<archive::Source> FrameFile::stream(ByteRange range) const {
    return std::make_unique<FrameSource>(shared_->file, range);
}

Result<std::uint64_t> FrameFile::save() {
    // Frames of archives that are not done may lie before the end without being written: their
    // events don't count.
    const std::uint64_t end = shared_->end;
    TRY_VOID(sync_data(shared_->file));
    return end;
}

}  // namespace larmor::reassembly::run
