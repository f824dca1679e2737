#pragma once
#include <cstdlib>
#include <filesystem>
#include <string>

#include "base/result.h"

namespace larmor::index::search::testing {

/// A folder that goes away with the test; in memory where that can be, since what is tested
/// here is no disk.
class Folder {
public:
    Folder() {
        const std::filesystem::path memory = "/dev/shm";
        const auto parent =
            std::filesystem::exists(memory) ? memory : std::filesystem::temp_directory_path();
        auto name = (parent / "larmor_search_XXXXXX").string();
        LARMOR_CHECK(::mkdtemp(name.data()) != nullptr);
        path_ = name;
    }
    ~Folder() { std::filesystem::remove_all(path_); }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    const std::filesystem::path& path() const { return path_; }

private:
    std::filesystem::path path_;
};

}  // namespace larmor::index::search::testing
