#pragma once
#include "reassembly/run/metadata_store.h"
#include "reassembly/run/request.h"
#include "reassembly/run/row_sorter.h"
#include "reassembly/run/scan.h"

namespace larmor::reassembly::run {

/// Reads the metadata members that one thread scans into the store.
class BuildSide final : public ScanVisitor {
public:
    BuildSide(MetadataStore& store, RowSorter& events, const MemoryPlan& memory,
              unsigned thread)
        : scribe_(store, thread), events_(&events), memory_(&memory), thread_(thread) {}

    Result<void> member(Event event, const fuse::MemberName& name,
                        archive::Reader& bytes) override;
    Result<void> tell(Event event) override;
    Result<void> finish_archive() override { return scribe_.pause(); }
    /// Once, when the thread has no more.
    Result<void> close() { return scribe_.close(); }

private:
    MetadataStore::Scribe scribe_;
    RowSorter* events_;
    const MemoryPlan* memory_;
    unsigned thread_;
    MemberBuffer bytes_;
};

}  // namespace larmor::reassembly::run
