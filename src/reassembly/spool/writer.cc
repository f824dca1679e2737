#include "reassembly/spool/writer.h"

namespace larmor::reassembly::spool {

Result<std::uint64_t> Writer::append(const Record& record) {
    if (record.data_set.size() > kRecordBytesMax / 2) {
        return fail(ErrorCode::LimitExceeded,
                    "a data set without pixels of " + std::to_string(record.data_set.size()) +
                        " bytes, the limit is " + std::to_string(kRecordBytesMax / 2));
    }
    TRY_VOID(encode_record(record, encoded_));
    if (!spool_->begun_) {
        TRY(const auto ordinal, spool_->hold(encoded_));
        if (ordinal) return *ordinal;
    }
    if (block_.empty()) {
        const std::scoped_lock lock(spool_->mutex_);
        number_ = spool_->next_block_++;
    }
    const std::uint64_t ordinal = number_ * kRecordsPerBlock + block_.count();
    block_.add(compressor_.append(spool_->dictionary_, encoded_, block_.frames()));
    if (block_.full()) {
        constexpr std::size_t kWriteBytes = 1 << 20;
        finish_block();
        if (out_.size() >= kWriteBytes) TRY_VOID(write_out());
    }
    return ordinal;
}

void Writer::finish_block() {
    const std::size_t before = out_.size();
    block_.finish(spool_->id_, number_, out_);
    written_.push_back({number_, {before, out_.size() - before}});
}

Result<void> Writer::write_out() {
    const std::scoped_lock lock(spool_->mutex_);
    TRY_VOID(spool_->write_locked(out_, written_));
    out_.clear();
    written_.clear();
    return {};
}

Result<void> Writer::flush() {
    if (!block_.empty()) finish_block();
    if (!out_.empty()) TRY_VOID(write_out());
    const std::scoped_lock lock(spool_->mutex_);
    if (!spool_->begun_ && !spool_->held_sizes_.empty()) return spool_->begin_locked();
    return {};
}

}  // namespace larmor::reassembly::spool
