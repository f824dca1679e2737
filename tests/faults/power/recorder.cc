// A library for LD_PRELOAD that writes down, in order, what a program does to the files below
// LARMOR_RECORD_ROOT (writes with their bytes, sizes, names, syncs) and what it says on its
// standard output: to LARMOR_RECORD_LOG, for disk.py to make the disks that a power cut may
// leave.
//
// A call is written down when it is done, except that a sync is written down twice (what was
// written before its beginning is durable at its end) and output before it goes out: so nothing
// is ever taken for durable or unsaid that was not. The format is in disk.py.
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

namespace {

enum class Op : std::uint8_t {
    Open = 1,
    Write,
    Truncate,
    Allocate,
    SyncBegin,
    SyncEnd,
    Rename,
    Unlink,
    MakeDirectory,
    Output,
};

struct Header {
    std::uint8_t op;
    std::uint8_t flags;
    std::uint16_t name_bytes;
    std::uint32_t other_bytes;  ///< of a second name, or of data
    std::uint64_t offset;
    std::uint64_t number;
};
static_assert(sizeof(Header) == 24);

template <typename F>
F* real(const char* name) {
    return reinterpret_cast<F*>(::dlsym(RTLD_NEXT, name));
}

class Recorder {
public:
    Recorder() {
        const char* root = std::getenv("LARMOR_RECORD_ROOT");
        const char* log = std::getenv("LARMOR_RECORD_LOG");
        if (root == nullptr || log == nullptr) return;
        root_ = std::string(root);
        log_ = real<int(const char*, int, ...)>("open")(
            log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    }

    bool is_ours(const std::string& path) const {
        return log_ >= 0 && path.starts_with(root_) &&
               (path.size() == root_.size() || path[root_.size()] == '/');
    }
    static std::string absolute(const char* path) {
        if (path[0] == '/') return path;
        char folder[PATH_MAX];
        return ::getcwd(folder, sizeof folder) == nullptr ? path
                                                          : std::string(folder) + "/" + path;
    }
    /// Empty for a file that is not below the root. A descriptor knows its name from when it
    /// was opened: a file that was renamed or removed since is still that file.
    std::string name_of(int file) {
        const std::lock_guard lock(mutex_);
        const auto found = names_.find(file);
        return found == names_.end() ? std::string() : found->second;
    }

    void opened(int file, const char* path, int flags) {
        const auto name = absolute(path);
        if (file < 0 || !is_ours(name)) return;
        const std::lock_guard lock(mutex_);
        // Each open gets a number of its own, by which later records name the file.
        const auto number = ++opens_;
        names_[file] = std::to_string(number);
        put(Op::Open, ((flags & O_TRUNC) != 0 ? 1 : 0) | ((flags & O_CREAT) != 0 ? 2 : 0), 0,
            number, name, {});
    }
    void closed(int file) {
        const std::lock_guard lock(mutex_);
        names_.erase(file);
    }
    void record(Op op, const std::string& name, std::uint64_t offset, std::uint64_t number,
                const void* data, std::size_t count) {
        const std::lock_guard lock(mutex_);
        put(op, 0, offset, number, name, {static_cast<const char*>(data), count});
    }
    bool records() const { return log_ >= 0; }
    std::uint64_t next_sync() {
        const std::lock_guard lock(mutex_);
        return ++syncs_;
    }

private:
    void put(Op op, int flags, std::uint64_t offset, std::uint64_t number,
             std::string_view name, std::string_view other) {
        const Header header{static_cast<std::uint8_t>(op),
                            static_cast<std::uint8_t>(flags),
                            static_cast<std::uint16_t>(name.size()),
                            static_cast<std::uint32_t>(other.size()),
                            offset,
                            number};
        const iovec parts[] = {{const_cast<Header*>(&header), sizeof header},
                               {const_cast<char*>(name.data()), name.size()},
                               {const_cast<char*>(other.data()), other.size()}};
        static auto* const writev = real<ssize_t(int, const iovec*, int)>("writev");
        const auto size = static_cast<ssize_t>(sizeof header + name.size() + other.size());
        if (writev(log_, parts, 3) != size) std::abort();  // half a record proves nothing
    }

    std::mutex mutex_;
    std::string root_;
    int log_ = -1;
    std::uint64_t opens_ = 0;
    std::uint64_t syncs_ = 0;
    std::unordered_map<int, std::string> names_;
};

Recorder& recorder() {
    static Recorder& the_one =
        *new Recorder;  // files are closed after everything else has ended
    return the_one;
}

ssize_t wrote(int file, const void* data, ssize_t count, std::uint64_t offset) {
    if (count > 0) {
        if (const auto name = recorder().name_of(file); !name.empty()) {
            recorder().record(Op::Write, name, offset, 0, data,
                              static_cast<std::size_t>(count));
        }
    }
    return count;
}

ssize_t wrote(int file, const iovec* parts, int parts_count, ssize_t count,
              std::uint64_t offset) {
    auto left = static_cast<std::size_t>(std::max<ssize_t>(count, 0));
    for (int i = 0; i < parts_count && left > 0; ++i) {
        const auto piece = std::min(left, parts[i].iov_len);
        wrote(file, parts[i].iov_base, static_cast<ssize_t>(piece), offset);
        offset += piece;
        left -= piece;
    }
    return count;
}

template <typename F>
int synced(int file, F sync) {
    const auto name = recorder().name_of(file);
    if (name.empty()) return sync();
    const auto number = recorder().next_sync();
    recorder().record(Op::SyncBegin, name, 0, number, nullptr, 0);
    const int outcome = sync();
    const int error = errno;
    if (outcome == 0) recorder().record(Op::SyncEnd, name, 0, number, nullptr, 0);
    errno = error;
    return outcome;
}

int open_recorded(const char* symbol, const char* path, int flags, mode_t mode) {
    const int file = real<int(const char*, int, ...)>(symbol)(path, flags, mode);
    const int error = errno;
    recorder().opened(file, path, flags);
    errno = error;
    return file;
}

/// Standard output goes through us: what stdio writes can't be seen from outside of libc.
ssize_t say(void*, const char* text, std::size_t count) {
    recorder().record(Op::Output, "", 0, 0, text, count);
    return real<ssize_t(int, const void*, size_t)>("write")(STDOUT_FILENO, text, count);
}

[[gnu::constructor]] void listen_to_output() {
    if (recorder().records())
        stdout = ::fopencookie(nullptr, "w", {nullptr, say, nullptr, nullptr});
}

}  // namespace

extern "C" {

#define LARMOR_MODE()                           \
    mode_t mode = 0;                            \
    if ((flags & (O_CREAT | O_TMPFILE)) != 0) { \
        va_list arguments;                      \
        va_start(arguments, flags);             \
        mode = va_arg(arguments, mode_t);       \
        va_end(arguments);                      \
    }

int open(const char* path, int flags, ...) {
    LARMOR_MODE()
    return open_recorded("open", path, flags, mode);
}
int open64(const char* path, int flags, ...) {
    LARMOR_MODE()
    return open_recorded("open64", path, flags, mode);
}
int openat(int folder, const char* path, int flags, ...) {
    LARMOR_MODE()
    const int file = real<int(int, const char*, int, ...)>("openat")(folder, path, flags, mode);
    if (folder == AT_FDCWD || path[0] == '/') recorder().opened(file, path, flags);
    return file;
}
int openat64(int folder, const char* path, int flags, ...) {
    LARMOR_MODE()
    const int file =
        real<int(int, const char*, int, ...)>("openat64")(folder, path, flags, mode);
    if (folder == AT_FDCWD || path[0] == '/') recorder().opened(file, path, flags);
    return file;
}
int close(int file) {
    recorder().closed(file);
    return real<int(int)>("close")(file);
}
ssize_t write(int file, const void* data, size_t count) {
    const auto name = recorder().name_of(file);
    const auto offset = name.empty() ? 0 : ::lseek(file, 0, SEEK_CUR);
    return wrote(file, data,
                 real<ssize_t(int, const void*, size_t)>("write")(file, data, count),
                 static_cast<std::uint64_t>(offset));
}
ssize_t writev(int file, const iovec* parts, int count) {
    const auto name = recorder().name_of(file);
    const auto offset = name.empty() ? 0 : ::lseek(file, 0, SEEK_CUR);
    return wrote(file, parts, count,
                 real<ssize_t(int, const iovec*, int)>("writev")(file, parts, count),
                 static_cast<std::uint64_t>(offset));
}
ssize_t pwrite(int file, const void* data, size_t count, off_t offset) {
    return wrote(
        file, data,
        real<ssize_t(int, const void*, size_t, off_t)>("pwrite")(file, data, count, offset),
        static_cast<std::uint64_t>(offset));
}
ssize_t pwrite64(int file, const void* data, size_t count, off64_t offset) {
    return wrote(
        file, data,
        real<ssize_t(int, const void*, size_t, off64_t)>("pwrite64")(file, data, count, offset),
        static_cast<std::uint64_t>(offset));
}
ssize_t pwritev(int file, const iovec* parts, int count, off_t offset) {
    return wrote(
        file, parts, count,
        real<ssize_t(int, const iovec*, int, off_t)>("pwritev")(file, parts, count, offset),
        static_cast<std::uint64_t>(offset));
}
ssize_t pwritev64(int file, const iovec* parts, int count, off64_t offset) {
    return wrote(
        file, parts, count,
        real<ssize_t(int, const iovec*, int, off64_t)>("pwritev64")(file, parts, count, offset),
        static_cast<std::uint64_t>(offset));
}
int fsync(int file) {
    return synced(file, [=] { return real<int(int)>("fsync")(file); });
}
int fdatasync(int file) {
    return synced(file, [=] { return real<int(int)>("fdatasync")(file); });
}
int ftruncate(int file, off_t size) {
    const int outcome = real<int(int, off_t)>("ftruncate")(file, size);
    if (const auto name = recorder().name_of(file); outcome == 0 && !name.empty()) {
        recorder().record(Op::Truncate, name, static_cast<std::uint64_t>(size), 0, nullptr, 0);
    }
    return outcome;
}
int ftruncate64(int file, off64_t size) {
    return ftruncate(file, size);
}
int fallocate(int file, int mode, off_t offset, off_t count) {
    const int outcome =
        real<int(int, int, off_t, off_t)>("fallocate")(file, mode, offset, count);
    if (const auto name = recorder().name_of(file); outcome == 0 && !name.empty()) {
        if (mode == FALLOC_FL_KEEP_SIZE) return outcome;  // blocks behind the end: no content
        if (mode != 0) std::abort();  // nobody punches holes here: disk.py does not know them
        recorder().record(Op::Allocate, name, static_cast<std::uint64_t>(offset + count), 0,
                          nullptr, 0);
    }
    return outcome;
}
int fallocate64(int file, int mode, off64_t offset, off64_t count) {
    return fallocate(file, mode, offset, count);
}
int rename(const char* from, const char* to) {
    const int outcome = real<int(const char*, const char*)>("rename")(from, to);
    const auto name = Recorder::absolute(from);
    const auto other = Recorder::absolute(to);
    if (outcome == 0 && recorder().is_ours(other)) {
        recorder().record(Op::Rename, name, 0, 0, other.data(), other.size());
    }
    return outcome;
}
int renameat2(int from_folder, const char* from, int to_folder, const char* to,
              unsigned flags) {
    const int outcome = real<int(int, const char*, int, const char*, unsigned)>("renameat2")(
        from_folder, from, to_folder, to, flags);
    const auto name = Recorder::absolute(from);
    const auto other = Recorder::absolute(to);
    if (outcome == 0 && recorder().is_ours(other)) {
        if (from_folder != AT_FDCWD || to_folder != AT_FDCWD)
            std::abort();  // names would be wrong
        recorder().record(Op::Rename, name, 0, 0, other.data(), other.size());
    }
    return outcome;
}
int unlink(const char* path) {
    const int outcome = real<int(const char*)>("unlink")(path);
    const auto name = Recorder::absolute(path);
    if (outcome == 0 && recorder().is_ours(name)) {
        recorder().record(Op::Unlink, name, 0, 0, nullptr, 0);
    }
    return outcome;
}
int remove(const char* path) {
    const int outcome = real<int(const char*)>("remove")(path);
    const auto name = Recorder::absolute(path);
    if (outcome == 0 && recorder().is_ours(name)) {
        recorder().record(Op::Unlink, name, 0, 0, nullptr, 0);
    }
    return outcome;
}
int mkdir(const char* path, mode_t mode) {
    const int outcome = real<int(const char*, mode_t)>("mkdir")(path, mode);
    const auto name = Recorder::absolute(path);
    if (outcome == 0 && recorder().is_ours(name)) {
        recorder().record(Op::MakeDirectory, name, 0, 0, nullptr, 0);
    }
    return outcome;
}

}  // extern "C"
