#pragma once
#include "reassembly/run/checkpoint.h"
#include "reassembly/run/progress.h"
#include "reassembly/run/report.h"
#include "reassembly/run/request.h"

namespace larmor::reassembly::run {

/// Has those archives of cold tiers restored that this attempt has to read: all but those that
/// `before` says are done. Null where there is nothing to restore. Errors: Unavailable, which
/// names the first, where some can't be read and nobody asked for restores; those of S3.
Result<std::unique_ptr<restore::Restores>> restore_archives(
    const Request& request, const Report::Archives& archives,
    const std::optional<Checkpoint>& before, Progress& progress);

}  // namespace larmor::reassembly::run
