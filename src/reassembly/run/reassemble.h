#pragma once
#include "reassembly/run/progress.h"
#include "reassembly/run/report.h"
#include "reassembly/run/request.h"

namespace larmor::reassembly::run {

struct Outcome {
    Counts counts;                      ///< of a run that was done now
    std::string complete_json;          ///< what `complete.json` says
    bool was_done = false;              ///< the same run was finished before: nothing was to do
    std::uint64_t archives_before = 0;  ///< done when this attempt began
    std::uint64_t image_bytes = 0;      ///< size of the image archives that were not
    std::uint64_t image_bytes_read = 0;  ///< as their files gave them
};

/// Puts split archives together again: reads every metadata archive once, then every image
/// archive once, and writes instances and report below `request.output`. The same archives and
/// options give the same bytes, whatever threads and memory, however often a run was broken
/// off: it goes on where its last checkpoint was. Blocks. Errors: Conflict for an output folder
/// that holds something else; Cancelled; those of reading and writing; Corrupt when the counts
/// don't add up, which is our own fault.
Result<Outcome> reassemble(const Request& request, Progress& progress);

}  // namespace larmor::reassembly::run
