#include <fcntl.h>

#include "audit/verify.h"
#include "backup/backup.h"
#include "backup/copy_file.h"
#include "backup/copy_trail.h"
#include "backup/layout.h"
#include "catalog/check.h"
#include "db/sqlite/copy_database.h"
#include "objects/local/segment_format.h"
#include "objects/local/stored_rows.h"
#include "objects/local/upload.h"
#include "objects/local/verify_object.h"

namespace larmor::backup {
namespace {

namespace fs = std::filesystem;
namespace local = objects::local;

class Restore {
public:
    Restore(const fs::path& directory, const fs::path& target, Observer& observer)
        : layout_{directory},
          target_(target),
          store_(target / "objects"),
          observer_(observer) {}

    Result<Summary> run() {
        TRY(const auto manifest, read_manifest(layout_));
        if (!manifest) {
            return fail(ErrorCode::NotFound,
                        "there is no complete backup in " + layout_.directory.string());
        }
        summary_.number = manifest->number;
        const fs::path rows = layout_.rows(manifest->number);
        const fs::path unfinished = unfinished_library(target_);
        for (const auto& folder :
             {unfinished, store_ / "segments", store_ / "files", store_ / "incoming"}) {
            TRY_VOID(make_folder(folder));
        }
        const fs::path copy = unfinished / "library.sqlite";
        TRY(const Sha256 hash, copy_file(rows, manifest->rows_bytes, copy));
        if (hash != manifest->rows_sha256) {
            return fail(ErrorCode::Corrupt, rows.string() + " was changed since the backup");
        }
        TRY_VOID(db::sqlite::read_copy(
            copy, [&](db::Snapshot& snapshot) { return copy_objects(snapshot); }));
        TRY_VOID(copy_audit(*manifest));
        summary_.created = manifest->created;
        return summary_;
    }

private:
    Result<void> copy_objects(db::Snapshot& rows) {
        TRY(const local::StoredRows stored, local::read_stored_rows(rows));
        summary_.objects = stored.objects;
        TRY(summary_.instances, catalog::count_instances(rows));
        for (const auto& [number, segment] : stored.segments) {
            std::error_code error;
            fs::path from = layout_.sealed_segment(number);
            if (!segment.is_sealed || !fs::exists(from, error)) {
                from = layout_.open_segment(number, summary_.number);
            }
            const auto bytes = fs::file_size(from, error);
            if (error) {
                damaged("segment " + std::to_string(number), "the backup lacks its file");
                continue;
            }
            TRY_VOID(copy_file(from, bytes, store_ / "segments" / local::segment_name(number)));
        }
        return local::for_each_object(rows, [&](const objects::ObjectLocation& location) {
            return location.segment == 0 ? copy_object_file(location) : Result<void>();
        });
    }

    /// Without the anchor, that of the manifest stands for it.
    Result<void> copy_audit(const Manifest& manifest) {
        const fs::path to = target_ / "audit";
        TRY(const auto copied, copy_trail(layout_.audit_folder(), to, [&](std::uint64_t bytes) {
                return count_file(bytes);
            }));
        if (manifest.audit_anchor.empty()) {
            if (copied.damage) damaged("the audit trail", copied.damage->message);
            return {};
        }
        TRY(const audit::Anchor anchor, audit::parse_anchor(manifest.audit_anchor));
        audit::VerifyOptions options;
        options.anchor = anchor;
        const auto verified = audit::verify_trail(to, std::move(options));
        if (!verified) damaged("the audit trail of the backup", verified.error().message);
        std::error_code error;
        fs::create_directories(to, error);
        fs::permissions(to, fs::perms::owner_all, error);
        // A trail that lost its end or is gone is found out when the library is opened.
        return audit::write_anchor(to, anchor);
    }

    Result<void> copy_object_file(const objects::ObjectLocation& location) {
        const fs::path from = layout_.files_folder() / Layout::file_name(location);
        const fs::path to = local::file_of(store_, location);
        std::error_code error;
        // Two objects may share one file.
        if (fs::exists(to, error)) return {};
        TRY_VOID(
            local::make_directories(store_ / "files", fs::path(location.key).parent_path()));
        const auto hash = copy_file(from, location.size_bytes, to);
        if (!hash && hash.error().code != ErrorCode::NotFound &&
            hash.error().code != ErrorCode::Corrupt) {
            return tl::unexpected(hash.error());
        }
        if (!hash) {
            damaged(objects::place_of(location), "the backup lacks its bytes");
        } else if (*hash != location.sha256) {
            damaged(objects::place_of(location), "the backup's bytes have another hash");
        }
        return {};
    }

    Result<Sha256> copy_file(const fs::path& from, std::uint64_t bytes, const fs::path& to) {
        TRY(const UniqueFd source, open_file(from, O_RDONLY));
        TRY(NewFile file, NewFile::make(to));
        TRY(const Sha256 hash, copy_bytes(source, bytes, file.file()));
        TRY_VOID(file.give_name());
        TRY_VOID(count_file(bytes));
        return hash;
    }
    Result<void> count_file(std::uint64_t bytes) {
        ++summary_.files_copied;
        summary_.bytes_copied += bytes;
        if (observer_.copied(summary_.files_copied, summary_.bytes_copied)) return {};
        return fail(ErrorCode::Cancelled, "stopped: " + target_.string() + " is no library");
    }
    void damaged(const std::string& where, const std::string& what) {
        ++summary_.damaged;
        observer_.damaged(where, what);
    }

    const Layout layout_;
    const fs::path target_;
    const fs::path store_;
    Observer& observer_;
    Summary summary_;
};

}  // namespace

Result<Summary> lay_down(const std::filesystem::path& directory,
                         const std::filesystem::path& target, Observer& observer) {
    std::error_code error;
    if (fs::exists(target, error) &&
        !(fs::is_directory(target, error) && fs::is_empty(target, error))) {
        return fail(ErrorCode::Conflict,
                    target.string() + " is not empty: restore into a new folder");
    }
    return Restore(fs::absolute(directory), fs::absolute(target), observer).run();
}

std::filesystem::path unfinished_library(const std::filesystem::path& target) {
    return target / "restoring";
}

Result<void> finish_restore(const std::filesystem::path& target) {
    const fs::path unfinished = unfinished_library(target);
    std::error_code error;
    if (fs::exists(unfinished / "library.sqlite-wal", error)) {
        return fail(ErrorCode::Conflict, "the restored database is still open");
    }
    TRY(const UniqueFd rows, open_file(unfinished / "library.sqlite", O_RDWR));
    TRY_VOID(sync_data(rows));
    fs::rename(unfinished / "library.sqlite", target / "library.sqlite", error);
    if (error) return system_failure("name the restored library", error.value());
    fs::remove_all(unfinished, error);
    if (error) return system_failure("remove " + unfinished.string(), error.value());
    return sync_directory(target);
}

}  // namespace larmor::backup
