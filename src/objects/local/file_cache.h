#pragma once
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/file.h"

namespace larmor::objects::local {

/// Open descriptors for reading, the least recently used closed first. A descriptor that is
/// still held somewhere stays open there. Safe from any thread.
class FileCache {
public:
    explicit FileCache(std::size_t files_max) : files_max_(files_max) {}

    /// Errors: those of open_file.
    Result<std::shared_ptr<const UniqueFd>> open(const std::string& path);
    /// So that a removed file's blocks can be freed.
    void forget(const std::string& path);

private:
    struct Entry {
        std::string path;
        std::shared_ptr<const UniqueFd> file;
    };
    const std::size_t files_max_;
    std::mutex mutex_;
    std::list<Entry> entries_;  ///< most recently used first
    std::unordered_map<std::string_view, std::list<Entry>::iterator> by_path_;
};

}  // namespace larmor::objects::local
