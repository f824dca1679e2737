#pragma once
#include <atomic>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "db/database.h"
#include "objects/local/local_store.h"

namespace larmor::objects::local {

/// Where objects with files of their own live: `incoming/` while they are written, `files/`
/// after.
struct FileArea {
    db::Database& database;
    std::filesystem::path incoming;
    std::filesystem::path files;
    const Clock& clock;    ///< of grace periods
    std::string writer{};  ///< see LocalStoreOptions
    /// Errors: why nothing more is written. None: it always is.
    std::function<Result<void>()> check_writing{};
    /// After a write or sync that failed, but for a full disk: nobody knows what the disk
    /// holds.
    std::function<void(const Error&)> stop_writing{};
    const std::atomic<bool>* fail_syncs = nullptr;  ///< for tests: true makes syncs fail
};

/// Writes the intent and opens the temporary file.
Result<std::unique_ptr<Upload>> begin_local_upload(FileArea& area, std::string key);

/// The temporary file of an intent.
std::filesystem::path incoming_path(const FileArea& area, std::int64_t intent);

/// Removes what an upload left, its file under the final name too unless it is needed, and then
/// its intent. Gives the bytes freed.
Result<std::uint64_t> clean_up_intent(FileArea& area, std::int64_t intent,
                                      const std::string& key);

/// Removes a file that no row needs any more; keeps it when one does. Gives the bytes freed.
Result<std::uint64_t> remove_unneeded_file(FileArea& area, const std::string& key,
                                           std::int64_t but_intent, std::int64_t but_garbage);

/// Makes `directory` below `root`, with every folder on the way, all durable.
Result<void> make_directories(const std::filesystem::path& root,
                              const std::filesystem::path& below);

}  // namespace larmor::objects::local
