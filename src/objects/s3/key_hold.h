#pragma once
#include <filesystem>
#include <string_view>

#include "base/file.h"

namespace larmor::objects::s3 {

/// Held for one key while its object is put, and while it is looked at again and removed, by
/// any thread of any process of this library: so that nothing is removed that a put has just
/// found to be there. A byte of a file, chosen by the key, under a lock of fcntl(2).
class KeyHold {
public:
    /// `folder` is the same for all. Waits for whoever has the key. Errors: Unavailable.
    static Result<KeyHold> take(const std::filesystem::path& folder, std::string_view key);

private:
    explicit KeyHold(UniqueFd file) : file_(std::move(file)) {}
    UniqueFd file_;
};

}  // namespace larmor::objects::s3
