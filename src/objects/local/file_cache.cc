#include "objects/local/file_cache.h"

#include <fcntl.h>

namespace larmor::objects::local {

Result<std::shared_ptr<const UniqueFd>> FileCache::open(const std::string& path) {
    {
        const std::lock_guard lock(mutex_);
        if (const auto found = by_path_.find(path); found != by_path_.end()) {
            entries_.splice(entries_.begin(), entries_, found->second);
            return entries_.front().file;
        }
    }
    // Not under the lock: opening waits for the disk.
    TRY(UniqueFd opened, open_file(path, O_RDONLY));
    auto file = std::make_shared<const UniqueFd>(std::move(opened));
    const std::lock_guard lock(mutex_);
    if (const auto found = by_path_.find(path); found != by_path_.end()) {
        return found->second->file;  // somebody else was faster
    }
    entries_.push_front({path, file});
    by_path_.emplace(entries_.front().path, entries_.begin());
    if (entries_.size() > files_max_) {
        by_path_.erase(entries_.back().path);
        entries_.pop_back();
    }
    return file;
}

void FileCache::forget(const std::string& path) {
    const std::lock_guard lock(mutex_);
    const auto found = by_path_.find(path);
    if (found == by_path_.end()) return;
    const auto entry = found->second;
    by_path_.erase(found);
    entries_.erase(entry);
}

}  // namespace larmor::objects::local
