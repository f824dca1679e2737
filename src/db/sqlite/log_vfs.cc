#include "db/sqlite/log_vfs.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <new>

#include "base/result.h"

namespace larmor::db::sqlite {
namespace {

/// Our part of an open file; the file of the layer below follows it in the same memory.
struct LayeredFile {
    sqlite3_file base;
    LogVfs* layer;
    bool is_log;
    sqlite3_int64 written_end;  ///< of the log: bytes that exist, zeros included

    sqlite3_file* below() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};
static_assert(sizeof(LayeredFile) % alignof(std::max_align_t) == 0);

sqlite3_file* below(sqlite3_file* file) {
    return reinterpret_cast<LayeredFile*>(file)->below();
}

/// Makes the log exist up to `end` and one step further.
int write_ahead(LayeredFile& file, sqlite3_int64 end) {
    static constexpr std::array<char, 1 << 18> kZeros{};
    const auto target = end + static_cast<sqlite3_int64>(file.layer->ahead_bytes());
    for (sqlite3_int64 at = std::max(end, file.written_end); at < target;) {
        const auto count =
            static_cast<int>(std::min<sqlite3_int64>(target - at, sizeof(kZeros)));
        const int code = file.below()->pMethods->xWrite(file.below(), kZeros.data(), count, at);
        if (code != SQLITE_OK) return code;
        at += count;
        file.written_end = at;
    }
    return SQLITE_OK;
}

int file_close(sqlite3_file* file) {
    return below(file)->pMethods->xClose(below(file));
}
int file_read(sqlite3_file* file, void* to, int count, sqlite3_int64 offset) {
    return below(file)->pMethods->xRead(below(file), to, count, offset);
}
int file_write(sqlite3_file* file, const void* from, int count, sqlite3_int64 offset) {
    auto& layered = *reinterpret_cast<LayeredFile*>(file);
    const int code = below(file)->pMethods->xWrite(below(file), from, count, offset);
    if (code != SQLITE_OK || !layered.is_log) return code;
    const sqlite3_int64 end = offset + count;
    if (end <= layered.written_end || layered.layer->ahead_bytes() == 0) return code;
    // A disk too full for zeros may still have room for frames: the failure is not ours to
    // report. Another connection's view of the size may be old: its zeros would overwrite
    // frames.
    sqlite3_int64 size = 0;
    if (below(file)->pMethods->xFileSize(below(file), &size) != SQLITE_OK) return code;
    layered.written_end = size;
    if (size == end) write_ahead(layered, end);
    return code;
}
int file_truncate(sqlite3_file* file, sqlite3_int64 size) {
    auto& layered = *reinterpret_cast<LayeredFile*>(file);
    layered.written_end = std::min(layered.written_end, size);
    return below(file)->pMethods->xTruncate(below(file), size);
}
int file_sync(sqlite3_file* file, int flags) {
    auto& layered = *reinterpret_cast<LayeredFile*>(file);
    layered.layer->syncs.fetch_add(1, std::memory_order_relaxed);
    if (layered.is_log) layered.layer->log_syncs.fetch_add(1, std::memory_order_relaxed);
    if (layered.layer->sync_fails()) return SQLITE_IOERR_FSYNC;
    return below(file)->pMethods->xSync(below(file), flags);
}
int file_size(sqlite3_file* file, sqlite3_int64* size) {
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
    layered->base.pMethods = layered->below()->pMethods != nullptr ? &kMethods : nullptr;
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
    vfs_.szOsFile += static_cast<int>(sizeof(LayeredFile));
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
