#pragma once
#include <filesystem>
#include <optional>
#include <string>

#include "reassembly/run/checkpoint.h"

namespace larmor::reassembly::run {

/// The folder of one run: `instances/`, `conflicts/`, `report/`, while it goes on
/// `.reassembly/`, and when it is finished and durable `complete.json`.
class OutputFolder {
public:
    /// Makes the folder, or takes one that is empty, or goes on with one whose run of the same
    /// fingerprint was broken off: at its checkpoint, or from the start where it has none, and
    /// then what that run made is removed. `scratch_folder`: for the files that a run works
    /// with until it ends; empty: in the folder. Errors: Conflict for a folder with anything
    /// else in it, for one that another process is at, and for a finished run of another
    /// fingerprint; Corrupt for a checkpoint that is not as it was written; those of the disk.
    static Result<OutputFolder> open(const std::filesystem::path& path,
                                     const std::filesystem::path& scratch_folder,
                                     const std::string& fingerprint);

    /// What `complete.json` says, where the run is finished and nothing is to do.
    const std::optional<std::string>& finished() const { return finished_; }
    /// Where the run was broken off.
    const std::optional<Checkpoint>& checkpoint() const { return checkpoint_; }

    const std::filesystem::path& path() const { return path_; }
    std::filesystem::path work() const { return path_ / ".reassembly"; }
    /// Of a run whose instances are in S3, while it goes on: whose they are. See S3Output.
    std::filesystem::path s3_mark() const { return work() / "s3-run.json"; }
    /// Whether the run that the folder holds, finished or not, has its instances in S3.
    bool is_of_s3() const;
    std::filesystem::path staged() const { return work() / "staged"; }
    std::filesystem::path report() const { return path_ / "report"; }
    /// For lines of a report that is to be something else in the end.
    std::filesystem::path report_lines() const { return work() / "report"; }
    /// For files without names.
    std::filesystem::path scratch_folder() const { return scratch_.parent_path(); }
    /// A file that is there until the run ends, `kind` of these.
    std::filesystem::path scratch(std::string_view kind) const;
    static constexpr std::string_view kSpool = "spool", kEvents = "events", kFrames = "frames";

    /// Makes all durable that was written below the folder until now.
    Result<void> sync() const;
    Result<void> write_checkpoint(std::string_view text) const;
    /// Makes all durable, and only then writes `complete.json`; then removes what only the run
    /// needed.
    Result<void> complete(const std::string& json);

private:
    explicit OutputFolder(std::filesystem::path path) : path_(std::move(path)) {}
    Result<void> begin(const std::string& fingerprint);
    Result<void> begin_again();
    Result<void> remove_scratch() const;

    std::filesystem::path path_;
    std::filesystem::path scratch_;  ///< with the start of the files' names
    UniqueFd lock_;
    std::optional<std::string> finished_;
    std::optional<Checkpoint> checkpoint_;
};

/// Writes a small file so that it is there whole or not at all, and durable.
Result<void> write_whole(const std::filesystem::path& path, std::string_view text);

}  // namespace larmor::reassembly::run
