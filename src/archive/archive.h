#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "archive/source.h"
#include "base/bytes.h"

namespace larmor::archive {

/// What an archive may cost, whatever it says of itself. A deflate stream cannot pass 1,032
/// times its size, so the ratio stops zstd bombs and zips whose members share their bytes.
struct Limits {
    std::uint64_t ratio_max = 1100;  ///< bytes given out : bytes read, past the first 64 MiB
    std::uint64_t total_max_bytes = 1ULL << 50;  ///< that all members together may give out
    std::uint64_t path_max_bytes = 32 << 10;     ///< of one path, and of one pax header
};

enum class MemberKind : std::uint8_t {
    File,  ///< a hard link, too, to a member before it, where that can be read again
    Directory,
    Link,        ///< symbolic, or a hard one that leads nowhere: has no bytes
    Other,       ///< a device, a pipe, a volume label
    Unreadable,  ///< a file that we cannot give out; `problem` says why
};

/// One entry of an archive.
struct Member {
    std::string path;  ///< as stored: show it, never open it (it may be absolute or hold `..`)
    MemberKind kind = MemberKind::File;
    /// As declared, a promise that `read` verifies; nothing where the archive does not say.
    std::optional<std::uint64_t> size_bytes;
    /// Where its bytes lie unchanged in the reader's input (behind a decompressor: in what that
    /// gives out); nothing where they are compressed, or where holes lie between them.
    std::optional<ByteRange> range;
    /// In a tar: where what is stored of it begins, at the block behind its header. Each member
    /// has another; the bytes of a hard link lie elsewhere.
    std::uint64_t offset = 0;
    bool is_sparse = false;
    std::string problem;  ///< of an Unreadable one, and of a hard link that leads nowhere
};

/// A place that could not be read and was passed over, or that a careful user wants to know of.
struct Damage {
    std::uint64_t offset = 0;  ///< in the reader's input
    std::uint64_t count = 0;   ///< bytes that were skipped; 0 where none were
    std::string what;
    /// Where all may be as it should: an archive that was joined to the end of another.
    bool is_remark = false;
};

/// The members of an archive, one after the other, in one pass and in bounded memory; nothing
/// is unpacked to disk. Not safe from two threads at once.
class Reader {
public:
    virtual ~Reader() = default;

    /// Goes to the next member (over what is left of the current one); nothing at the end.
    /// A member that cannot be given out is Unreadable, and damage between members is passed
    /// over and noted: an error here means that the rest is out of reach. Errors: InvalidInput
    /// with the byte offset, LimitExceeded, and those of the source.
    virtual Result<std::optional<Member>> next() = 0;

    /// The current member's bytes, in order: fills the front of `out`, 0 at the end of the
    /// member. Errors: InvalidInput where the member is cut, holds more or less than it
    /// declared, or fails its checksum; LimitExceeded; those of the source. `next` may go on
    /// after it.
    virtual Result<std::size_t> read(std::span<std::byte> out) = 0;

    /// Noted so far: at most the first 1,000; `damage_count` has them all.
    const std::vector<Damage>& damage() const { return damage_; }
    std::uint64_t damage_count() const { return damage_count_; }

protected:
    void note(Damage damage);

private:
    std::vector<Damage> damage_;
    std::uint64_t damage_count_ = 0;
};

/// The current member of a reader as a source: for an archive inside an archive.
class MemberSource final : public Source {
public:
    explicit MemberSource(Reader& reader) : reader_(&reader) {}
    Result<std::size_t> read(std::span<std::byte> out) override { return reader_->read(out); }

private:
    Reader* reader_;
};

enum class Format : std::uint8_t { None, Tar, Zip, Gzip, Zstd };

/// As many bytes from the start of a file as `detect` looks at.
inline constexpr std::size_t kDetectBytes = 512;

/// By magic (tar by the checksum of its first header), never by name; a DICOM file is None
/// whatever its preamble holds.
Format detect(Bytes start);

/// Opens an archive over a file that the caller keeps open: tar, zip, and gzip or zstd around
/// a tar or around one single file (then it has one member with an empty path, of unknown
/// size). Errors: Unsupported where `detect` says None; those of the readers.
Result<std::unique_ptr<Reader>> open(const UniqueFd& file, const Limits& limits = {});

/// The same over a source, as for a member of another archive. Errors: Unsupported for a zip
/// too, since that needs RandomAccess.
Result<std::unique_ptr<Reader>> open(std::unique_ptr<Source> source, const Limits& limits = {});

}  // namespace larmor::archive
