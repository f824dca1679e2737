#pragma once
#include "reassembly/run/event.h"
#include "reassembly/run/file_writer.h"
#include "reassembly/run/output_folder.h"

namespace larmor::reassembly::run {

struct PlacedFile {
    WrittenFile written;
    bool is_staged = false;  ///< it is where files wait until all are known
};

/// Where the files of a run go: `instances/` and `conflicts/` below a folder or in S3. Files
/// that wait until everything is known lie in the work folder in either case. Safe from any
/// thread; each call blocks.
class Output {
public:
    virtual ~Output() = default;

    /// Writes a file under `key`; under the name `staged` where one of this run stands there
    /// already, which an output may leave out where that is the same, byte for byte. Errors:
    /// those of the members, and of writing, after which there is no file; of writing none
    /// that is_of_content.
    virtual Result<PlacedFile> write(const std::string& key, const std::string& staged,
                                     const fuse::FusedFile& file,
                                     std::span<MemberBytes> members) = 0;
    /// To where files wait. A file of that name is of an attempt that was broken off.
    virtual Result<PlacedFile> stage(const std::string& staged, const fuse::FusedFile& file,
                                     std::span<MemberBytes> members) = 0;
    /// Gives the file of an event, where it stands or waits, this key; what stands there is
    /// replaced. This and `remove` may have been done already.
    virtual Result<void> move(const Event& file, const std::string& key) = 0;
    virtual Result<void> remove(const Event& file) = 0;
    /// Removes what an attempt that was broken off left under a key that no instance has.
    virtual Result<void> clear_place(const std::string& key) = 0;

    /// Makes durable all files that were written until now.
    virtual Result<void> sync() = 0;
    /// Durable at its end.
    virtual Result<void> write_checkpoint(std::string_view text) = 0;
    /// Everything is there and the report is written: makes all durable, and only then writes
    /// `complete.json`.
    virtual Result<void> complete(const std::string& json) = 0;
};

/// All in one folder, which must outlive it, for so many threads.
std::unique_ptr<Output> output_to(OutputFolder& folder, unsigned threads);

}  // namespace larmor::reassembly::run
