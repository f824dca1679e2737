#include "library/audited_destination.h"

namespace larmor {

class AuditedDestination::Stream final : public ingest::ImportStream {
public:
    Stream(AuditedDestination& owner, std::unique_ptr<ingest::ImportStream> stream)
        : owner_(owner), stream_(std::move(stream)) {}
    async::Task<Result<void>> write(Bytes piece) override { return stream_->write(piece); }
    async::Task<ingest::ImportResult> finish() override {
        auto result = co_await stream_->finish();
        co_return co_await owner_.on_record(std::move(result));
    }

private:
    AuditedDestination& owner_;
    std::unique_ptr<ingest::ImportStream> stream_;
};

async::Task<ingest::ImportResult> AuditedDestination::import_bytes(
    Bytes bytes, ingest::ImportOptions options) {
    auto result = co_await destination_.import_bytes(bytes, std::move(options));
    co_return co_await on_record(std::move(result));
}

std::unique_ptr<ingest::ImportStream> AuditedDestination::begin(ingest::ImportOptions options) {
    return std::make_unique<Stream>(*this, destination_.begin(std::move(options)));
}

async::Task<ingest::ImportResult> AuditedDestination::on_record(ingest::ImportResult result) {
    if (result.outcome == ingest::Outcome::Rejected) co_return result;
    audit::Entry entry;
    entry.action = audit::Action::Store;
    entry.actor = actor_;
    entry.subject.study = result.study_instance_uid;
    entry.subject.series = result.series_instance_uid;
    entry.subject.instances = 1;
    entry.route = "import";
    entry.detail = detail_;
    const auto recorded = co_await log_.record(std::move(entry));
    if (!recorded) {
        result.outcome = ingest::Outcome::Rejected;
        result.error = recorded.error();
    }
    co_return result;
}

}  // namespace larmor
