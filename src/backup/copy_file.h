#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string_view>

#include "base/file.h"
#include "base/hash.h"

namespace larmor::backup {

/// A new file that is complete or not there: written as `<to>.part`, synced, then named.
/// What stands under the name is replaced.
class NewFile {
public:
    static Result<NewFile> make(std::filesystem::path to);
    const UniqueFd& file() const { return file_; }
    /// Makes bytes and name durable.
    Result<void> give_name();

private:
    NewFile(std::filesystem::path to, UniqueFd file)
        : to_(std::move(to)), file_(std::move(file)) {}
    std::filesystem::path to_;
    UniqueFd file_;
};

/// Appends the first `size_bytes` of `from`. Gives their hash. Errors: Corrupt where `from` is
/// shorter.
Result<Sha256> copy_bytes(const UniqueFd& from, std::uint64_t size_bytes, const UniqueFd& to);

Result<Sha256> hash_of(const std::filesystem::path& path);

/// A small file, replaced as a whole.
Result<void> write_durably(const std::filesystem::path& path, std::string_view text);

/// `folder` with all that are missing above it.
Result<void> make_folder(const std::filesystem::path& folder);

}  // namespace larmor::backup
