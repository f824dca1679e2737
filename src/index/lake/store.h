#pragma once
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "base/result.h"
#include "objects/s3/address.h"

namespace larmor::index::lake {

/// Stays where it is when the lake is swept.
inline constexpr std::string_view kLockName = "_larmor/lock";

/// Where the files of a lake lie. Names are relative, with `/`. Safe from any thread; calls
/// block. Errors: NoSpace, Unavailable, NotFound, Denied.
class Store {
public:
    virtual ~Store() = default;

    /// A file here with what is stored under the name, to be read.
    virtual Result<std::filesystem::path> readable(const std::string& name) = 0;
    /// Where the engine writes a new file, whose folder exists then.
    virtual Result<std::filesystem::path> writable(const std::string& name) = 0;
    /// What was written there is durable under its names from now on. Gives the sizes, bytes.
    virtual Result<std::vector<std::int64_t>> keep(const std::vector<std::string>& names) = 0;

    virtual Result<std::string> get(const std::string& name) = 0;
    /// Durable and whole, or not there. Errors: Conflict where there is one already.
    virtual Result<void> put_new(const std::string& name, std::string_view text) = 0;
    /// Readers see the old text or the new one.
    virtual Result<void> put(const std::string& name, std::string_view text) = 0;

    /// Every name that begins with `prefix`, a folder's with its `/`.
    virtual Result<std::vector<std::string>> list(const std::string& prefix) = 0;
    /// Also where there is none.
    virtual Result<void> remove(const std::vector<std::string>& names) = 0;
    /// Whether something of some size can be stored right now.
    virtual Result<void> probe() = 0;
    /// Copies that were made to be read, beyond some size, are gone. Nothing is being read.
    virtual void forget_copies() = 0;
    /// Copies of what was changed in its place are gone. Nobody but a hand does that.
    virtual Result<void> forget_changed() = 0;

    /// Until it is closed no other process that asks changes the lake: it spares both the work
    /// of finding out at the end. Nothing where there are no locks.
    virtual Result<UniqueFd> lock() = 0;

    /// Before each path in views for readers.
    virtual std::string root() const = 0;
};

/// A folder, which is made. Errors: those of the file system.
Result<std::unique_ptr<Store>> open_folder(const std::filesystem::path& folder);

/// What lies under a prefix in a bucket; copies of it lie in `copies` while they are worked
/// on. Asks nobody yet. Errors: those of the client's options.
Result<std::unique_ptr<Store>> open_bucket(const objects::s3::Address& address,
                                           const std::filesystem::path& copies);

}  // namespace larmor::index::lake
