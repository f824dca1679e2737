#include "objects/local/upload.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <vector>

#include "objects/local/names_hold.h"
#include "objects/local/rows.h"

namespace larmor::objects::local {
namespace {

/// Writeback of what has come begins while the rest comes, so that the sync at the end is
/// short.
constexpr std::uint64_t kWritebackBytes = 8ULL << 20;

/// Size and hash of a file, read once.
struct Content {
    std::uint64_t size_bytes = 0;
    Sha256 sha256{};
};
Result<Content> read_content(const UniqueFd& file) {
    std::vector<std::byte> piece(1 << 20);
    Sha256Stream hash;
    Content content;
    for (;;) {
        TRY(const std::size_t count, read_some(file, piece));
        if (count == 0) break;
        hash.update(Bytes(piece).first(count));
        content.size_bytes += count;
    }
    content.sha256 = hash.finish();
    return content;
}

/// Passes the outcome of a change of the disk on; one that failed for another reason than a
/// full disk stops the store: the kernel may have dropped the pages, and what else it dropped
/// nobody knows. Then the error is that of a stopped store.
Result<void> noted(const FileArea& area, Result<void> outcome) {
    if (outcome || outcome.error().code == ErrorCode::NoSpace || !area.stop_writing) {
        return outcome;
    }
    area.stop_writing(outcome.error());
    return area.check_writing();
}

Result<void> synced(const FileArea& area, const UniqueFd& file) {
    const bool fails = area.fail_syncs != nullptr && area.fail_syncs->load();
    return noted(area, fails ? fail(ErrorCode::Unavailable, "the sync was made to fail")
                             : sync_data(file));
}

class LocalUpload final : public Upload {
public:
    LocalUpload(FileArea& area, std::string key, std::int64_t intent, UniqueFd file)
        : area_(area), key_(std::move(key)), intent_(intent), file_(std::move(file)) {}

    ~LocalUpload() override {
        if (finished_) return;
        // If this fails, the intent stays and the next start cleans up.
        static_cast<void>(clean_up_intent(area_, intent_, key_));
    }

    Result<void> write(Bytes piece) override {
        if (failed_) return tl::unexpected(*failed_);
        if (auto written = noted(area_, write_all(file_, piece)); !written) {
            failed_ = written.error();
            return written;
        }
        hash_.update(piece);
        size_ += piece.size();
        if (size_ - written_back_ >= kWritebackBytes) {
            // Only a hint: what counts is the sync in finish.
            static_cast<void>(::sync_file_range(file_.get(), static_cast<off_t>(written_back_),
                                                static_cast<off_t>(size_ - written_back_),
                                                SYNC_FILE_RANGE_WRITE));
            written_back_ = size_;
        }
        return {};
    }

    Result<MappedFile> map() override { return MappedFile::map(file_); }
    std::uint64_t size_bytes() const override { return size_; }

    Result<StagedObject> finish(
        const std::function<std::string(const Sha256&)>& key_of) override {
        if (failed_) return tl::unexpected(*failed_);
        LARMOR_CHECK(!finished_);
        const Sha256 sha256 = hash_.finish();
        // Whatever goes wrong from here on, the hash can't be continued.
        failed_ = Error{ErrorCode::Unavailable, "the upload was finished before"};
        TRY_VOID(synced(area_, file_));
        if (key_of) {
            std::string key = key_of(sha256);
            if (!is_object_key(key)) return fail(ErrorCode::InvalidInput, "not an object key");
            if (key != key_) {
                TRY_VOID(area_.database.write_and_wait(
                    [&](db::Transaction& tx) { return rename_intent(tx, intent_, key); }));
                key_ = std::move(key);
            }
        }
        TRY_VOID(give_name(sha256));
        finished_ = true;
        StagedObject staged;
        staged.location.key = key_;
        staged.location.size_bytes = size_;
        staged.location.sha256 = sha256;
        staged.intent = intent_;
        return staged;
    }

private:
    /// Moves the file to its final name and makes the name durable.
    Result<void> give_name(const Sha256& sha256) {
        const auto temporary = incoming_path(area_, intent_);
        const auto final_path = area_.files / key_;
        TRY(const NamesHold hold, NamesHold::take(area_.incoming));
        TRY_VOID(noted(
            area_, make_directories(area_.files, std::filesystem::path(key_).parent_path())));
        if (::renameat2(AT_FDCWD, temporary.c_str(), AT_FDCWD, final_path.c_str(),
                        RENAME_NOREPLACE) != 0) {
            if (errno != EEXIST) {
                return noted(area_, system_failure("give an object its name", errno));
            }
            TRY(const UniqueFd there, open_file(final_path, O_RDONLY));
            TRY(const Content content, read_content(there));
            if (content.size_bytes != size_ || content.sha256 != sha256) {
                return fail(ErrorCode::Conflict,
                            "other bytes stand under the key of this object");
            }
            // It may be there since an upload whose sync never came.
            TRY_VOID(synced(area_, there));
            if (::unlink(temporary.c_str()) != 0) {
                return system_failure("remove a temporary file", errno);
            }
        }
        return noted(area_, sync_directory(final_path.parent_path()));
    }

