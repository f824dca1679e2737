#include "archive/tar.h"

#include "archive/members_seen.h"
#include "archive/meter.h"
#include "archive/tar_blocks.h"
#include "archive/tar_member.h"
#include "base/checked.h"

namespace larmor::archive {
namespace {

constexpr std::uint64_t kExtraBytesMax = 1 << 20;  ///< of one pax header or long name

/// Of bytes that can be read anywhere, those from an offset on.
class TailSource final : public Source {
public:
    TailSource(RandomAccess& whole, std::uint64_t offset) : whole_(&whole), offset_(offset) {}
    Result<std::size_t> read(std::span<std::byte> out) override {
        const auto count = std::min<std::uint64_t>(out.size(), whole_->size_bytes() - offset_);
        if (count == 0) return 0;
        TRY_VOID(whole_->read_at(offset_, out.first(count)));
        offset_ += count;
        return count;
    }

private:
    RandomAccess* whole_;
    std::uint64_t offset_;
};

class TarReader final : public Reader {
public:
    /// `offset`: of the first byte that the source gives; `global`: records for all members.
    TarReader(std::unique_ptr<Source> source, const Limits& limits, std::uint64_t offset,
              TarRecords global)
        : blocks_(std::move(source), offset,
                  [this](Damage damage) { note(std::move(damage)); }),
          limits_(limits),
          meter_(limits),
          global_(std::move(global)) {}

    Result<std::optional<Member>> next() override;
    Result<std::size_t> read(std::span<std::byte> out) override;

private:
    /// Of one member, until its own comes.
    struct Headers {
        TarExtras extras;
        std::optional<std::uint64_t> first_at;
        bool is_behind_gap = false;
    };
    void set_remaining(std::uint64_t count);
    Result<bool> finish_member();
    TarMember describe(TarHeader header, Headers& headers) const;
    Result<void> take_extra(const TarHeader& header, TarExtras& extras);
    Result<void> read_old_map(TarMember& described);
    Result<std::optional<Member>> start(TarMember described, std::uint64_t header_offset);
    Result<void> start_sparse(TarMember& described);
    Result<std::vector<SparseRegion>> read_front_map();
    Result<void> follow(TarMember& described);
    Result<std::size_t> read_stored(std::span<std::byte> out);
    Result<std::size_t> read_sparse(std::span<std::byte> out);

