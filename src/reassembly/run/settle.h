#pragma once
#include <vector>

#include "reassembly/fuse/fuse.h"
#include "reassembly/run/metadata_store.h"
#include "reassembly/run/output.h"
#include "reassembly/run/report.h"

namespace larmor::reassembly::run {

/// Decides, when all is known, what every event means: takes them in the order of UIDs and
/// compares all that there is of one UID. Moves files from where they were staged to where they
/// belong, or to `conflicts/`, and reports each member exactly once.
/// - One version of both halves: the instance; further equal members are duplicates of the
///   first in the order of archive key and offset.
/// - Several versions of either half: conflicts, and nothing of them in `instances/`.
class Settler {
public:
    struct Parts {
        Output& output;
        MetadataFinder& finder;
        const fuse::FuseOptions& fuse;
        Report& report;
    };
    explicit Settler(const Parts& parts) : parts_(parts) {}

    Result<void> add(Event event);
    /// Once, behind the last.
    Result<void> finish() { return settle(); }

private:
    /// All events of a UID, by what they are.
    struct Group {
        std::vector<Event> metadata;
        std::vector<Event> images;  ///< members that are a whole image half
        std::vector<Event> frames;
        std::vector<Event> files;
        bool empty() const {
            return metadata.empty() && images.empty() && frames.empty() && files.empty();
        }
    };
    Result<void> settle();
    Result<void> settle_orphans();
    Result<void> settle_versions();
    Result<void> settle_without_image();
    Result<void> settle_images();
    Result<void> settle_not_written(const Event& metadata);
    Result<void> check_frames();
    Result<void> accept(const Event& metadata, Event& first,
                        const std::vector<Event*>& written);
    Result<void> keep_as_conflicts();

    /// What was made for the group: of whole members and of frames.
    std::vector<Event*> candidates();
    Result<void> members_of(const Event& candidate, Fate fate, std::string_view reason);
    Result<void> tell(const Event& member, Fate fate, std::string_view reason);

    Parts parts_;
    std::string uid_;
    Group group_;
};

}  // namespace larmor::reassembly::run
