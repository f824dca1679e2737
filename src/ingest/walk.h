#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "archive/source.h"
#include "base/result.h"

namespace larmor::ingest {

/// How far a walk has come: behind everything that was passed. The order of a walk is that of
/// names, so a file that came or went since does not move it.
struct WalkPosition {
    std::size_t path = 0;       ///< index of the path that is walked; those before it are done
    std::string file{};         ///< the last file at or below it that was passed
    std::string archive{};      ///< the one behind it that was begun; empty: none
    std::uint64_t members = 0;  ///< of `archive`, that were passed
    friend bool operator==(const WalkPosition&, const WalkPosition&) = default;
};

/// Takes what a walk finds. Calls come one at a time from the thread that walks.
class WalkVisitor {
public:
    virtual ~WalkVisitor() = default;
    /// Something that may be an instance. `name` is the path, with the member's behind `!`
    /// inside an archive; show it, never open it. `size_bytes` is a promise of the archive.
    /// `content` is valid until this returns. An error ends the walk.
    virtual Result<void> instance(const std::string& name,
                                  std::optional<std::uint64_t> size_bytes,
                                  archive::Source& content) = 0;
    /// A file, folder or member that can't be read, and why. The walk goes on.
    virtual void refused(const std::string& name, const Error& error) = 0;
    /// After each file, and after each member of an archive: a walk from `next` on does not
    /// come to it again. `bytes` of the files named by `total_size` have been passed since the
    /// last call. Not called for what `instance` gave an error.
    virtual void passed(std::uint64_t bytes, const WalkPosition& next) = 0;
};

struct WalkTotal {
    std::uint64_t files = 0;
    std::uint64_t bytes = 0;
};

/// What a walk over `paths` will pass, without opening anything but DICOMDIRs; unreadable
/// folders count nothing, files that are not there are files of no bytes. Ends early, with
/// less, where `go_on` is given and false.
WalkTotal total_size(const std::vector<std::filesystem::path>& paths,
                     const std::function<bool()>& go_on = {});

/// Goes through files and folders (in the order of names, symbolic links to folders not
/// followed), tar, zip, gzip and zstd, archives inside archives to a depth of 3. A path that is
/// a DICOMDIR stands for the files that it names; one found in a folder is passed over, since
/// the walk finds its files. Blocks. Errors: those that the visitor returns; a path that does
/// not exist is `refused`. Begins at `from`, a position that an earlier walk over the same
/// paths gave: files before it are not opened, members of an archive before it are read over.
Result<void> walk(const std::vector<std::filesystem::path>& paths, WalkVisitor& visitor,
                  const WalkPosition& from = {});

}  // namespace larmor::ingest
