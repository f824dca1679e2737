#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "ingest/destination.h"
#include "ingest/import_input.h"
#include "ingest/walk.h"

namespace larmor::ingest {

/// What an import did so far; at its end the numbers add up: files = the sum of the outcomes.
struct ImportTally {
    std::uint64_t imported = 0;
    std::uint64_t duplicates = 0;
    std::uint64_t alternates = 0;
    std::uint64_t conflicts = 0;
    std::uint64_t rejected = 0;
    std::uint64_t bytes = 0;         ///< of instances with an outcome other than rejected
    std::uint64_t bytes_passed = 0;  ///< of the files that were named, archives included
};

/// Counts one outcome; `bytes` are those of the file.
void count_outcome(ImportTally& tally, Outcome outcome, std::uint64_t bytes);

/// Is told of everything; calls come from one thread at a time, in the order of the walk. After
/// an error what follows it and has an outcome comes too, but is not passed.
class ImportObserver {
public:
    virtual ~ImportObserver() = default;
    /// One file or archive member has its outcome; `tally` counts it already.
    virtual void done(const std::string& name, const ImportResult& result,
                      const ImportTally& tally) = 0;
    /// All before `next` has its outcome, durably: an import that begins there goes on.
    virtual void passed(const WalkPosition& /*next*/, const ImportTally& /*tally*/) {}
    /// True to end early: what has no outcome yet is not started.
    virtual bool should_stop() { return false; }
};

/// Files and what is below folders.
class PathInput final : public ImportInput {
public:
    explicit PathInput(std::vector<std::filesystem::path> paths) : paths_(std::move(paths)) {}
    Result<WalkTotal> total(const std::function<bool()>& go_on) override {
        return total_size(paths_, go_on);
    }
    Result<void> walk(WalkVisitor& visitor, const WalkPosition& from) override {
        return ingest::walk(paths_, visitor, from);
    }

private:
    const std::vector<std::filesystem::path> paths_;
};

/// Imports everything in `input`: reads in order, keeps up to 256 instances and
/// 64 MiB on their way at a time, so that they share syncs. Begins at `from` (see walk.h),
/// where the numbers of the tally begin too. Blocks; not on an executor's thread. Errors:
/// Unavailable, NoSpace, Unauthenticated, Denied where the destination takes nothing more: the
/// observer was told of all that had an outcome before. Single bad files are in the tally.
Result<ImportTally> import_from(Destination& destination, ImportInput& input,
                                ImportObserver& observer, const WalkPosition& from = {});
/// The same of files and folders.
Result<ImportTally> import_paths(Destination& destination,
                                 const std::vector<std::filesystem::path>& paths,
                                 ImportObserver& observer, const WalkPosition& from = {});

}  // namespace larmor::ingest
