#include "archive/zip.h"

#include <zlib.h>

#include "archive/meter.h"
#include "archive/zip_directory.h"

namespace larmor::archive {
namespace {

constexpr std::uint16_t kStored = 0, kDeflated = 8;
constexpr std::size_t kZipPieceBytes = 128 << 10;

class ZipReader final : public Reader {
public:
    ZipReader(std::unique_ptr<RandomAccess> input, const ZipDirectory& directory,
              const Limits& limits)
        : input_(std::move(input)),
          directory_(directory),
          meter_(limits),
          next_entry_(directory.offset),
          piece_(kZipPieceBytes) {
        LARMOR_CHECK(inflateInit2(&stream_, -MAX_WBITS) == Z_OK);
    }
    ~ZipReader() override { inflateEnd(&stream_); }
    ZipReader(const ZipReader&) = delete;
    ZipReader& operator=(const ZipReader&) = delete;

    Result<std::optional<Member>> next() override;
    Result<std::size_t> read(std::span<std::byte> out) override;

private:
    Member describe(const ZipEntry& entry);
    Result<std::size_t> read_stored(std::span<std::byte> out);
    Result<std::size_t> read_deflated(std::span<std::byte> out);
    Result<void> refill();
    Result<void> finish() const;

    std::unique_ptr<RandomAccess> input_;
    ZipDirectory directory_;
    Meter meter_;
    std::uint64_t next_entry_;
    std::uint64_t entries_seen_ = 0;

    bool readable_ = false;  ///< the current member has bytes to give
    ZipEntry entry_;
    std::uint64_t position_ = 0;    ///< of the next compressed byte, in the file
    std::uint64_t compressed_ = 0;  ///< bytes of the member that are left there
    std::uint64_t given_ = 0;
    uLong crc_ = 0;
    z_stream stream_{};
    ByteBuffer piece_;
    Bytes pending_;  ///< of `piece_`, not yet inflated
};

Member ZipReader::describe(const ZipEntry& entry) {
    Member member;
    member.path = entry.path;
    member.size_bytes = entry.size_bytes;
    if (entry.path.ends_with('/')) {
        member.kind = MemberKind::Directory;
        return member;
    }
    if (entry.symbolic_link) {
        member.kind = MemberKind::Link;
        return member;
    }
    const auto data = locate_zip_data(*input_, directory_, entry);
    if (!data) {
        member.problem = data.error().message;
    } else if (entry.encrypted()) {
        member.problem = "encrypted";
    } else if (entry.method != kStored && entry.method != kDeflated) {
        member.problem = "compressed by method " + std::to_string(entry.method) +
                         " (we read stored and deflated)";
    } else if (entry.method == kStored && entry.compressed_bytes != entry.size_bytes) {
        member.problem = "stored, with two different sizes";
    }
    if (!member.problem.empty()) {
        member.kind = MemberKind::Unreadable;
        return member;
    }
    if (entry.method == kStored) {
        member.range = ByteRange{*data, entry.size_bytes};
    }
    readable_ = true;
    position_ = *data;
    compressed_ = entry.compressed_bytes;
    given_ = 0;
    crc_ = crc32(0, nullptr, 0);
    pending_ = {};
    inflateReset(&stream_);
    return member;
}

Result<std::optional<Member>> ZipReader::next() {
    readable_ = false;
    TRY(auto entry, read_zip_entry(*input_, directory_, next_entry_));
    if (!entry) {
        // The classic field has 16 bits and wraps in zips that should have been zip64.
        if ((entries_seen_ & 0xffff) != (directory_.entries & 0xffff)) {
            note({directory_.offset, 0,
                  "the zip has " + std::to_string(entries_seen_) + " entries and declares " +
                      std::to_string(directory_.entries)});
            directory_.entries = entries_seen_;
        }
        return std::nullopt;
    }
    ++entries_seen_;
    next_entry_ = entry->next;
    entry_ = *std::move(entry);
    return std::optional(describe(entry_));
}

/// At the end of a member: what it held is what the directory promised.
Result<void> ZipReader::finish() const {
    if (given_ != entry_.size_bytes) {
        return invalid_at(position_, "a zip member of " + std::to_string(given_) +
                                         " bytes that declares " +
                                         std::to_string(entry_.size_bytes) + ": it ends");
    }
    if (static_cast<std::uint32_t>(crc_) != entry_.crc) {
        return invalid_at(position_, "a zip member with a wrong CRC-32 ends");
    }
    return {};
}

Result<std::size_t> ZipReader::read_stored(std::span<std::byte> out) {
    const auto count =
        static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), compressed_));
    TRY_VOID(input_->read_at(position_, out.first(count)));
    position_ += count;
    compressed_ -= count;
    return count;
}

Result<void> ZipReader::refill() {
    const auto count =
        static_cast<std::size_t>(std::min<std::uint64_t>(piece_.size(), compressed_));
    TRY_VOID(input_->read_at(position_, std::span(piece_).first(count)));
    position_ += count;
    compressed_ -= count;
    pending_ = Bytes(piece_).first(count);
    return {};
}

Result<std::size_t> ZipReader::read_deflated(std::span<std::byte> out) {
    while (true) {
        if (pending_.empty() && compressed_ > 0) {
            TRY_VOID(refill());
        }
        // zlib takes no const, and does not write into its input.
        stream_.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(pending_.data()));
        stream_.avail_in = static_cast<uInt>(pending_.size());
        stream_.next_out = reinterpret_cast<Bytef*>(out.data());
        const auto room = static_cast<uInt>(std::min<std::size_t>(out.size(), 1U << 30));
        stream_.avail_out = room;
        const int code = inflate(&stream_, Z_NO_FLUSH);
        const bool took = stream_.avail_in < pending_.size();
        pending_ = pending_.last(stream_.avail_in);
        const std::size_t count = room - stream_.avail_out;
        if (count > 0 || code == Z_STREAM_END) {
            return count;
        }
        if ((code != Z_OK && code != Z_BUF_ERROR) || (!took && compressed_ == 0)) {
            return invalid_at(position_, "the deflate stream of a zip member is wrong or cut");
        }
    }
}

Result<std::size_t> ZipReader::read(std::span<std::byte> out) {
    if (!readable_) {
        return 0;
    }
    auto count = entry_.method == kStored ? read_stored(out) : read_deflated(out);
    if (count && *count > 0) {
        given_ += *count;
        crc_ =
            crc32(crc_, reinterpret_cast<const Bytef*>(out.data()), static_cast<uInt>(*count));
        if (given_ > entry_.size_bytes) {
            count = invalid_at(position_, "a zip member that holds more than its " +
                                              std::to_string(entry_.size_bytes) +
                                              " declared bytes");
        } else if (auto allowed = meter_.give(*count, input_->size_bytes()); !allowed) {
            count = tl::unexpected(std::move(allowed).error());
        }
    } else if (count) {
        if (auto good = finish(); !good) {
            count = tl::unexpected(std::move(good).error());
        }
    }
    if (!count || *count == 0) {
        readable_ = false;
    }
    return count;
}

}  // namespace

Result<std::unique_ptr<Reader>> read_zip(std::unique_ptr<RandomAccess> input,
                                         const Limits& limits) {
    TRY(const auto directory, find_zip_directory(*input));
    return std::make_unique<ZipReader>(std::move(input), directory, limits);
}

}  // namespace larmor::archive
