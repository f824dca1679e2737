#pragma once
#include <memory>
#include <string>
#include <vector>

#include "api/context.h"
#include "async/task.h"
#include "http/message.h"
#include "pixels/frame_index.h"

namespace larmor::api {

/// What a path names: a study, a series of it, an instance of that.
struct ResourcePath {
    std::string study;
    std::string series;    ///< empty: the whole study
    std::string instance;  ///< empty: the whole series
    /// `?imageSetId=`: an image set of the series, non-primary ones too; empty: the primary
    /// one.
    std::string image_set{};
    /// `?imageSetVersion=`: 0 is the latest.
    std::int64_t image_set_version = 0;

    bool names_image_set() const { return !image_set.empty() || image_set_version != 0; }
};

/// The UIDs of a route's path, and which image set and version its query names. Errors:
/// InvalidInput that names what is no UID, no id and no version, and for a whole study with
/// one.
Result<ResourcePath> resource_path(const http::Request& request);

/// Finds one instance, from memory where it was found before. Errors: NotFound.
async::Task<Result<LocatedInstancePtr>> locate(ContextPtr context, ResourcePath path);

/// Blocks. Without looking into memory.
Result<LocatedInstancePtr> locate_now(const Context& context, const ResourcePath& path);

/// Whether a stored file begins with preamble and file meta information: bare data sets are
/// stored as they came too. Blocks.
Result<bool> is_file_format(objects::ObjectStore& store,
                            const objects::ObjectLocation& location);

/// All instances of a study or series, a page at a time; holds no snapshot between pages.
/// Blocks.
class InstanceLister {
public:
    static constexpr std::size_t kPageInstances = 256;

    /// What is located of each instance.
    enum class Wanted : std::uint8_t { File, Metadata };
    /// Errors: NotFound.
    static Result<InstanceLister> open(const Context& context, const ResourcePath& path,
                                       Wanted wanted = Wanted::File);
    /// The next page, empty at the end.
    Result<std::vector<LocatedInstancePtr>> next();

    const std::vector<catalog::StoredSeries>& series() const { return series_; }
    /// Changes with every change of what is listed.
    const std::string& version() const { return version_; }

private:
    InstanceLister(const Context& context, Wanted wanted)
        : context_(&context), wanted_(wanted) {}
    Result<catalog::ImageSetEdits> edits_of(
        db::Snapshot& snapshot, const catalog::ImageSet& set,
        const std::vector<catalog::StoredInstance>& instances) const;

    const Context* context_;
    Wanted wanted_;
    std::vector<catalog::StoredSeries> series_;
    std::string version_;
    std::int64_t image_set_version_ = 0;  ///< that was asked for; 0: the latest
    std::size_t at_ = 0;                  ///< in series_
    catalog::InstanceRow after_{};
};

/// The whole object, or a range of its bytes, to be sent from its file.
Result<http::FileSlice> slice_of(objects::ObjectStore& store,
                                 const objects::ObjectLocation& location);
Result<http::FileSlice> slice_of(objects::ObjectStore& store,
                                 const objects::ObjectLocation& location, ByteRange range);

/// 32 hexadecimal digits that stand for the bytes of the stored file: for entity tags of frames
/// and bulk data, which no edit changes.
std::string content_tag(const LocatedInstance& located);
/// The same with the version of the last edit of it, and a hash of all, where there is one: for
/// what edits change.
std::string edited_tag(const LocatedInstance& located);

/// How long a frame index may be: 64 MiB are some ten million frames.
inline constexpr std::uint64_t kFrameIndexMaxBytes = std::uint64_t{64} << 20;

}  // namespace larmor::api
