#pragma once
#include <filesystem>
#include <optional>
#include <string>

#include "base/file.h"

namespace larmor::reassembly::run {

/// The folder of one run: `instances/`, `conflicts/`, `report/`, while it goes on
/// `.reassembly/`, and when it is finished and durable `complete.json`.
class OutputFolder {
public:
    /// Makes the folder, or takes one that is empty, or begins again one whose run of the same
    /// fingerprint was broken off: what that made is removed. Errors: Conflict for a folder
    /// with anything else in it, for one that another process is at, and for a finished run of
    /// another fingerprint; those of the disk.
    static Result<OutputFolder> open(const std::filesystem::path& path,
                                     const std::string& fingerprint);

    /// What `complete.json` says, where the run is finished and nothing is to do.
    const std::optional<std::string>& finished() const { return finished_; }

    const std::filesystem::path& path() const { return path_; }
    std::filesystem::path work() const { return path_ / ".reassembly"; }
    std::filesystem::path staged() const { return work() / "staged"; }
    std::filesystem::path report() const { return path_ / "report"; }

    /// Removes the work folder, makes all durable, and only then writes `complete.json`.
    Result<void> complete(const std::string& json);

private:
    explicit OutputFolder(std::filesystem::path path) : path_(std::move(path)) {}
    Result<void> begin(const std::string& fingerprint);

    std::filesystem::path path_;
    UniqueFd lock_;
    std::optional<std::string> finished_;
};

/// Writes a small file so that it is there whole or not at all, and durable.
Result<void> write_whole(const std::filesystem::path& path, std::string_view text);

}  // namespace larmor::reassembly::run
