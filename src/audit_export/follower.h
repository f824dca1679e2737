#pragma once
#include <filesystem>
#include <functional>
#include <optional>

#include "audit/anchor.h"
#include "audit/record.h"
#include "audit/trail_files.h"

namespace larmor::audit_export {

/// Reads a trail's files from a place on while they grow. For one thread.
class Follower {
public:
    explicit Follower(std::filesystem::path folder) : folder_(std::move(folder)) {}

    /// Goes back (or forward) to just behind `position`; without one to the trail's beginning.
    void seek(std::optional<audit::Anchor> position);

    /// What stops the reading; the batch counts as not read.
    using See = std::function<Result<void>(const audit::Record&)>;
    /// Gives each record of the whole batches that came since. What is damaged is passed over
    /// where a later file goes on behind it (`larmor audit verify` tells), and named in the
    /// process's log. A record of a later version that can't be read is passed over too.
    /// Errors: those of `see` and of the disk.
    Result<void> read_on(const See& see);

    /// Behind the last whole batch that was seen; nothing before the first.
    const std::optional<audit::Anchor>& position() const { return position_; }

private:
    bool is_of_this_trail(const audit::Anchor& position) const;
    Result<void> read_file_on(std::uint64_t number, bool is_last, const See& see);

    const std::filesystem::path folder_;
    std::optional<audit::Anchor> position_;
    std::uint64_t number_ = 0;  ///< of the file that `scan_` stands in; 0: none
    audit::FileScan scan_;
};

}  // namespace larmor::audit_export
