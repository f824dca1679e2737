#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <set>

#include "async/at_once.h"
#include "base/file.h"
#include "base/ids.h"
#include "index/lake/store.h"

namespace larmor::index::lake {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kTextMaxBytes = std::uint64_t{256} << 20;
/// As much as a commit may write at once, about.
constexpr off_t kProbeBytes = off_t{16} << 20;

class FolderStore final : public Store {
public:
    explicit FolderStore(fs::path folder) : folder_(std::move(folder)) {}

    Result<fs::path> readable(const std::string& name) override { return folder_ / name; }

    Result<fs::path> writable(const std::string& name) override {
        fs::path path = folder_ / name;
        TRY_VOID(make_folder(path.parent_path()));
        return path;
    }

    Result<std::vector<std::int64_t>> keep(const std::vector<std::string>& names) override {
        std::vector<std::int64_t> sizes(names.size());
        // Syncs that wait together are one write of the journal.
        TRY_VOID(async::at_once(names.size(), [&](std::size_t i) -> Result<void> {
            TRY(const auto file, open_file(folder_ / names[i], O_RDONLY));
            TRY_VOID(sync_data(file));
            TRY(const auto size, size_of(file));
            sizes[i] = static_cast<std::int64_t>(size);
            return {};
        }));
        std::set<fs::path> above;
        for (const auto& name : names) {
            for (auto at = (folder_ / name).parent_path();; at = at.parent_path()) {
                above.insert(at);
                if (at == folder_) break;
            }
        }
        const std::vector<fs::path> folders(above.begin(), above.end());
        TRY_VOID(async::at_once(folders.size(),
                                [&](std::size_t i) { return sync_directory(folders[i]); }));
        return sizes;
    }

    Result<std::string> get(const std::string& name) override {
        return read_file(folder_ / name, kTextMaxBytes);
    }

    Result<void> put_new(const std::string& name, std::string_view text) override {
        return put(name, text, RENAME_NOREPLACE);
    }
    Result<void> put(const std::string& name, std::string_view text) override {
        return put(name, text, 0);
    }

    Result<std::vector<std::string>> list(const std::string& prefix) override {
        std::vector<std::string> names;
        std::error_code error;
        fs::recursive_directory_iterator at(folder_ / prefix, error);
        if (error == std::errc::no_such_file_or_directory) return names;
        for (; !error && at != fs::recursive_directory_iterator(); at.increment(error)) {
            if (at->is_regular_file(error)) {
                names.push_back(at->path().lexically_relative(folder_).generic_string());
            }
        }
        if (error) return system_failure("list " + folder_.string(), error.value());
        return names;
    }

    Result<void> remove(const std::vector<std::string>& names) override {
        for (const auto& name : names) {
            const fs::path path = folder_ / name;
            if (::unlink(path.c_str()) != 0 && errno != ENOENT) {
                return system_failure("remove " + path.string(), errno);
            }
            if (path.string().starts_with((folder_ / kTemporary).string() + "/")) {
                remove_empty_above(path);
            }
        }
        return {};
    }

    Result<void> probe() override {
        TRY_VOID(make_folder(folder_ / kTemporary));
        const fs::path path = temporary();
        auto file = open_file(path, O_RDWR | O_CREAT | O_EXCL);
        if (!file) return tl::unexpected(std::move(file).error());
        const int failed = ::posix_fallocate(file->get(), 0, kProbeBytes);
        ::unlink(path.c_str());
        if (failed != 0) return system_failure("make room in " + folder_.string(), failed);
        return {};
    }

    void forget_copies() override {}
    Result<void> forget_changed() override { return {}; }

    Result<UniqueFd> lock() override {
        TRY_VOID(make_folder(folder_ / "_larmor"));
        const fs::path path = folder_ / std::string(kLockName);
        TRY(auto file, open_file(path, O_RDWR | O_CREAT));
        while (::flock(file.get(), LOCK_EX) != 0) {
            if (errno != EINTR) return system_failure("lock " + path.string(), errno);
        }
        return file;
    }
    std::string root() const override { return folder_.string() + "/"; }

private:
    static constexpr const char* kTemporary = "_larmor/tmp";

    /// Folders in there are of one commit each, whose files go one by one.
    void remove_empty_above(const fs::path& path) const {
        for (auto at = path.parent_path(); at != folder_ / kTemporary; at = at.parent_path()) {
            if (::rmdir(at.c_str()) != 0) return;
        }
    }

    fs::path temporary() const { return folder_ / kTemporary / random_id(); }

    static Result<void> make_folder(const fs::path& path) {
        std::error_code error;
        fs::create_directories(path, error);
        if (error) return system_failure("make " + path.string(), error.value());
        return {};
    }

    Result<void> put(const std::string& name, std::string_view text, unsigned flags) {
        const fs::path path = folder_ / name;
        TRY_VOID(make_folder(path.parent_path()));
        TRY_VOID(make_folder(folder_ / kTemporary));
        const fs::path before = temporary();
        auto written = write_whole(before, text);
        if (written &&
            ::renameat2(AT_FDCWD, before.c_str(), AT_FDCWD, path.c_str(), flags) != 0) {
            written = errno == EEXIST ? Result<void>(fail(ErrorCode::Conflict,
                                                          path.string() + " is there already"))
                                      : system_failure("name " + path.string(), errno);
        }
        if (!written) {
            ::unlink(before.c_str());
            return written;
        }
        return sync_directory(path.parent_path());
    }
    static Result<void> write_whole(const fs::path& path, std::string_view text) {
        TRY(const auto file, open_file(path, O_WRONLY | O_CREAT | O_EXCL));
        TRY_VOID(write_all(file, as_bytes(text)));
        return sync_data(file);
    }

    const fs::path folder_;
};

}  // namespace

Result<std::unique_ptr<Store>> open_folder(const fs::path& folder) {
    std::error_code error;
    fs::path whole = fs::absolute(folder, error).lexically_normal();
    // `/lake/` is another path than the parent of what is in it.
    if (!whole.has_filename()) whole = whole.parent_path();
    fs::create_directories(whole, error);
    if (error) return system_failure("make " + whole.string(), error.value());
    return std::make_unique<FolderStore>(std::move(whole));
}

}  // namespace larmor::index::lake
