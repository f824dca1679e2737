#include "backup/backup.h"

#include <fcntl.h>

#include <algorithm>

#include "backup/copy_file.h"
#include "backup/copy_trail.h"
#include "backup/layout.h"
#include "base/clock.h"
#include "catalog/check.h"
#include "db/sqlite/copy_database.h"
#include "db/sqlite/library_lock.h"
#include "events/event_log.h"
#include "objects/local/removal_hold.h"
#include "objects/local/segment_format.h"
#include "objects/local/stored_rows.h"
#include "objects/local/upload.h"
#include "objects/local/verify_object.h"

namespace larmor::backup {
namespace {

namespace fs = std::filesystem;
namespace local = objects::local;

class Backup {
public:
    Backup(const fs::path& library, const fs::path& directory, Observer& observer)
        : library_(library),
          store_(library / "objects"),
          layout_{directory},
          observer_(observer) {}

    Result<Summary> run() {
        for (const auto& folder :
             {layout_.rows_folder(), layout_.segments_folder(), layout_.files_folder()}) {
            TRY_VOID(make_folder(folder));
        }
        TRY(const auto last, read_manifest(layout_));
        number_ = summary_.number = last ? last->number + 1 : 1;
        const fs::path rows = layout_.rows(number_);
        TRY_VOID(copy_rows(rows));
        auto copied = db::sqlite::read_copy(
            rows, [&](db::Snapshot& snapshot) { return copy_objects(snapshot); });
        if (!copied) {
            // What was copied of objects is of use to the next one, the rows are not.
            std::error_code ignored;
            fs::remove(rows, ignored);
            return tl::unexpected(copied.error());
        }

        Manifest manifest;
        // Last, so that it has the record of everything that the rows show.
        TRY(manifest.audit_anchor, copy_audit());
        manifest.number = number_;
        manifest.created = to_iso8601(system_clock().now());
        manifest.rows_bytes = fs::file_size(rows);
        TRY(manifest.rows_sha256, hash_of(rows));
        TRY_VOID(write_manifest(layout_, manifest));
        remove_what_is_older();
        return summary_;
    }

private:
    Result<void> copy_rows(const fs::path& rows) {
        // An interrupted backup may have left them under the same number.
        std::error_code error;
        for (const auto& path : {rows, fs::path(rows.string() + "-journal")}) {
            fs::remove(path, error);
            if (error) return system_failure("remove " + path.string(), error.value());
        }
        TRY_VOID(db::sqlite::copy_database(library_ / "library.sqlite", rows));
        return count_file(fs::file_size(rows));
    }

    Result<std::string> copy_audit() {
        TRY(const auto copied,
            copy_trail(library_ / "audit", layout_.audit_folder(),
                       [&](std::uint64_t bytes) { return count_file(bytes); }));
        if (copied.damage) damaged("the audit trail", copied.damage->message);
        return copied.end ? audit::to_text(*copied.end) : std::string();
    }

    Result<void> copy_objects(db::Snapshot& rows) {
        TRY(const local::StoredRows stored, local::read_stored_rows(rows));
        TRY(const std::int64_t epoch, events::read_epoch(rows));
        TRY_VOID(claim(layout_, {to_hex(stored.store), epoch}));
        summary_.objects = stored.objects;
        TRY(summary_.instances, catalog::count_instances(rows));
        TRY_VOID(local::for_each_object(rows, [&](const objects::ObjectLocation& location) {
            return location.segment == 0 ? copy_object_file(location) : Result<void>();
        }));
        return copy_segments(rows, stored);
    }

    Result<void> copy_object_file(const objects::ObjectLocation& location) {
        const fs::path name = Layout::file_name(location);
        const fs::path to = layout_.files_folder() / name;
        std::error_code error;
        // It has its name only when it was complete, and its hash is in the name.
        if (fs::exists(to, error)) return {};
        const auto from = open_file(local::file_of(store_, location), O_RDONLY);
        if (!from) {
            damaged(objects::place_of(location), "the file is missing or can't be opened");
            return {};
        }
        TRY_VOID(local::make_directories(layout_.files_folder(), name.parent_path()));
        TRY(NewFile file, NewFile::make(to));
        const auto hash = copy_bytes(*from, location.size_bytes, file.file());
        if (!hash && hash.error().code != ErrorCode::Corrupt) {
            return tl::unexpected(hash.error());
        }
        if (!hash || *hash != location.sha256) {
            fs::remove(to.string() + ".part", error);
            damaged(objects::place_of(location), "the bytes have another hash");
            return {};
        }
        TRY_VOID(file.give_name());
        return count_file(location.size_bytes);
    }

