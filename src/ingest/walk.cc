#include "ingest/walk.h"

#include <fcntl.h>

#include <algorithm>
#include <functional>

#include "archive/archive.h"
#include "base/file.h"
#include "ingest/dicomdir.h"

namespace larmor::ingest {
namespace {

namespace fs = std::filesystem;

constexpr unsigned kArchiveDepthMax = 3;
constexpr unsigned kFolderDepthMax = 256;

/// A source whose first bytes were looked at and are given out again.
class LookedAhead final : public archive::Source {
public:
    static Result<std::unique_ptr<LookedAhead>> at(archive::Source& source) {
        auto looked = std::make_unique<LookedAhead>(source);
        looked->start_.resize(archive::kDetectBytes);
        TRY(const std::size_t count, archive::read_fully(source, looked->start_));
        looked->start_.resize(count);
        return looked;
    }
    explicit LookedAhead(archive::Source& source) : source_(source) {}
    Bytes start() const { return start_; }

    Result<std::size_t> read(std::span<std::byte> out) override {
        if (given_ == start_.size()) return source_.read(out);
        const std::size_t count = std::min(out.size(), start_.size() - given_);
        std::copy_n(start_.begin() + static_cast<std::ptrdiff_t>(given_), count, out.begin());
        given_ += count;
        return count;
    }

private:
    archive::Source& source_;
    ByteBuffer start_;
    std::size_t given_ = 0;
};

bool is_dicomdir_name(const fs::path& path) {
    return path.filename() == "DICOMDIR";
}

/// What a walk meets. False ends it.
using OnFile = std::function<bool(const fs::path&)>;
using OnRefused = std::function<bool(const fs::path&, const Error&)>;

/// The regular files at and below `path`, in the order of names. False when it was ended.
bool each_file(const fs::path& path, unsigned depth, const OnFile& file,
               const OnRefused& refused) {
    std::error_code error;
    if (depth == 0 && !fs::is_directory(path, error)) return file(path);
    if (depth == kFolderDepthMax) {
        return refused(path,
                       Error{ErrorCode::LimitExceeded, "more than 256 folders in each other"});
    }
    std::vector<fs::directory_entry> entries;
    fs::directory_iterator at(path, error);
    for (; !error && at != fs::directory_iterator(); at.increment(error))
        entries.push_back(*at);
    if (error) return refused(path, system_failure("read folder", error.value()).value());
    std::ranges::sort(entries, {},
                      [](const fs::directory_entry& entry) { return entry.path(); });
    for (const fs::directory_entry& entry : entries) {
        bool go_on = true;
        if (entry.is_directory(error) && !entry.is_symlink(error)) {
            go_on = each_file(entry.path(), depth + 1, file, refused);
        } else if (entry.is_regular_file(error) && !is_dicomdir_name(entry.path())) {
            go_on = file(entry.path());
        }
        if (!go_on) return false;
    }
    return true;
}

/// Told of each path before what is at or below it; false passes it over. What a DICOMDIR names
/// is given in its own order.
using OnPath = std::function<bool(std::size_t index, const std::vector<fs::path>* named)>;

/// Every file that a walk opens: DICOMDIRs that were named are replaced by what they name.
void each_named_file(const std::vector<fs::path>& paths, const OnPath& begin,
                     const OnFile& file, const OnRefused& refused) {
    for (std::size_t index = 0; index < paths.size(); ++index) {
        const fs::path& path = paths[index];
        std::error_code error;
        bool go_on = true;
        if (!is_dicomdir_name(path) || !fs::is_regular_file(path, error)) {
            if (begin(index, nullptr)) go_on = each_file(path, 0, file, refused);
        } else if (const auto named = read_dicomdir(path)) {
            if (begin(index, &*named)) go_on = std::ranges::all_of(*named, file);
        } else if (begin(index, nullptr)) {
            go_on = refused(path, named.error());
        }
        if (!go_on) return;
    }
}

class Walker {
public:
    Walker(WalkVisitor& visitor, const WalkPosition& from)
        : visitor_(visitor), from_(from), position_(from) {}

    /// False for a path that the walk was through with.
    bool begin(std::size_t index, const std::vector<fs::path>* named) {
        if (index < from_.path) return false;
        is_behind_ = index > from_.path || from_.file.empty();
        is_listed_ =
            named != nullptr && std::ranges::find(*named, fs::path(from_.file)) != named->end();
        if (named != nullptr && !is_listed_) is_behind_ = true;
        if (index > position_.path) position_ = {.path = index};
        return true;
    }
    /// False when the visitor wants no more.
    bool file(const fs::path& path) {
        if (is_before(path)) return true;
        const std::string name = path.string();
        members_left_out_ = name == from_.archive ? from_.members : 0;
        if (position_.archive != name) position_.members = 0;
        outcome_ = try_file(path);
        if (!outcome_) return false;
        position_.file = name;
        position_.archive.clear();
        position_.members = 0;
        std::error_code error;
        const std::uintmax_t size = fs::file_size(path, error);
        visitor_.passed(error ? 0 : size, position_);
        return true;
    }
    bool refused(const fs::path& path, const Error& error) {
        if (!is_before(path)) visitor_.refused(path.string(), error);
        return true;
    }
    Result<void> outcome() && { return std::move(outcome_); }

private:
    /// Whether an earlier walk has passed it.
    bool is_before(const fs::path& path) {
        if (is_behind_) return false;
        if (is_listed_) {
            is_behind_ = path == from_.file;
            return true;
        }
        is_behind_ = fs::path(from_.file) < path;
        return !is_behind_;
    }