    TarBlocks blocks_;
    Limits limits_;
    Meter meter_;
    TarRecords global_;
    MembersSeen seen_;
    std::unique_ptr<TarReader> linked_;  ///< at the member that the current one is a link to
    std::optional<SparseFile> sparse_;   ///< the current member
    std::uint64_t member_offset_ = 0;
    std::uint64_t remaining_ = 0;  ///< of what is stored of the current member
    std::uint64_t padding_ = 0;    ///< behind it
    bool readable_ = false, ended_ = false;
};

void TarReader::set_remaining(std::uint64_t count) {
    member_offset_ = blocks_.offset();
    remaining_ = count;
    padding_ = (kTarBlockBytes - count % kTarBlockBytes) % kTarBlockBytes;
}

/// Goes behind the current member; false where the input ends inside it.
Result<bool> TarReader::finish_member() {
    linked_.reset();
    sparse_.reset();
    // Bounded: a header whose size and padding would overflow never gets here.
    TRY(const bool whole,
        blocks_.skip(std::exchange(remaining_, 0) + std::exchange(padding_, 0)));
    if (!whole) {
        note({member_offset_, blocks_.offset() - member_offset_,
              "the archive ends inside the member that starts here"});
    }
    return whole;
}

/// Takes in a pax header or a GNU long name; one that cannot be used spoils the member behind
/// it.
Result<void> TarReader::take_extra(const TarHeader& header, TarExtras& extras) {
    const auto at = blocks_.offset();
    set_remaining(header.size_bytes);
    if (header.size_bytes > kExtraBytesMax) {
        extras.problem = "its extension header at byte " + std::to_string(at) + " has " +
                         std::to_string(header.size_bytes) + " bytes (at most " +
                         std::to_string(kExtraBytesMax) + ")";
        return {};
    }
    std::string content(header.size_bytes, '\0');
    TRY(const auto got, blocks_.read_fully(std::as_writable_bytes(std::span(content))));
    remaining_ -= got;
    // What came before other global records would be read with these.
    if (extras.take(header, content, at, global_)) seen_.clear();
    return {};
}

/// Further blocks of the map of an old GNU sparse file stand between its header and its bytes.
Result<void> TarReader::read_old_map(TarMember& described) {
    auto& map = *described.old_map;
    auto& member = described.member;
    while (map.more) {
        TRY(const bool more, blocks_.read_block());
        const auto good = more ? read_sparse_extension(blocks_.block(), map)
                               : fail(ErrorCode::InvalidInput, "its map of holes is cut");
        if (good) continue;
        member.kind = MemberKind::Unreadable;
        member.problem = good.error().message;
        return {};
    }
    return {};
}

/// The map of holes in front of the stored bytes of a member.
Result<std::vector<SparseRegion>> TarReader::read_front_map() {
    FrontMap map;
    std::array<std::byte, kTarBlockBytes> block{};
    while (remaining_ >= kTarBlockBytes) {
        TRY(const auto count, blocks_.read_fully(block));
        remaining_ -= count;
        if (count < kTarBlockBytes) break;
        TRY(const bool whole, map.add(block));
        if (whole) return map.take();
    }
    return fail(ErrorCode::InvalidInput, "its map of holes is cut");
}

/// Makes the current member what its map says. Errors are those of the source: a map that lies
/// makes the member unreadable.
Result<void> TarReader::start_sparse(TarMember& described) {
    const bool is_old = described.old_map.has_value();
    auto regions =
        std::move(is_old ? described.old_map->regions : described.pax_sparse->regions);
    const auto size_bytes =
        is_old ? described.old_map->size_bytes : described.pax_sparse->size_bytes;
    Result<SparseFile> file = fail(ErrorCode::InvalidInput, "");
    Result<void> readable;
    if (!is_old && described.pax_sparse->map_is_in_front) {
        auto map = read_front_map();
        if (map) regions = std::move(*map);
        if (!map) readable = tl::unexpected(map.error());
    }
    if (readable) {
        file = SparseFile::make(std::move(regions), size_bytes, remaining_);
        if (!file) readable = tl::unexpected(file.error());
    }
    // Alone it would use up what all members may give out together.
    if (readable) {
        readable = Meter::check_ratio(limits_, size_bytes, remaining_ + kTarBlockBytes);
    }
    auto& member = described.member;
    member.is_sparse = true;
    if (readable) {
        member.size_bytes = size_bytes;
        sparse_ = std::move(*file);
        return {};
    }
    const auto code = readable.error().code;
    if (code != ErrorCode::InvalidInput && code != ErrorCode::LimitExceeded) return readable;
    member.kind = MemberKind::Unreadable;
    member.problem = readable.error().message;
    return {};
}

/// The path of a member as links name it, whether or not it begins at the working folder.
std::string_view link_form(std::string_view path) {
    while (path.starts_with("./")) path.remove_prefix(2);
    return path;
}

/// Makes a hard link the file that it leads to, which lies before it and is read once more.
Result<void> TarReader::follow(TarMember& described) {
    auto& member = described.member;
    const auto target = link_form(described.link_path);
    const auto found = seen_.find(target);
    if (!found) {
        member.problem = "a hard link to a member that is not among the last " +
                         std::to_string(MembersSeen::kKeptMin) + " before it";
        return {};
    }
    auto* whole = blocks_.again();
    if (whole == nullptr) {
        member.problem =
            "a hard link, and what it leads to has passed: the archive is compressed, or lies "
            "in another one";
        return {};
    }
    auto linked = std::make_unique<TarReader>(std::make_unique<TailSource>(*whole, *found),
                                              limits_, *found, global_);
    TRY(const auto file, linked->next());
    if (!file || file->kind != MemberKind::File || link_form(file->path) != target) {
        member.problem = "a hard link to something else than a file before it";
        return {};
    }
    member.kind = MemberKind::File;
    member.size_bytes = file->size_bytes;
    member.range = file->range;
    member.is_sparse = file->is_sparse;
    linked_ = std::move(linked);
    return {};
}

/// Behind the headers of a member, of which the first is at `header_offset`.
Result<std::optional<Member>> TarReader::start(TarMember described,
                                               std::uint64_t header_offset) {
    auto& member = described.member;
    if (described.old_map) TRY_VOID(read_old_map(described));
    set_remaining(described.stored_bytes);
    member.offset = blocks_.offset();
    member.size_bytes = described.stored_bytes;
    if (member.kind == MemberKind::File) {
        if (described.old_map || described.pax_sparse) {
            TRY_VOID(start_sparse(described));
        } else {
            member.range = ByteRange{blocks_.offset(), remaining_};
        }
    } else if (member.kind == MemberKind::Link && !described.link_path.empty()) {
        TRY_VOID(follow(described));
    }
    readable_ = member.kind == MemberKind::File;
    if (readable_ && !linked_) seen_.add(link_form(member.path), header_offset);
    return std::optional(std::move(member));
}

TarMember TarReader::describe(TarHeader header, Headers& headers) const {
    auto& extras = headers.extras;
    const bool has_own_name = extras.pax || !extras.long_name.empty();
    if (headers.is_behind_gap && !has_own_name && has_full_name(blocks_.block())) {
        extras.problem = "its name may be the beginning of one that is lost in the damage";
    }
    return describe_tar_member(std::move(header), blocks_.block(), extras, global_, limits_);
}

Result<std::optional<Member>> TarReader::next() {
    if (ended_) {
        return std::nullopt;
    }
    TRY(bool whole, finish_member());
    Headers headers;
    while (whole) {
        TRY(const auto found, blocks_.find_header());
        if (found == TarBlocks::Found::End) {
            break;
        }
        if (found == TarBlocks::Found::BehindGap) {
            // What was said of the member before the gap must not be said of this one.
            Headers behind;
            behind.extras.problem = headers.extras.problem;
            behind.is_behind_gap = true;
            headers = std::move(behind);
        }
        const auto at = blocks_.offset() - kTarBlockBytes;
        headers.first_at = headers.first_at.value_or(at);
        const auto is_possible = [&](std::uint64_t size_bytes) {
            return size_bytes >> 63 == 0 &&
                   checked_add(blocks_.offset(), size_bytes + kTarBlockBytes);
        };
        auto header = read_tar_header(blocks_.block(), at);
        if (header && is_possible(header->size_bytes)) {
            if (TarExtras::is_extra(header->type)) {
                TRY_VOID(take_extra(*header, headers.extras));
                TRY(whole, finish_member());
                continue;
            }
            auto described = describe(*std::move(header), headers);
            if (is_possible(described.stored_bytes)) {
                return start(std::move(described), *headers.first_at);
            }
        }
        // A wrong size leaves no way to know where the next header is, but to look for it.
        note({at, kTarBlockBytes, "a tar header with an impossible size"});
        headers = {};
    }
    ended_ = true;
    return std::nullopt;
}

Result<std::size_t> TarReader::read(std::span<std::byte> out) {
    if (!readable_) return 0;
    const auto count = linked_   ? linked_->read(out)
                       : sparse_ ? read_sparse(out)
                                 : read_stored(out);
    if (count) TRY_VOID(meter_.give(*count, blocks_.offset()));
    return count;
}

Result<std::size_t> TarReader::read_stored(std::span<std::byte> out) {
    if (remaining_ == 0) return 0;
    const auto wanted = std::min<std::uint64_t>(out.size(), remaining_);
    TRY(const auto count, blocks_.read(out.first(wanted)));
    remaining_ -= count;
    if (count == 0) {
        note({member_offset_, blocks_.offset() - member_offset_,
              "the archive ends inside the member that starts here"});
        ended_ = true;
        remaining_ = 0;
        return invalid_at(blocks_.offset(),
                          "the archive ends inside the member that starts at byte " +
                              std::to_string(member_offset_) + ": it stops");
    }
    return count;
}

Result<std::size_t> TarReader::read_sparse(std::span<std::byte> out) {
    const auto run = sparse_->next_run();
    auto count = static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), run.count));
    if (count == 0) return 0;
    if (run.is_hole) {
        std::fill_n(out.begin(), count, std::byte{0});
    } else {
        TRY(count, read_stored(out.first(count)));
    }
    sparse_->advance(count);
    return count;
}

}  // namespace

std::unique_ptr<Reader> read_tar(std::unique_ptr<Source> source, const Limits& limits) {
    return std::make_unique<TarReader>(std::move(source), limits, 0, TarRecords());
}

}  // namespace larmor::archive
