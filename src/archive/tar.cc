#include "archive/tar.h"

#include <map>

#include "archive/meter.h"
#include "archive/tar_header.h"
#include "base/checked.h"

namespace larmor::archive {
namespace {

using Records = std::map<std::string, std::string>;

constexpr std::uint64_t kExtraBytesMax = 1 << 20;  ///< of one pax header or long name

/// Block types, POSIX.1-2017 `pax` and GNU tar `tar.h`.
enum Type : char {
    kOldFile = '\0',
    kFile = '0',
    kHardLink = '1',
    kSymbolicLink = '2',
    kCharacterDevice = '3',
    kBlockDevice = '4',
    kDirectory = '5',
    kFifo = '6',
    kContiguousFile = '7',
    kPaxLocal = 'x',
    kPaxLocalOld = 'X',
    kPaxGlobal = 'g',
    kGnuLongName = 'L',
    kGnuLongLink = 'K',
    kGnuSparse = 'S',
    kGnuDumpDirectory = 'D',
    kGnuContinued = 'M',
    kGnuVolume = 'V',
    kSolarisAcl = 'A',
};

bool is_zero(Bytes block) {
    return std::all_of(block.begin(), block.end(),
                       [](std::byte b) { return b == std::byte{0}; });
}

/// A source that takes bytes back.
class ReturningSource final : public Source {
public:
    explicit ReturningSource(std::unique_ptr<Source> source) : source_(std::move(source)) {}
    Result<std::size_t> read(std::span<std::byte> out) override {
        if (returned_.empty()) return source_->read(out);
        const auto count = std::min(out.size(), returned_.size());
        std::copy_n(returned_.begin(), count, out.begin());
        returned_.erase(returned_.begin(),
                        returned_.begin() + static_cast<std::ptrdiff_t>(count));
        return count;
    }
    /// They come next, before what was given back earlier.
    void give_back(Bytes bytes) {
        returned_.insert(returned_.begin(), bytes.begin(), bytes.end());
    }

private:
    std::unique_ptr<Source> source_;
    ByteBuffer returned_;
};

class TarReader final : public Reader {
public:
    TarReader(std::unique_ptr<Source> source, const Limits& limits)
        : source_(std::make_unique<ReturningSource>(std::move(source))),
          limits_(limits),
          meter_(limits),
          scratch_(64 << 10) {}

    Result<std::optional<Member>> next() override;
    Result<std::size_t> read(std::span<std::byte> out) override;

private:
    /// What the blocks before a member's own header said about it.
    struct Extras {
        std::optional<Records> pax;
        std::string long_name;
        std::string problem;  ///< with them: then the member cannot be trusted
    };

    Result<bool> read_block();
    Result<bool> find_header();
    Result<bool> find_shifted_header();
    void set_remaining(std::uint64_t count);
    Result<bool> skip(std::uint64_t count);
    Result<bool> finish_member();
    Result<void> take_extra(const TarHeader& header, Extras& extras);
    Result<Member> describe(TarHeader header, const Extras& extras);
    Result<void> skip_sparse_maps();
    void apply(const Records& records, TarHeader& header, Member& member) const;

