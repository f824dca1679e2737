#pragma once
#include "reassembly/fuse/image_facts.h"
#include "reassembly/run/file_writer.h"
#include "reassembly/run/frame_shelf.h"
#include "reassembly/run/metadata_store.h"
#include "reassembly/run/output.h"
#include "reassembly/run/request.h"
#include "reassembly/run/row_sorter.h"
#include "reassembly/run/scan.h"

namespace larmor::reassembly::run {

/// What the threads of the probe side share.
struct ProbeShared {
    const MetadataStore& store;
    FrameShelf& shelf;
    RowSorter& events;
    Output& output;
    const fuse::FuseOptions& fuse;
    const MemoryPlan& memory;
    Progress& progress;
};

/// Finds the metadata of the image members that one thread scans, a window of them at a time,
/// fuses both and writes the file.
class ProbeSide final : public ScanVisitor {
public:
    static Result<ProbeSide> create(const ProbeShared& shared, unsigned thread);

    Result<void> member(Event event, const fuse::MemberName& name,
                        archive::Reader& bytes) override;
    Result<void> tell(Event event) override;
    /// What still waits; also once at the end.
    Result<void> flush();

private:
    struct Waiting {
        Event event;
        fuse::MemberName name;
        ByteBuffer bytes;
    };
    /// A member with as much of it in memory as fusing needs, and the rest behind that.
    struct Given {
        fuse::ImageMember member;
        MemberBytes bytes;
    };

    /// A metadata half, and what it says.
    struct Known {
        fuse::MetadataHalf half;
        fuse::ImageFacts facts;
    };
    static Result<Known> known(const FoundRecord& record);

    ProbeSide(const ProbeShared& shared, unsigned thread, MetadataFinder finder)
        : shared_(&shared), thread_(thread), finder_(std::move(finder)) {}

    Result<void> stream(Event event, const fuse::MemberName& name, archive::Reader& bytes);
    Result<void> match(Waiting& waiting, std::span<const FoundRecord> records);
    Result<void> match_several(Waiting& waiting, std::span<const FoundRecord> records);
    Result<void> put_frame(Waiting& waiting, const Known& known);
    /// Fuses and writes; what came of it goes into `event`. `staged_only`: not where it
    /// belongs, whether that is free or not.
    Result<void> write(const Known& known, std::span<Given> members,
                       const std::string& staged_name, bool staged_only, Event& event);

    const ProbeShared* shared_;
    unsigned thread_;
    MetadataFinder finder_;
    std::vector<Waiting> window_;
    std::uint64_t window_bytes_ = 0;
};

/// `instances/<study>/<series>/<instance>.dcm`. Errors: Conflict where a UID can't be part of a
/// path.
Result<std::string> key_of(const fuse::ImageFacts& facts);

/// The event's fate of what fusing came to.
Fate fate_of(fuse::Outcome outcome);

}  // namespace larmor::reassembly::run
