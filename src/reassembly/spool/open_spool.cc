#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "reassembly/spool/spool.h"

namespace larmor::reassembly::spool {
namespace {

constexpr std::size_t kDictionaryReadMax = 1 << 20;

tl::unexpected<Error> corrupt_at(std::uint64_t offset, const Error& error) {
    return fail(error.code, error.message + " (byte " + std::to_string(offset) + ")");
}

/// Reads a file from front to back in large pieces.
class Forward {
public:
    Forward(const UniqueFd& file, std::uint64_t end) : file_(&file), end_(end) {}

    /// The next `size` bytes, not yet passed. Errors: Corrupt where the file ends before.
    Result<Bytes> peek(std::uint64_t size) {
        const std::uint64_t have = buffer_.size() - used_;
        if (have < size) {
            if (size - have > end_ - read_) {
                return fail(ErrorCode::Corrupt, "the spool ends too early");
            }
            buffer_.erase(buffer_.begin(),
                          buffer_.begin() + static_cast<std::ptrdiff_t>(used_));
            used_ = 0;
            const std::uint64_t more =
                std::min(std::max<std::uint64_t>(size - have, kPieceBytes), end_ - read_);
            buffer_.resize(have + more);
            TRY_VOID(read_at(*file_, read_, std::span(buffer_).subspan(have)));
            read_ += more;
        }
        return Bytes(buffer_).subspan(used_, size);
    }
    void pass(std::uint64_t size) { used_ += size; }
    std::uint64_t at() const { return read_ - (buffer_.size() - used_); }

private:
    static constexpr std::uint64_t kPieceBytes = 4 << 20;
    const UniqueFd* file_;
    std::uint64_t end_;
    std::uint64_t read_ = 0;
    std::size_t used_ = 0;
    ByteBuffer buffer_;
};

}  // namespace

Result<std::unique_ptr<Spool>> Spool::reopen(SpoolOptions options, const Mark& mark,
                                             const Visit& visit) {
    std::unique_ptr<Spool> spool(new Spool(std::move(options)));
    TRY(spool->file_, open_file(spool->options_.path, O_RDWR));
    TRY(const std::uint64_t size, size_of(spool->file_));
    if (size < mark.size_bytes) {
        return fail(ErrorCode::Corrupt, "the spool has " + std::to_string(size) +
                                            " bytes, at its last checkpoint it had " +
                                            std::to_string(mark.size_bytes));
    }
    TRY_VOID(spool->load(mark, visit));
    if (::ftruncate(spool->file_.get(), static_cast<off_t>(mark.size_bytes)) != 0) {
        return system_failure("ftruncate of the spool", errno);
    }
    spool->begun_ = true;
    return spool;
}

Result<void> Spool::load(const Mark& mark, const Visit& visit) {
    Forward file(file_, mark.size_bytes);
    TRY(const Bytes start, file.peek(kFileHeaderBytes));
    TRY(const FileHeader header, parse_file_header(start));
    if (header.dictionary_size_bytes > kDictionaryReadMax) {
        return fail(ErrorCode::Corrupt, "the dictionary of the spool has no possible size");
    }
    TRY(const Bytes whole, file.peek(kFileHeaderBytes + header.dictionary_size_bytes));
    TRY_VOID(check_file_header(whole));
    id_ = header.id;
    const Bytes dictionary = whole.subspan(kFileHeaderBytes);
    TRY(dictionary_, Dictionary::read(ByteBuffer(dictionary.begin(), dictionary.end())));
    keep(0, whole);
    file.pass(whole.size());

    while (file.at() < mark.size_bytes) {
        const std::uint64_t offset = file.at();
        const auto step = [&]() -> Result<void> {
            TRY(const Bytes head, file.peek(kBlockHeaderBytes));
            TRY(const BlockHeader block, parse_block_header(head));
            TRY(const Bytes bytes, file.peek(block.size_bytes));
            TRY_VOID(load_block(offset, bytes, mark, visit));
            file.pass(bytes.size());
            return {};
        };
        if (const auto done = step(); !done) return corrupt_at(offset, done.error());
    }
    next_block_ = mark.block_count;
    end_ = mark.size_bytes;
    return {};
}

Result<void> Spool::load_block(std::uint64_t offset, Bytes block, const Mark& mark,
                               const Visit& visit) {
    TRY(const BlockHeader claimed, parse_block_header(block));
    TRY(const BlockHeader header, check_block(id_, claimed.number, block));
    if (header.number >= mark.block_count || place_of(header.number)) {
        return fail(ErrorCode::Corrupt, "a block of the spool whose number can't be its own");
    }
    note_locked(header.number, {offset, block.size()});
    keep(offset, block);
    if (!visit) return {};
    Decompressor decompressor;
    for (std::uint32_t i = 0; i < header.record_count; ++i) {
        TRY(const Bytes frame, frame_of(block, header, i));
        TRY(const Bytes encoded, decompressor.read(dictionary_, frame, kRecordBytesMax));
        TRY(const Record record, decode_record(encoded));
        TRY_VOID(visit(header.number * kRecordsPerBlock + i, record));
    }
    return {};
}

}  // namespace larmor::reassembly::spool
