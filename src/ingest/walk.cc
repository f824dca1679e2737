#include "ingest/walk.h"

#include <fcntl.h>

#include <algorithm>
#include <functional>

#include "archive/archive.h"
#include "base/file.h"
#include "ingest/dicomdir.h"
#include "ingest/walk_content.h"

namespace larmor::ingest {
namespace {

namespace fs = std::filesystem;

constexpr unsigned kFolderDepthMax = 256;

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
        : visitor_(visitor), from_(from), content_(visitor, from) {}

    /// False for a path that the walk was through with.
    bool begin(std::size_t index, const std::vector<fs::path>* named) {
        if (index < from_.path) return false;
        is_behind_ = index > from_.path || from_.file.empty();
        is_listed_ =
            named != nullptr && std::ranges::find(*named, fs::path(from_.file)) != named->end();
        if (named != nullptr && !is_listed_) is_behind_ = true;
        content_.begin_path(index);
        return true;
    }
    /// False when the visitor wants no more.
    bool file(const fs::path& path) {
        if (is_before(path)) return true;
        const std::string name = path.string();
        outcome_ = try_file(path, name);
        if (!outcome_) return false;
        std::error_code error;
        const std::uintmax_t size = fs::file_size(path, error);
        content_.passed(name, error ? 0 : size);
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

    Result<void> try_file(const fs::path& path, const std::string& name) {
        auto opened = open_file(path, O_RDONLY);
        auto source =
            opened
                ? archive::FileSource::over(*opened)
                : Result<std::unique_ptr<archive::FileSource>>(tl::unexpected(opened.error()));
        if (!source) {
            content_.refuse(name, source.error());
            return {};
        }
        return content_.walk(name, (*source)->size_bytes(), **source,
                             [&](auto) { return archive::open(*opened); });
    }

    WalkVisitor& visitor_;
    const WalkPosition from_;
    ContentWalker content_;
    bool is_behind_ = false;  ///< everything from here on comes after `from_`
    bool is_listed_ = false;  ///< the path is a DICOMDIR, whose order is its own
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
