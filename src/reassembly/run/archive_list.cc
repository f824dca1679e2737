#include "reassembly/run/archive_list.h"

#include <algorithm>
#include <array>
#include <limits>

#include "objects/s3/address.h"

namespace larmor::reassembly::run {
namespace {

namespace fs = std::filesystem;
namespace s3 = objects::s3;

// The image side has twice as many threads as --threads says, which are 256 at most: each has
// one window under way, and may wait for the member that a hard link leads to.
constexpr std::size_t kConnectionsMax = 2 * 2 * 256;

bool has_archive_name(std::string_view name) {
    constexpr std::array<std::string_view, 5> kEndings{".tar", ".tar.gz", ".tgz", ".tar.zst",
                                                       ".tzst"};
    return std::ranges::any_of(
        kEndings, [&](const std::string_view ending) { return name.ends_with(ending); });
}

Result<void> add_archive(const fs::path& path, std::vector<ArchiveFile>& archives) {
    std::error_code error;
    const auto size = fs::file_size(path, error);
    if (error) return system_failure("look at " + path.string(), error.value());
    const auto modified = fs::last_write_time(path, error);
    if (error) return system_failure("look at " + path.string(), error.value());
    ArchiveFile archive;
    archive.key = path.lexically_normal().string();
    archive.size_bytes = size;
    archive.modified_ns =
        std::chrono::duration_cast<std::chrono::nanoseconds>(modified.time_since_epoch())
            .count();
    archives.push_back(std::move(archive));
    return {};
}

Result<void> add_folder(const fs::path& folder, std::vector<ArchiveFile>& archives) {
    std::error_code error;
    fs::recursive_directory_iterator at(folder, error);
    for (; !error && at != fs::recursive_directory_iterator(); at.increment(error)) {
        if (at->is_regular_file(error) && has_archive_name(at->path().filename().string())) {
            TRY_VOID(add_archive(at->path(), archives));
        }
    }
    if (error) return system_failure("read folder " + folder.string(), error.value());
    return {};
}

/// What has an archive's name is one; anything else is the start of names.
Result<void> add_from_s3(const std::string& text, std::vector<ArchiveFile>& archives) {
    TRY(const auto address, s3::read_address(text));
    TRY(auto options, s3::client_options(address, s3::environment_variable));
    options.connections.count_max = kConnectionsMax;
    TRY(std::unique_ptr<s3::Client> opened, s3::Client::open(std::move(options)));
    const std::shared_ptr<s3::Client> client = std::move(opened);
    const auto add = [&](const std::string& name, const auto& object) {
        ArchiveFile archive;
        archive.key = address.text_of(name);
        archive.size_bytes = object.size_bytes;
        archive.etag = object.etag;
        archive.is_cold = s3::is_cold(object.storage_class);
        archive.bucket = client;
        archive.name = name;
        archives.push_back(std::move(archive));
    };
    if (has_archive_name(address.key)) {
        TRY(const auto info, client->head(address.key));
        add(address.key, info);
        return {};
    }
    const auto before = archives.size();
    s3::ListOptions listing;
    listing.prefix = address.as_prefix();
    for (;;) {
        TRY(const auto page, client->list(listing));
        for (const auto& object : page.objects) {
            if (has_archive_name(object.key)) add(object.key, object);
        }
        if (page.next.empty()) break;
        listing.token = page.next;
    }
    if (archives.size() > before) return {};
    return fail(ErrorCode::NotFound, "there are no archives below " + address.text());
}

}  // namespace

Result<std::vector<ArchiveFile>> list_archives(const std::vector<fs::path>& paths) {
    std::vector<ArchiveFile> archives;
    for (const auto& path : paths) {
        std::error_code error;
        if (s3::is_s3_address(path.string())) {
            TRY_VOID(add_from_s3(path.string(), archives));
        } else if (fs::is_directory(path, error)) {
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