    FileArea& area_;
    std::string key_;
    const std::int64_t intent_;
    UniqueFd file_;
    Sha256Stream hash_;
    std::uint64_t size_ = 0;
    std::uint64_t written_back_ = 0;
    bool finished_ = false;
    std::optional<Error> failed_;
};

/// Removes a file; the bytes that it had, 0 when it was not there.
Result<std::uint64_t> remove_file(const std::filesystem::path& path) {
    struct stat status{};
    if (::stat(path.c_str(), &status) != 0) {
        if (errno == ENOENT || errno == ENOTDIR) return 0;
        return system_failure("stat " + path.string(), errno);
    }
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) {
        return system_failure("remove " + path.string(), errno);
    }
    // Its row goes next: a name that came back after a crash would stay for ever.
    TRY_VOID(sync_directory(path.parent_path()));
    return static_cast<std::uint64_t>(status.st_size);
}

}  // namespace

std::filesystem::path incoming_path(const FileArea& area, std::int64_t intent) {
    return area.incoming / (std::to_string(intent) + ".part");
}

Result<void> make_directories(const std::filesystem::path& root,
                              const std::filesystem::path& below) {
    auto parent = root;
    for (const auto& part : below) {
        const auto directory = parent / part;
        if (::mkdir(directory.c_str(), 0750) == 0) {
            TRY_VOID(sync_directory(parent));
        } else if (errno != EEXIST) {
            return system_failure("make folder " + directory.string(), errno);
        }
        parent = directory;
    }
    return {};
}

Result<std::unique_ptr<Upload>> begin_local_upload(FileArea& area, std::string key) {
    if (!is_object_key(key)) return fail(ErrorCode::InvalidInput, "not an object key");
    if (area.check_writing) TRY_VOID(area.check_writing());
    const auto now = area.clock.now().time_since_epoch().count();
    TRY(const std::int64_t intent, area.database.write_and_wait([&](db::Transaction& tx) {
        return insert_intent(tx, key, now, area.writer);
    }));
    // Truncated: a number can come again after a crash before its row was durable elsewhere.
    TRY(UniqueFd file, open_file(incoming_path(area, intent), O_RDWR | O_CREAT | O_TRUNC));
    return std::make_unique<LocalUpload>(area, std::move(key), intent, std::move(file));
}

Result<std::uint64_t> remove_unneeded_file(FileArea& area, const std::string& key,
                                           std::int64_t but_intent, std::int64_t but_garbage) {
    TRY(const NamesHold hold, NamesHold::take(area.incoming));
    TRY(const bool needed, area.database.read([&](db::Snapshot& snapshot) {
        return is_key_needed(snapshot, key, but_intent, but_garbage);
    }));
    if (needed) return 0;
    return remove_file(area.files / key);
}

Result<std::uint64_t> clean_up_intent(FileArea& area, std::int64_t intent,
                                      const std::string& key) {
    TRY(const std::uint64_t temporary, remove_file(incoming_path(area, intent)));
    TRY(const std::uint64_t named, remove_unneeded_file(area, key, intent, 0));
    // Last: until here a crash leaves the intent, and the next start does the rest.
    auto removed = area.database.write_and_wait(
        [&](db::Transaction& tx) { return remove_intent(tx, intent); });
    if (!removed && removed.error().code != ErrorCode::Conflict) {
        return tl::unexpected(removed.error());
    }
    return temporary + named;
}

}  // namespace larmor::objects::local