    /// A sealed segment never changes: what has its name is complete. One that is still written
    /// has gaps that later groups fill: it is copied whole each time, under a new name.
    Result<void> copy_segments(db::Snapshot& rows, const local::StoredRows& stored) {
        for (const auto& [number, segment] : stored.segments) {
            std::error_code error;
            if (segment.is_sealed && fs::exists(layout_.sealed_segment(number), error))
                continue;
            TRY_VOID(copy_segment(number, segment));
        }
        if (fresh_.empty()) return {};
        TRY_VOID(local::for_each_object(
            rows, [&](const objects::ObjectLocation& location) { return verify(location); }));
        for (auto& [number, copy] : fresh_) {
            if (!copy.is_sealed || !copy.is_good) continue;
            std::error_code error;
            fs::rename(layout_.open_segment(number, number_), layout_.sealed_segment(number),
                       error);
            if (error) return system_failure("name a segment", error.value());
        }
        return sync_directory(layout_.segments_folder());
    }

    Result<void> copy_segment(std::int64_t number, const local::StoredSegment& segment) {
        const std::string where = "segment " + std::to_string(number);
        const auto from =
            open_file(store_ / "segments" / local::segment_name(number), O_RDONLY);
        if (!from) {
            damaged(where, "the file is missing or can't be opened");
            return {};
        }
        TRY(const std::uint64_t there, size_of(*from));
        const std::uint64_t bytes = std::min(segment.bytes, there);
        auto& copy = fresh_[number];
        copy = {segment.is_sealed, bytes == segment.bytes};
        if (!copy.is_good) damaged(where, "the file ends at byte " + std::to_string(there));
        TRY(NewFile file, NewFile::make(layout_.open_segment(number, number_)));
        TRY_VOID(copy_bytes(*from, bytes, file.file()));
        TRY_VOID(file.give_name());
        return count_file(bytes);
    }

    Result<void> verify(const objects::ObjectLocation& location) {
        const auto found = fresh_.find(location.segment);
        if (found == fresh_.end()) return {};
        if (open_number_ != location.segment) {
            TRY(open_file_,
                open_file(layout_.open_segment(location.segment, number_), O_RDONLY));
            open_number_ = location.segment;
        }
        const auto verified = local::verify_object(open_file_, location);
        if (verified) return {};
        if (verified.error().code != ErrorCode::Corrupt) return verified;
        found->second.is_good = false;
        damaged(objects::place_of(location), "the bytes are not what its row says");
        return {};
    }

    Result<void> count_file(std::uint64_t bytes) {
        ++summary_.files_copied;
        summary_.bytes_copied += bytes;
        if (observer_.copied(summary_.files_copied, summary_.bytes_copied)) return {};
        return fail(ErrorCode::Cancelled, "stopped; the backup before this one stands");
    }
    void damaged(const std::string& where, const std::string& what) {
        ++summary_.damaged;
        observer_.damaged(where, what);
    }

    /// Rows and growing segments of other backups. What fails here, the next one removes.
    void remove_what_is_older() const {
        std::error_code error;
        const fs::path rows = layout_.rows(number_);
        for (const auto& entry : fs::directory_iterator(layout_.rows_folder(), error)) {
            if (entry.path() != rows) fs::remove(entry.path(), error);
        }
        const std::string mine = layout_.open_segment(1, number_).stem().extension().string();
        for (const auto& entry : fs::directory_iterator(layout_.segments_folder(), error)) {
            const bool other =
                entry.path().extension() == ".open" && entry.path().stem().extension() != mine;
            if (other || entry.path().extension() == ".part") fs::remove(entry.path(), error);
        }
    }

    struct Copy {
        bool is_sealed = false;
        bool is_good = true;
    };

    const fs::path library_;
    const fs::path store_;
    const Layout layout_;
    Observer& observer_;
    Summary summary_;
    std::int64_t number_ = 0;
    std::map<std::int64_t, Copy> fresh_;  ///< segments that this backup copied
    std::int64_t open_number_ = 0;
    UniqueFd open_file_;
};

}  // namespace

Result<Summary> backup(const std::filesystem::path& library,
                       const std::filesystem::path& directory, Observer& observer) {
    std::error_code error;
    if (!fs::exists(library / "library.sqlite", error)) {
        return fail(ErrorCode::NotFound, "there is no library in " + library.string());
    }
    TRY_VOID(make_folder(directory));
    TRY(const auto one_at_a_time, db::sqlite::LibraryLock::take(directory / "backup"));
    TRY(const auto hold, local::RemovalHold::take_shared(library / "objects" / "files"));
    return Backup(library, fs::absolute(directory), observer).run();
}

}  // namespace larmor::backup
