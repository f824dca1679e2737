#pragma once
#include <sqlite3.h>

#include <atomic>
#include <cstdint>
#include <string>

namespace larmor::db::sqlite {

/// A layer over SQLite's own file system layer ("unix"), for one library. It counts syncs and
/// lets tests make them fail, and makes commits shorter:
/// - The frames of a commit go to the write-ahead log in one call instead of two a page.
/// - The log is written ahead with zeros: a sync of bytes that overwrite others changes no file
/// size
///   and no extent, and takes half the time. Zeros behind the last frame end SQLite's recovery
///   as the end of the file does, since a frame's page is never 0.
class LogVfs {
public:
    LogVfs(std::uint64_t ahead_bytes, const std::atomic<bool>* fail_syncs);
    ~LogVfs();
    LogVfs(const LogVfs&) = delete;
    LogVfs& operator=(const LogVfs&) = delete;

    const std::string& name() const { return name_; }

    std::atomic<std::uint64_t> syncs{0};
    std::atomic<std::uint64_t> log_syncs{0};

    /// Used by the C functions of the layer.
    std::uint64_t ahead_bytes() const { return ahead_bytes_; }
    bool sync_fails() const { return fail_syncs_ != nullptr && fail_syncs_->load(); }

private:
    std::uint64_t ahead_bytes_;
    const std::atomic<bool>* fail_syncs_;
    std::string name_;
    sqlite3_vfs vfs_{};
};

}  // namespace larmor::db::sqlite
