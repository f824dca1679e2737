#include "reassembly/run/archive_list.h"

#include <algorithm>
#include <array>
#include <limits>

namespace larmor::reassembly::run {
namespace {

namespace fs = std::filesystem;

bool has_archive_name(const fs::path& path) {
    constexpr std::array<std::string_view, 5> kEndings{".tar", ".tar.gz", ".tgz", ".tar.zst",
                                                       ".tzst"};
    const auto name = path.filename().string();
    return std::ranges::any_of(
        kEndings, [&](const std::string_view ending) { return name.ends_with(ending); });
}

Result<void> add_archive(const fs::path& path, std::vector<ArchiveFile>& archives) {
    std::error_code error;
    const auto size = fs::file_size(path, error);
    if (error) return system_failure("look at " + path.string(), error.value());
    const auto modified = fs::last_write_time(path, error);
    if (error) return system_failure("look at " + path.string(), error.value());
    archives.push_back(
        {path.lexically_normal().string(), size,
         std::chrono::duration_cast<std::chrono::nanoseconds>(modified.time_since_epoch())
             .count()});
    return {};
}

Result<void> add_folder(const fs::path& folder, std::vector<ArchiveFile>& archives) {
    std::error_code error;
    fs::recursive_directory_iterator at(folder, error);
    for (; !error && at != fs::recursive_directory_iterator(); at.increment(error)) {
        if (at->is_regular_file(error) && has_archive_name(at->path())) {
            TRY_VOID(add_archive(at->path(), archives));
        }
    }
    if (error) return system_failure("read folder " + folder.string(), error.value());
    return {};
}

}  // namespace

Result<std::vector<ArchiveFile>> list_archives(const std::vector<fs::path>& paths) {
    std::vector<ArchiveFile> archives;
    for (const auto& path : paths) {
        std::error_code error;
        if (fs::is_directory(path, error)) {
            TRY_VOID(add_folder(path, archives));
        } else {
            TRY_VOID(add_archive(path, archives));
        }
    }
    std::ranges::sort(archives, {}, &ArchiveFile::key);
    const auto repeated = std::ranges::unique(archives, {}, &ArchiveFile::key);
    archives.erase(repeated.begin(), repeated.end());
    if (archives.size() > std::numeric_limits<std::uint32_t>::max()) {
        return fail(ErrorCode::LimitExceeded, "more than 4,294,967,295 archives");
    }
    return archives;
}

}  // namespace larmor::reassembly::run
