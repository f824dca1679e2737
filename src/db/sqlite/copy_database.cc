#include "db/sqlite/copy_database.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/file.h"
#include "db/sqlite/connection.h"

namespace larmor::db::sqlite {
namespace {

const Connection::Settings kSettings{"unix", 16ULL << 20, 0};

class CopySnapshot final : public Snapshot {
public:
    explicit CopySnapshot(Connection& connection) : connection_(connection) {}
    Result<Query> prepare(std::string_view sql) override { return connection_.prepare(sql); }

private:
    Connection& connection_;
};

}  // namespace

Result<void> copy_database(const std::filesystem::path& from, const std::filesystem::path& to) {
    {
        TRY(const auto source, Connection::open(from, Connection::Mode::ReadOnly, kSettings));
        TRY(const auto target, Connection::open(to, Connection::Mode::ReadWrite, kSettings));
        sqlite3_backup* backup =
            sqlite3_backup_init(target->handle(), "main", source->handle(), "main");
        if (backup == nullptr) {
            return tl::unexpected(
                error_of(sqlite3_extended_errcode(target->handle()), target->handle(), "copy"));
        }
        // In one step: one read transaction, so one moment. A log keeps writers going
        // meanwhile.
        const int stepped = sqlite3_backup_step(backup, -1);
        const int finished = sqlite3_backup_finish(backup);
        if (stepped != SQLITE_DONE || finished != SQLITE_OK) {
            const int code = finished != SQLITE_OK ? finished : stepped;
            return tl::unexpected(error_of(code, target->handle(), "copy the rows"));
        }
        // It would be opened with a log of its own otherwise.
        TRY_VOID(target->execute("PRAGMA journal_mode=DELETE"));
    }
    TRY(const UniqueFd file, open_file(to, O_RDONLY));
    if (::fsync(file.get()) != 0) return system_failure("fsync of " + to.string(), errno);
    return sync_directory(to.parent_path());
}

Result<void> read_copy(const std::filesystem::path& copy,
                       const std::function<Result<void>(Snapshot&)>& f) {
    std::error_code error;
    if (!std::filesystem::exists(copy, error)) {
        return fail(ErrorCode::NotFound, copy.string() + " is missing");
    }
    TRY(const auto connection, Connection::open(copy, Connection::Mode::ReadOnly, kSettings));
    CopySnapshot snapshot(*connection);
    return f(snapshot);
}

}  // namespace larmor::db::sqlite