    std::unique_ptr<ReturningSource> source_;
    Limits limits_;
    Meter meter_;
    Records global_;
    std::array<std::byte, kTarBlockBytes> block_{};
    ByteBuffer scratch_;
    std::uint64_t offset_ = 0;  ///< of the next byte that the source gives
    std::uint64_t member_offset_ = 0;
    std::uint64_t remaining_ = 0;  ///< of the current member's bytes
    std::uint64_t padding_ = 0;    ///< behind them
    bool any_header_ = false, zero_block_last_ = false, readable_ = false, ended_ = false;
};

/// Fills `block_`; false at the end of the input, also where a part of a block is left.
Result<bool> TarReader::read_block() {
    TRY(const auto count, read_fully(*source_, block_));
    offset_ += count;
    if (count == kTarBlockBytes) {
        return true;
    }
    if (count > 0) {
        note({offset_ - count, count, "the archive ends inside a block"});
    }
    return false;
}

Result<bool> TarReader::skip(std::uint64_t count) {
    while (count > 0) {
        const auto piece = std::min<std::uint64_t>(count, scratch_.size());
        TRY(const auto got, read_fully(*source_, std::span(scratch_).first(piece)));
        offset_ += got;
        count -= got;
        if (got < piece) {
            return false;
        }
    }
    return true;
}

void TarReader::set_remaining(std::uint64_t count) {
    remaining_ = count;
    padding_ = (kTarBlockBytes - count % kTarBlockBytes) % kTarBlockBytes;
}

/// Goes behind the current member; false where the input ends inside it.
Result<bool> TarReader::finish_member() {
    // Bounded: a header whose size and padding would overflow never gets here.
    TRY(const bool whole, skip(std::exchange(remaining_, 0) + std::exchange(padding_, 0)));
    if (!whole) {
        note({member_offset_, offset_ - member_offset_,
              "the archive ends inside the member that starts here"});
    }
    return whole;
}

/// Damage may have left the blocks behind it at any offset: looks for a header that begins
/// inside of `block_`, by the magic of ustar and its checksum. Then `block_` is that header;
/// else nothing has happened.
Result<bool> TarReader::find_shifted_header() {
    constexpr std::string_view kMagic = "ustar";
    constexpr std::size_t kMagicAt = 257;
    std::array<std::byte, 2 * kTarBlockBytes> window{};
    std::copy(block_.begin(), block_.end(), window.begin());
    TRY(const auto more, read_fully(*source_, std::span(window).subspan(kTarBlockBytes)));
    const auto text = as_text(Bytes(window).first(kTarBlockBytes + more));
    for (auto at = text.find(kMagic, kMagicAt + 1); at != std::string_view::npos;
         at = text.find(kMagic, at + 1)) {
        const auto start = at - kMagicAt;
        if (start + kTarBlockBytes > text.size() || start >= kTarBlockBytes) break;
        const auto header = Bytes(window).subspan(start, kTarBlockBytes);
        if (!is_tar_header(header)) continue;
        std::copy(header.begin(), header.end(), block_.begin());
        source_->give_back(as_bytes(text.substr(start + kTarBlockBytes)));
        offset_ += start;
        return true;
    }
    source_->give_back(as_bytes(text.substr(kTarBlockBytes)));
    return false;
}

/// Reads blocks up to the next header: over zeros, and over damage, which it notes.
Result<bool> TarReader::find_header() {
    std::uint64_t damaged_from = 0, damaged_blocks = 0;
    const auto note_damage = [&] {
        if (damaged_blocks > 0) {
            note({damaged_from, damaged_blocks * kTarBlockBytes, "no tar header: passed over"});
        }
    };
    while (true) {
        TRY(const bool more, read_block());
        if (!more) {
            note_damage();
            if (any_header_ && !zero_block_last_) {
                note({offset_, 0, "the archive has no end marker: it may have been cut here"});
            }
            return false;
        }
        zero_block_last_ = is_zero(block_);
        if (zero_block_last_ && damaged_blocks == 0) {
            continue;
        }
        if (is_tar_header(block_)) {
            note_damage();
            any_header_ = true;
            return true;
        }
        if (!any_header_ && damaged_blocks == 0 && offset_ == kTarBlockBytes) {
            return invalid_at(0, "no tar: the first block has a wrong checksum");
        }
        if (damaged_blocks++ == 0) {
            damaged_from = offset_ - kTarBlockBytes;
        }
        TRY(const bool shifted, find_shifted_header());
        if (shifted) {
            note({damaged_from, offset_ - kTarBlockBytes - damaged_from,
                  "no tar header: passed over"});
            return true;
        }
    }
}

/// Takes in a pax header or a GNU long name; one that cannot be used spoils the member behind
/// it.
Result<void> TarReader::take_extra(const TarHeader& header, Extras& extras) {
    const auto at = std::to_string(offset_);
    member_offset_ = offset_;
    set_remaining(header.size_bytes);
    if (header.size_bytes > kExtraBytesMax) {
        extras.problem = "its extension header at byte " + at + " has " +
                         std::to_string(header.size_bytes) + " bytes (at most " +
                         std::to_string(kExtraBytesMax) + ")";
        return {};
    }
    std::string text(header.size_bytes, '\0');
    TRY(const auto got, read_fully(*source_, std::as_writable_bytes(std::span(text))));
    offset_ += got;
    remaining_ -= got;
    if (header.type == kGnuLongName) {
        extras.long_name = text.substr(0, text.find('\0'));
    } else if (header.type != kGnuLongLink) {
        auto& records = header.type == kPaxGlobal ? global_ : extras.pax.emplace(Records{});
        if (auto good = read_pax_records(text, records); !good) {
            extras.problem = good.error().message + " of the pax header at byte " + at;
        }
    }
    return {};
}

void TarReader::apply(const Records& records, TarHeader& header, Member& member) const {
    for (const auto& [keyword, value] : records) {
        if (keyword == "path") {
            header.path = value;
        } else if (keyword == "size") {
            std::uint64_t size = 0;
            const auto [end, error] =
                std::from_chars(value.data(), value.data() + value.size(), size);
            if (error != std::errc() || end != value.data() + value.size()) {
                member.problem = "its pax header gives a size that is no number";
            }
            header.size_bytes = size;
        } else if (keyword.starts_with("GNU.sparse.")) {
            member.problem = "a sparse file: we read no holes";
        }
    }
}

/// Further maps of an old GNU sparse file stand between its header and its bytes.
Result<void> TarReader::skip_sparse_maps() {
    constexpr std::size_t kExtendedInHeader = 482, kExtendedInMap = 504;
    bool extended = block_[kExtendedInHeader] != std::byte{0};
    while (extended) {
        TRY(const bool more, read_block());
        extended = more && block_[kExtendedInMap] != std::byte{0};
    }
    return {};
}

Result<Member> TarReader::describe(TarHeader header, const Extras& extras) {
    Member member;
    member.problem = extras.problem;
    if (!extras.long_name.empty()) {
        header.path = extras.long_name;
    }
    apply(global_, header, member);
    if (extras.pax) {
        apply(*extras.pax, header, member);
    }
    member.path = header.path.substr(0, limits_.path_max_bytes);
    if (member.path.size() < header.path.size()) {
        member.problem = "its path is longer than " + std::to_string(limits_.path_max_bytes);
    }
    switch (header.type) {
        case kHardLink:
            // Only pax puts the bytes behind a link; elsewhere its size is that of the target.
            member.kind = MemberKind::Link;
            header.size_bytes = extras.pax ? header.size_bytes : 0;
            break;
        case kSymbolicLink:
            member.kind = MemberKind::Link;
            header.size_bytes = 0;
            break;
        case kDirectory:
            member.kind = MemberKind::Directory;
            header.size_bytes = 0;
            break;
        case kCharacterDevice:
        case kBlockDevice:
        case kFifo:
            member.kind = MemberKind::Other;
            header.size_bytes = 0;
            break;
        case kGnuVolume:
        case kGnuDumpDirectory:
        case kSolarisAcl:
            member.kind = MemberKind::Other;
            break;
        case kGnuSparse:
            member.problem = "a sparse file: we read no holes";
            TRY_VOID(skip_sparse_maps());
            break;
        case kGnuContinued:
            member.problem = "the rest of a file that starts on another volume";
            break;
        default:
            // V7 knew no type for a folder. Unknown types are files (POSIX.1-2017 `pax`).
            if (member.path.ends_with('/')) {
                member.kind = MemberKind::Directory;
            }
    }
    if (!member.problem.empty()) {
        member.kind = MemberKind::Unreadable;
    }
    member.size_bytes = header.size_bytes;
    return member;
}

Result<std::optional<Member>> TarReader::next() {
    if (ended_) {
        return std::nullopt;
    }
    TRY(bool whole, finish_member());
    Extras extras;
    while (whole) {
        TRY(const bool found, find_header());
        if (!found) {
            break;
        }
        const auto header_offset = offset_ - kTarBlockBytes;
        auto header = read_tar_header(block_, header_offset);
        // A wrong size leaves no way to know where the next header is, but to look for it.
        if (!header || !checked_add(offset_, header->size_bytes + kTarBlockBytes)) {
            note({header_offset, kTarBlockBytes, "a tar header with an impossible size"});
            continue;
        }
        constexpr std::string_view kExtraTypes = "xXgLK";
        if (kExtraTypes.find(header->type) != std::string_view::npos) {
            TRY_VOID(take_extra(*header, extras));
            TRY(whole, finish_member());
            continue;
        }
        TRY(auto member, describe(*std::move(header), extras));
        if (!checked_add(offset_, *member.size_bytes + kTarBlockBytes)) {
            note({header_offset, kTarBlockBytes, "a tar header with an impossible size"});
            extras = {};
            continue;
        }
        member_offset_ = offset_;
        set_remaining(*member.size_bytes);
        readable_ = member.kind == MemberKind::File;
        if (readable_) {
            member.range = ByteRange{offset_, remaining_};
        }
        return std::optional(std::move(member));
    }
    ended_ = true;
    return std::nullopt;
}

Result<std::size_t> TarReader::read(std::span<std::byte> out) {
    if (remaining_ == 0 || !readable_) {
        return 0;
    }
    const auto wanted = std::min<std::uint64_t>(out.size(), remaining_);
    TRY(const auto count, source_->read(out.first(wanted)));
    offset_ += count;
    remaining_ -= count;
    if (count == 0) {
        note({member_offset_, offset_ - member_offset_,
              "the archive ends inside the member that starts here"});
        ended_ = true;
        remaining_ = 0;
        return invalid_at(offset_, "the archive ends inside the member that starts at byte " +
                                       std::to_string(member_offset_) + ": it stops");
    }
    TRY_VOID(meter_.give(count, offset_));
    return count;
}

}  // namespace

std::unique_ptr<Reader> read_tar(std::unique_ptr<Source> source, const Limits& limits) {
    return std::make_unique<TarReader>(std::move(source), limits);
}

}  // namespace larmor::archive
