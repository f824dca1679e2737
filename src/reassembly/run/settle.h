#pragma once
#include <map>
#include <set>
#include <vector>

#include "reassembly/run/frame_file.h"
#include "reassembly/run/instance_writer.h"
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
/// What it does to files can be done again from the same events, wherever it was broken off. A
/// file of an attempt that was broken off is replaced, or removed: every UID that such a file
/// may have comes again.
class Settler {
public:
    struct Parts {
        Output& output;
        MetadataFinder& finder;
        const FrameFile& frames;
        std::uint64_t frames_max_bytes = 0;  ///< of an instance, that must be in memory at once
        const InstanceWriter& writer;
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
    using FramesByNumber = std::map<std::uint32_t, const Event*>;

    Result<void> settle();
    Result<void> settle_group();
    Result<void> settle_orphans();
    Result<void> settle_versions();
    Result<void> settle_without_image();
    /// Of a group that has one version of it.
    Result<Known> read_metadata();
    Result<void> settle_images();
    Result<void> settle_not_written(const Event& metadata);
    /// Makes one file of all frames, or one event that says why there is none.
    Result<void> settle_frames();
    Result<void> fuse_frames(const FramesByNumber& frames, Event& file);
    bool has_image_in_place() const;
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
    std::set<std::string> keys_;  ///< where files of this UID may be
    std::string kept_key_;        ///< where its instance is
};

}  // namespace larmor::reassembly::run