    /// What was read is refused with its reason; what the visitor says ends the walk.
    Result<void> try_file(const fs::path& path) {
        const std::string name = path.string();
        auto opened = open_file(path, O_RDONLY);
        if (!opened) return refuse(name, opened.error());
        auto source = archive::FileSource::over(*opened);
        if (!source) return refuse(name, source.error());
        auto looked = LookedAhead::at(**source);
        if (!looked) return refuse(name, looked.error());
        if (archive::detect((*looked)->start()) == archive::Format::None) {
            return visitor_.instance(name, (*source)->size_bytes(), **looked);
        }
        auto reader = archive::open(*opened);
        if (!reader) return refuse(name, reader.error());
        position_.archive = name;
        return members(name, **reader, 1);
    }

    Result<void> members(const std::string& name, archive::Reader& reader, unsigned depth) {
        for (;;) {
            auto member = reader.next();
            if (!member) return refuse_member(name, member.error());
            if (!*member) break;
            const archive::Member& found = **member;
            const std::string member_name = found.path.empty() ? name : name + "!" + found.path;
            if (found.kind == archive::MemberKind::Unreadable) {
                TRY_VOID(refuse_member(member_name, {ErrorCode::Unsupported, found.problem}));
            } else if (found.kind == archive::MemberKind::File &&
                       !is_dicomdir_name(fs::path(found.path))) {
                TRY_VOID(one_member(member_name, found.size_bytes, reader, depth));
            }
        }
        for (const archive::Damage& damage : reader.damage()) {
            if (damage.is_remark) continue;
            TRY_VOID(refuse_member(name, invalid_at(damage.offset, damage.what).value()));
        }
        return {};
    }

    Result<void> one_member(const std::string& name, std::optional<std::uint64_t> size,
                            archive::Reader& reader, unsigned depth) {
        archive::MemberSource content(reader);
        auto looked = LookedAhead::at(content);
        if (!looked) return refuse_member(name, looked.error());
        const archive::Format format = archive::detect((*looked)->start());
        if (format == archive::Format::None) {
            if (is_left_out()) return {};
            TRY_VOID(visitor_.instance(name, size, **looked));
            return member_passed();
        }
        if (depth == kArchiveDepthMax) {
            return refuse_member(
                name, {ErrorCode::LimitExceeded, "more than 3 archives in each other"});
        }
        auto inner = archive::open(*std::move(looked));
        if (!inner) return refuse_member(name, inner.error());
        return members(name, **inner, depth + 1);
    }

    bool is_left_out() {
        if (members_left_out_ == 0) return false;
        --members_left_out_;
        return true;
    }
    Result<void> member_passed() {
        ++position_.members;
        visitor_.passed(0, position_);
        return {};
    }
    Result<void> refuse(const std::string& name, const Error& error) {
        visitor_.refused(name, error);
        return {};
    }
    Result<void> refuse_member(const std::string& name, const Error& error) {
        if (is_left_out()) return {};
        visitor_.refused(name, error);
        return member_passed();
    }

    WalkVisitor& visitor_;
    const WalkPosition from_;
    WalkPosition position_;
    bool is_behind_ = false;  ///< everything from here on comes after `from_`
    bool is_listed_ = false;  ///< the path is a DICOMDIR, whose order is its own
    std::uint64_t members_left_out_ = 0;
    Result<void> outcome_;
};

}  // namespace

WalkTotal total_size(const std::vector<fs::path>& paths, const std::function<bool()>& go_on) {
    WalkTotal total;
    each_named_file(
        paths, [](std::size_t, const std::vector<fs::path>*) { return true; },
        [&](const fs::path& path) {
            std::error_code error;
            const std::uintmax_t size = fs::file_size(path, error);
            ++total.files;
            if (!error) total.bytes += size;
            return !go_on || go_on();
        },
        [](const fs::path&, const Error&) { return true; });
    return total;
}

Result<void> walk(const std::vector<fs::path>& paths, WalkVisitor& visitor,
                  const WalkPosition& from) {
    Walker walker(visitor, from);
    each_named_file(
        paths,
        [&](std::size_t index, const std::vector<fs::path>* named) {
            return walker.begin(index, named);
        },
        [&](const fs::path& path) { return walker.file(path); },
        [&](const fs::path& path, const Error& error) { return walker.refused(path, error); });
    return std::move(walker).outcome();
}

}  // namespace larmor::ingest
