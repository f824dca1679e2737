#pragma once
#include "reassembly/run/frame_file.h"
#include "reassembly/run/instance_writer.h"
#include "reassembly/run/metadata_store.h"
#include "reassembly/run/request.h"
#include "reassembly/run/row_sorter.h"
#include "reassembly/run/scan.h"

namespace larmor::reassembly::run {

/// What the threads of the probe side share.
struct ProbeShared {
    const MetadataStore& store;
    FrameFile& frames;
    RowSorter& events;
    const InstanceWriter& writer;
    const MemoryPlan& memory;
    Progress& progress;
};

/// Finds the metadata of the image members that one thread scans, a window of them at a time,
/// fuses both and writes the file. Frames that come as members of their own, one behind the
/// other, are fused when the last has come; those of which others lie elsewhere wait in the
/// frame file for the end.
class ProbeSide final : public ScanVisitor {
public:
    static Result<ProbeSide> create(const ProbeShared& shared, unsigned thread);

    Result<void> member(Event event, const fuse::MemberName& name,
                        archive::Reader& bytes) override;
    Result<void> tell(Event event) override;
    Result<void> finish_archive() override;

private:
    struct Waiting {
        Event event;
        fuse::MemberName name;
        MemberBuffer bytes;
    };
    /// An instance of one member, which `waiting` is.
    struct Ready {
        Waiting* waiting;
        FusedInstance instance;
    };
    /// Frames of one instance that came one behind the other.
    struct Gathered {
        Known known;
        std::vector<Waiting> frames;
        std::uint64_t bytes = 0;
    };

    ProbeSide(const ProbeShared& shared, unsigned thread, MetadataFinder finder);

    /// A buffer that was used before, if there is one.
    MemberBuffer take_buffer();
    void give_back(MemberBuffer buffer);
    /// Finds and fuses what waits in the window.
    Result<void> flush();
    Result<void> stream(Event event, const fuse::MemberName& name, archive::Reader& bytes);
    Result<void> match(Waiting& waiting, std::span<const FoundRecord> records);
    Result<void> match_several(Waiting& waiting, std::span<const FoundRecord> records);
    /// Writes what `match` made ready: behind the last of a window, and before what was made of
    /// its members takes more memory than the window may.
    Result<void> write_ready();
    Result<void> put_frame(Waiting waiting, Known known);
    Result<void> write_frames();
    Result<void> shelve_frames();

    const ProbeShared* shared_;
    unsigned thread_;
    MetadataFinder finder_;
    std::uint64_t window_max_bytes_;
    std::vector<Waiting> window_;
    std::vector<Ready> ready_;
    std::uint64_t ready_made_bytes_ = 0;
    std::uint64_t window_bytes_ = 0;
    std::vector<MemberBuffer> buffers_;  ///< for members to come
    std::uint64_t buffers_bytes_ = 0;
    Gathered gathered_;
};

}  // namespace larmor::reassembly::run
