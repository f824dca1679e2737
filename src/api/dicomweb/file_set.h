#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "api/dicomweb/retrieval.h"

namespace larmor::api {

/// All instances that a path names, an instance of its own too, a page at a time. Blocks.
class MemberLister {
public:
    /// Errors: NotFound.
    static Result<MemberLister> open(const Context& context, const ResourcePath& path);
    /// The next page, empty at the end.
    Result<std::vector<LocatedInstancePtr>> next();
    const std::vector<catalog::StoredSeries>& series() const { return lister_.series(); }
    const std::string& version() const { return version_; }

private:
    explicit MemberLister(InstanceLister lister) : lister_(std::move(lister)) {}
    InstanceLister lister_;
    std::string version_;
    LocatedInstancePtr one_;  ///< where the path names one instance
    bool is_one_ = false;
};

/// The choice for a file of a File-set: as `choose_instance`, but a bare data set is written
/// again, since a file has file meta information (PS3.10 section 7). Blocks.
Result<ChosenInstance> choose_file(const Context& context, LocatedInstancePtr primary,
                                   const std::vector<MediaChoice>& choices);

/// A File-set before its bytes are made: its DICOMDIR, which files it has and in which order.
/// Memory: the DICOMDIR and 24 bytes a file.
/// Source: PS3.10 section 8, PS3.3 annex F, PS3.18 section 8.7.3.
struct FileSet {
    static constexpr std::size_t kFilesMax = 100'000;

    struct File {
        catalog::InstanceRow row{};
        std::uint32_t series = 0;  ///< from 1, as in the path of the file
        InstanceForm form = InstanceForm::AsStored;
        std::uint64_t size_bytes = 0;  ///< where it goes out as it is stored
    };
    std::vector<File> files;
    ByteBuffer directory;      ///< the DICOMDIR
    std::size_t left_out = 0;  ///< instances that can't be made as asked for
    std::string version;       ///< changes with what is in it

    /// Errors: NotFound; Unsupported where no instance can be made as asked for, LimitExceeded
    /// over `kFilesMax`. Blocks.
    static Result<FileSet> plan(const Context& context, const Retrieval& wanted);
    /// Of the whole zip; nothing where a file has to be made first.
    std::optional<std::uint64_t> zip_bytes() const;
};

/// `DICOM/S0000001/I0000002`, or with `\` between its components as in a DICOMDIR; `number`
/// counts from 1. Source: PS3.10 section 8.5.
std::string file_path(std::uint32_t series, std::size_t number, char separator);

inline constexpr std::string_view kDirectoryName = "DICOMDIR";

}  // namespace larmor::api
