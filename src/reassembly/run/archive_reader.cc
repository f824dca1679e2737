#include "reassembly/run/archive_reader.h"

#include <fcntl.h>

#include <algorithm>
#include <cstring>

#include "archive/tar.h"
#include "objects/s3/object_source.h"
#include "reassembly/run/request.h"
#include "reassembly/run/scan.h"

namespace larmor::reassembly::run {
namespace {

/// What is wrong with an archive is found above it: its errors are those of reading.
class CountedSource final : public archive::Source, public archive::RandomAccess {
public:
    CountedSource(std::unique_ptr<archive::Source> file, std::atomic<std::uint64_t>& count)
        : file_(std::move(file)), count_(&count), buffer_(kBufferBytes) {}

    Result<std::size_t> read(std::span<std::byte> out) override {
        // Behind something large, only a header is to come before the next.
        const bool is_large = out.size() >= kDirectFromBytes;
        if (is_large) ahead_bytes_ = kHeaderBytes;
        if (left_.empty()) {
            if (is_large) return take(out);
            if (out.size() > kHeaderBytes) ahead_bytes_ = kBufferBytes;
            TRY(const auto count, take(std::span(buffer_).first(ahead_bytes_)));
            left_ = Bytes(buffer_).first(count);
        }
        const auto count = std::min(out.size(), left_.size());
        std::memcpy(out.data(), left_.data(), count);
        left_ = left_.subspan(count);
        return count;
    }
    Result<Passed> pass(std::uint64_t count) override {
        if (!left_.empty()) {
            const Passed passed{.bytes = std::min<std::uint64_t>(count, left_.size())};
            left_ = left_.subspan(passed.bytes);
            return passed;
        }
        TRY(const auto passed, not_of_content(file_->pass(count)));
        *count_ += passed.read;
        return passed;
    }
    archive::RandomAccess* again() override {
        return file_->again() != nullptr ? this : nullptr;
    }
    std::uint64_t size_bytes() const override { return file_->again()->size_bytes(); }
    Result<void> read_at(std::uint64_t offset, std::span<std::byte> out) override {
        TRY_VOID(not_of_content(file_->again()->read_at(offset, out)));
        *count_ += out.size();
        return {};
    }

private:
    /// Small enough that what was read is still in the processor's cache when it is used.
    static constexpr std::size_t kBufferBytes = 128 << 10, kDirectFromBytes = 64 << 10,
                                 kHeaderBytes = 4 << 10;

    Result<std::size_t> take(std::span<std::byte> out) {
        TRY(const auto count, not_of_content(file_->read(out)));
        *count_ += count;
        return count;
    }

    std::unique_ptr<archive::Source> file_;
    std::atomic<std::uint64_t>* count_;
    ByteBuffer buffer_;
    std::size_t ahead_bytes_ = kBufferBytes;  ///< that are read where less is wanted
    Bytes left_;
};

Result<std::unique_ptr<archive::Source>> open_in_s3(const ArchiveFile& archive) {
    const objects::s3::ObjectSourceOptions options{.window_bytes = kArchiveWindowBytes};
    TRY(std::unique_ptr<objects::s3::ObjectSource> source,
        not_of_content(
            objects::s3::ObjectSource::open(*archive.bucket, archive.name, options)));
    if (source->info().etag != archive.etag) {
        return fail(ErrorCode::Conflict, archive.key + " was replaced since the run began");
    }
    return source;
}

}  // namespace

Result<std::unique_ptr<ArchiveReader>> ArchiveReader::open(
    const ArchiveFile& archive, std::atomic<std::uint64_t>& bytes_read) {
    auto opened = std::make_unique<ArchiveReader>();
    std::unique_ptr<archive::Source> source;
    if (archive.bucket) {
        TRY(source, open_in_s3(archive));
    } else {
        TRY(opened->file_, open_file(archive.key, O_RDONLY));
        TRY(source, archive::FileSource::over(opened->file_));
    }
    TRY(opened->reader_,
        archive::open_tar(std::make_unique<CountedSource>(std::move(source), bytes_read)));
    return opened;
}

Result<void> read_rest(archive::Reader& reader, std::uint64_t expected_bytes,
                       std::uint64_t size_max_bytes, MemberBuffer& out) {
    constexpr std::uint64_t kPieceBytes = 1 << 20;
    for (;;) {
        const auto have = out.size();
        if (have > size_max_bytes) {
            return fail(ErrorCode::LimitExceeded, "a member of more than " +
                                                      std::to_string(size_max_bytes) +
                                                      " bytes, which must be in memory whole");
        }
        // A byte more than is expected or allowed, to see whether there is more.
        const auto missing = expected_bytes > have ? expected_bytes - have : 0;
        const auto room = std::min({kPieceBytes, missing + 1, size_max_bytes - have + 1});
        TRY(const auto count, reader.read(out.room(room)));
        if (count == 0) return {};
        out.add(count);
    }
}

}  // namespace larmor::reassembly::run
