#pragma once
#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>

#include "db/database.h"

namespace larmor::db::sqlite {

struct SqliteOptions {
    std::filesystem::path path{};   ///< of the library file; its folder is made where missing
    unsigned readers = 4;           ///< connections, and so reads at a time
    std::size_t queued_max = 8192;  ///< write requests that may wait; more are refused
    std::size_t group_max = 512;    ///< requests in one commit
    std::chrono::milliseconds read_limit{5000};   ///< no snapshot is held longer
    std::chrono::milliseconds reader_wait{5000};  ///< for a free connection
    /// Of the writer's pages, taken as they come; 0: by the memory of the machine, see
    /// writer_cache_bytes.
    std::uint64_t cache_bytes = 0;
    std::uint64_t reader_cache_bytes = 16ULL << 20;  ///< of each reader's pages
    std::uint64_t mmap_bytes = 1ULL << 30;           ///< of the file, for readers
    /// The write-ahead log is copied back into the library when it is longer.
    std::uint64_t wal_bytes = 64ULL << 20;
    /// The log is written ahead with zeros, as far again as it is long and at most this much: a
    /// sync that grows no file waits for no commit of the file system's journal (85 us against
    /// 150 us for 4 KiB here, and against milliseconds while other programs write).
    std::uint64_t wal_ahead_bytes = 32ULL << 20;
    /// Called once, from the writer's threads, when a write or sync failed and nothing more is
    /// written; must be quick and must not touch the database.
    std::function<void(const Error&)> on_write_failure{};
    /// For tests: while it points at true, every sync fails as that of a broken disk.
    const std::atomic<bool>* fail_syncs = nullptr;
};

struct SqliteStats {
    std::uint64_t syncs = 0;        ///< fsync and fdatasync by SQLite, all files
    std::uint64_t wal_syncs = 0;    ///< of these, of the write-ahead log
    std::uint64_t checkpoints = 0;  ///< finished
};

class SqliteDatabase : public Database {
public:
    virtual SqliteStats sqlite_stats() const = 0;
    /// Copies the write-ahead log back now; for tests and tools. Blocks.
    virtual Result<void> checkpoint() = 0;
};

/// Opens or makes the library: WAL, synchronous=FULL, foreign keys on. One process owns it:
/// beside it lies `<path>.lock`, locked by flock(2). Its writer thread runs until it is
/// destroyed, which waits for what is queued. Errors: Conflict (another process has it: names
/// its pid), Unsupported (a network file system, where locks and syncs can't be relied on),
/// Corrupt (not a database), NoSpace, Unavailable.
Result<std::unique_ptr<SqliteDatabase>> open_sqlite(SqliteOptions options);

/// A 32nd of `memory`, 128 MiB to 1 GiB. While a snapshot is held open elsewhere, a page that
/// is not cached is looked for in all of a long log; with this a queue of a million messages
/// stays cached on a machine of 24 GiB.
std::uint64_t writer_cache_bytes(std::uint64_t memory);

/// True for the f_type of statfs(2) of NFS, SMB/CIFS, AFS, Coda, Ceph, 9P, Lustre, GFS2 and
/// OCFS2.
bool is_network_file_system(std::int64_t f_type);

}  // namespace larmor::db::sqlite
