#include "api/dicomweb/store_outcome.h"

#include "async/sync_wait.h"

namespace larmor::api {

void StoreOutcome::add(const ingest::ImportResult& result,
                       const ingest::ImportOptions& options) {
    if (result.outcome != ingest::Outcome::Rejected) {
        note.stored(result.study_instance_uid, result.series_instance_uid);
    }
    const InstanceUids uids{.study = result.study_instance_uid,
                            .series = result.series_instance_uid,
                            .sop_class = result.sop_class_uid,
                            .sop_instance = result.sop_instance_uid};
    switch (result.outcome) {
        case ingest::Outcome::Stored:
        case ingest::Outcome::Duplicate:
        case ingest::Outcome::Alternate:
            response.stored(uids);
            return;
        case ingest::Outcome::Conflict:
            response.stored_with_warning(
                uids, WarningReason::KeptAsConflict,
                "another instance has this SOP Instance UID: this one is kept in the "
                "non-primary image set " +
                    result.image_set_id);
            return;
        case ingest::Outcome::Rejected:
            break;
    }
    const Error error =
        result.error.value_or(Error{ErrorCode::InvalidInput, "the instance was rejected"});
    const bool other_study = !options.study_instance_uid.empty() &&
                             !result.study_instance_uid.empty() &&
                             result.study_instance_uid != options.study_instance_uid;
    response.failed(
        uids,
        other_study ? FailureReason::StudyInstanceUidMismatch : failure_reason_of(error.code),
        error);
}

http::Task<void> ImportBatch::add(std::unique_ptr<ingest::ImportStream> stream,
                                  std::uint64_t size_bytes) {
    streams_.push_back(std::move(stream));
    size_bytes_ += size_bytes;
    if (size_bytes_ >= kBytesMax || streams_.size() == kInstancesMax) {
        co_await finish();
    }
}

http::Task<void> ImportBatch::finish() {
    std::vector<http::Task<ingest::ImportResult>> tasks;
    tasks.reserve(streams_.size());
    for (const auto& stream : streams_) {
        tasks.push_back(stream->finish());
    }
    for (const auto& result : co_await async::when_all(std::move(tasks))) {
        outcome_.add(result, options_);
    }
    streams_.clear();
    size_bytes_ = 0;
}

}  // namespace larmor::api
