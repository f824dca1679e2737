#include "db/sqlite/log_vfs.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <new>
#include <vector>

#include "base/result.h"

namespace larmor::db::sqlite {
namespace {

/// Frames that are gathered before they are written.
constexpr std::size_t kGatheredMax = 1 << 20;

/// Our part of an open file; the file of the layer below follows it in the same memory.
struct LayeredFile {
    sqlite3_file base;
    LogVfs* layer;
    bool is_log;
    sqlite3_int64 written_end;  ///< of the log: bytes that exist, zeros included
    /// Of the log: bytes that SQLite has written and we have not, and where they go.
    std::vector<char> gathered;
    sqlite3_int64 gathered_at;

    sqlite3_file* below();
    sqlite3_int64 gathered_end() const {
        return gathered_at + static_cast<sqlite3_int64>(gathered.size());
    }
};
constexpr std::size_t kBelowOffset = (sizeof(LayeredFile) + alignof(std::max_align_t) - 1) /
                                     alignof(std::max_align_t) * alignof(std::max_align_t);

sqlite3_file* LayeredFile::below() {
    return reinterpret_cast<sqlite3_file*>(reinterpret_cast<char*>(this) + kBelowOffset);
}

sqlite3_file* below(sqlite3_file* file) {
    return reinterpret_cast<LayeredFile*>(file)->below();
}

/// In pieces: SQLite's own layer takes the count of bytes modulo 128 KiB for one call of
/// write(2), and reports a full disk when nothing is left.
int write_below(LayeredFile& file, const char* from, std::size_t count, sqlite3_int64 offset) {
    constexpr std::size_t kPiece = 1 << 16;
    for (std::size_t at = 0; at < count;) {
        const std::size_t piece = std::min(count - at, kPiece);
        const int code =
            file.below()->pMethods->xWrite(file.below(), from + at, static_cast<int>(piece),
                                           offset + static_cast<sqlite3_int64>(at));
        if (code != SQLITE_OK) return code;
        at += piece;
    }
    return SQLITE_OK;
}

/// Makes the log exist beyond `end`, which is the end of the file: at least as far again as it
/// is long, so that it grows a few times only, up to what the options say.
void write_ahead(LayeredFile& file, sqlite3_int64 end) {
    static constexpr std::array<char, 1 << 18> kZeros{};
    constexpr sqlite3_int64 kFirst = 1 << 20;
    const auto most = static_cast<sqlite3_int64>(file.layer->ahead_bytes());
    const auto target = end + std::min(most, std::max(end, kFirst));
    for (sqlite3_int64 at = end; at < target;) {
        const auto count =
            static_cast<std::size_t>(std::min<sqlite3_int64>(target - at, kZeros.size()));
        // A disk too full for zeros may still have room for frames: not a failure of theirs.
        if (write_below(file, kZeros.data(), count, at) != SQLITE_OK) return;
        at += static_cast<sqlite3_int64>(count);
        file.written_end = at;
    }
}

/// Writes what was gathered, with one call.
int flush(LayeredFile& file) {
    if (file.gathered.empty()) return SQLITE_OK;
    const sqlite3_int64 end = file.gathered_end();
    const int code =
        write_below(file, file.gathered.data(), file.gathered.size(), file.gathered_at);
    file.gathered.clear();
    if (code != SQLITE_OK || end <= file.written_end || file.layer->ahead_bytes() == 0) {
        return code;
    }
    if (file.below()->pMethods->xFileSize(file.below(), &file.written_end) == SQLITE_OK &&
        file.written_end == end) {
        write_ahead(file, end);
    }
    return SQLITE_OK;
}

int file_close(sqlite3_file* file) {
    auto& layered = *reinterpret_cast<LayeredFile*>(file);
    flush(layered);
    const int code = below(file)->pMethods->xClose(below(file));
    layered.~LayeredFile();
    return code;
}
int file_read(sqlite3_file* file, void* to, int count, sqlite3_int64 offset) {
    if (const int code = flush(*reinterpret_cast<LayeredFile*>(file)); code != SQLITE_OK) {
        return code;
    }
    return below(file)->pMethods->xRead(below(file), to, count, offset);
}
int file_write(sqlite3_file* file, const void* from, int count, sqlite3_int64 offset) {
    auto& layered = *reinterpret_cast<LayeredFile*>(file);
    const auto* bytes = static_cast<const char*>(from);
    if (!layered.is_log) {
        return write_below(layered, bytes, static_cast<std::size_t>(count), offset);
    }
    // Two calls for each page otherwise, some 20 to 40 for a commit. Nobody can see a frame
    // before the commit that ends it was synced (synchronous=FULL), and the sync flushes.
    if (!layered.gathered.empty() &&
        (offset != layered.gathered_end() || layered.gathered.size() > kGatheredMax)) {
        if (const int code = flush(layered); code != SQLITE_OK) return code;
    }
    if (layered.gathered.empty()) layered.gathered_at = offset;
    layered.gathered.insert(layered.gathered.end(), bytes, bytes + count);
    return SQLITE_OK;
}
int file_truncate(sqlite3_file* file, sqlite3_int64 size) {
    auto& layered = *reinterpret_cast<LayeredFile*>(file);
    if (const int code = flush(layered); code != SQLITE_OK) return code;
    layered.written_end = std::min(layered.written_end, size);
    return below(file)->pMethods->xTruncate(below(file), size);
}
int file_sync(sqlite3_file* file, int flags) {
    auto& layered = *reinterpret_cast<LayeredFile*>(file);
    layered.layer->syncs.fetch_add(1, std::memory_order_relaxed);
    if (layered.is_log) layered.layer->log_syncs.fetch_add(1, std::memory_order_relaxed);
    if (const int code = flush(layered); code != SQLITE_OK) return code;
    if (layered.layer->sync_fails()) return SQLITE_IOERR_FSYNC;
    return below(file)->pMethods->xSync(below(file), flags);
}
int file_size(sqlite3_file* file, sqlite3_int64* size) {
    if (const int code = flush(*reinterpret_cast<LayeredFile*>(file)); code != SQLITE_OK) {
        return code;
    }
    return below(file)->pMethods->xFileSize(below(file), size);
}
int file_lock(sqlite3_file* file, int level) {
    return below(file)->pMethods->xLock(below(file), level);
}
int file_unlock(sqlite3_file* file, int level) {
    return below(file)->pMethods->xUnlock(below(file), level);
}
int file_check_reserved_lock(sqlite3_file* file, int* result) {
    return below(file)->pMethods->xCheckReservedLock(below(file), result);
}
int file_control(sqlite3_file* file, int operation, void* argument) {
    return below(file)->pMethods->xFileControl(below(file), operation, argument);
}
int file_sector_size(sqlite3_file* file) {
    return below(file)->pMethods->xSectorSize(below(file));
}
int file_characteristics(sqlite3_file* file) {
    return below(file)->pMethods->xDeviceCharacteristics(below(file));
}
int file_shm_map(sqlite3_file* file, int page, int size, int extend, volatile void** to) {
    return below(file)->pMethods->xShmMap(below(file), page, size, extend, to);
}
int file_shm_lock(sqlite3_file* file, int offset, int count, int flags) {
    return below(file)->pMethods->xShmLock(below(file), offset, count, flags);
}
void file_shm_barrier(sqlite3_file* file) {
    below(file)->pMethods->xShmBarrier(below(file));
}
int file_shm_unmap(sqlite3_file* file, int remove) {
    return below(file)->pMethods->xShmUnmap(below(file), remove);
}
int file_fetch(sqlite3_file* file, sqlite3_int64 offset, int count, void** to) {
    return below(file)->pMethods->xFetch(below(file), offset, count, to);
}
int file_unfetch(sqlite3_file* file, sqlite3_int64 offset, void* page) {
    return below(file)->pMethods->xUnfetch(below(file), offset, page);
}

constexpr sqlite3_io_methods kMethods = {
    3,
    file_close,
    file_read,
    file_write,
    file_truncate,
    file_sync,
    file_size,
    file_lock,
    file_unlock,
    file_check_reserved_lock,
    file_control,
    file_sector_size,
    file_characteristics,
    file_shm_map,
    file_shm_lock,
    file_shm_barrier,
    file_shm_unmap,
    file_fetch,
    file_unfetch,
};

sqlite3_vfs* unix_vfs() {
    static sqlite3_vfs* const vfs = sqlite3_vfs_find("unix");
    return vfs;
}

int vfs_open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags,
             int* out_flags) {
    auto* layered = new (file) LayeredFile{};
    layered->layer = static_cast<LogVfs*>(vfs->pAppData);
    layered->is_log = (flags & SQLITE_OPEN_WAL) != 0;
    const int code = unix_vfs()->xOpen(unix_vfs(), name, layered->below(), flags, out_flags);
    // SQLite calls xClose exactly when pMethods is set.
    if (layered->below()->pMethods != nullptr) {
        layered->base.pMethods = &kMethods;
    } else {
        layered->~LayeredFile();
        file->pMethods = nullptr;
    }
    return code;
}

}  // namespace

LogVfs::LogVfs(std::uint64_t ahead_bytes, const std::atomic<bool>* fail_syncs)
    : ahead_bytes_(ahead_bytes), fail_syncs_(fail_syncs) {
    static std::atomic<unsigned> count{0};
    name_ = "larmor-" + std::to_string(count.fetch_add(1));
    LARMOR_CHECK(unix_vfs() != nullptr);
    vfs_ = *unix_vfs();
    vfs_.pNext = nullptr;
    vfs_.szOsFile += static_cast<int>(kBelowOffset);
    vfs_.zName = name_.c_str();
    vfs_.xOpen = vfs_open;
    // The other functions of the copy are given the copy itself, whose pAppData the layer below
    // reads in xOpen only: we call that with its own.
    vfs_.pAppData = this;
    LARMOR_CHECK(sqlite3_vfs_register(&vfs_, 0) == SQLITE_OK);
}

LogVfs::~LogVfs() {
    sqlite3_vfs_unregister(&vfs_);
}

}  // namespace larmor::db::sqlite
