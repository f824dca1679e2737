#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "archive/source.h"
#include "base/result.h"

namespace larmor::ingest {

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
    /// So many bytes of the files named by `total_size` have been passed.
    virtual void passed(std::uint64_t bytes) = 0;
};

struct WalkTotal {
    std::uint64_t files = 0;
    std::uint64_t bytes = 0;
};

/// What a walk over `paths` will pass, without opening anything but DICOMDIRs; unreadable
/// folders count nothing.
WalkTotal total_size(const std::vector<std::filesystem::path>& paths);

/// Goes through files and folders (in the order of names, symbolic links to folders not
/// followed), tar, zip, gzip and zstd, archives inside archives to a depth of 3. A path that is
/// a DICOMDIR stands for the files that it names; one found in a folder is passed over, since
/// the walk finds its files. Blocks. Errors: those that the visitor returns; a path that does
/// not exist is `refused`.
Result<void> walk(const std::vector<std::filesystem::path>& paths, WalkVisitor& visitor);

}  // namespace larmor::ingest
