#pragma once
#include <memory>

#include "base/file.h"

namespace larmor::index::lake {

/// A folder of one process for what it can do without later. Gone with it; what a killed one
/// left goes when the next one is made beside it.
class Scratch {
public:
    /// Below `folder`, which is made. Errors: those of the file system.
    static Result<std::unique_ptr<Scratch>> make(const std::filesystem::path& folder);
    ~Scratch();
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;

    const std::filesystem::path& path() const { return path_; }

private:
    Scratch(std::filesystem::path path, UniqueFd lock)
        : path_(std::move(path)), lock_(std::move(lock)) {}

    const std::filesystem::path path_;
    const UniqueFd lock_;
};

}  // namespace larmor::index::lake
