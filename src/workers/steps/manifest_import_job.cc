#include "workers/steps/manifest_import_job.h"

#include "ingest/manifest_parameters.h"
#include "workers/steps/import_run.h"
#include "workers/steps/write_manifest.h"

namespace larmor::workers {
namespace {

/// The import first, then its manifest. The piece with which the import ends is recorded like
/// every other, so that the report is whole when the manifest is made of it; where the process
/// ends between the two, the import goes on at its end, and the manifest is written then.
class ManifestRun final : public jobs::Run {
public:
    ManifestRun(ManifestImportJob::Services services, jobs::JobId job,
                ingest::ManifestParameters parameters, std::unique_ptr<jobs::Run> import)
        : services_(services),
          job_(job),
          parameters_(std::move(parameters)),
          import_(std::move(import)) {}

    async::Task<Result<jobs::Piece>> next(async::CancelToken stop) override {
        if (!has_ended_) co_return co_await import_some(std::move(stop));
        auto written = co_await services_.pool.run(
            async::Priority::Normal,
            [this] {
                return write_manifest(services_.database, services_.catalog, job_, parameters_);
            },
            async::WhenFull::Wait);
        jobs::Piece piece;
        piece.is_last = true;
        piece.failure = failure_;
        if (!written && !piece.failure) piece.failure = written.error();
        // What it told is told already.
        jobs::Step step = *last_;
        step.errors.clear();
        step.report.clear();
        piece.write = [step = std::move(step)](db::Transaction&) -> Result<jobs::Step> {
            return step;
        };
        co_return piece;
    }

private:
    async::Task<Result<jobs::Piece>> import_some(async::CancelToken stop) {
        CO_TRY(auto piece, co_await import_->next(std::move(stop)));
        has_ended_ = piece.is_last;
        failure_ = std::exchange(piece.failure, std::nullopt);
        piece.is_last = false;
        piece.write = [write = std::move(piece.write),
                       last = last_](db::Transaction& tx) -> Result<jobs::Step> {
            TRY(*last, write(tx));
            return *last;
        };
        co_return piece;
    }

    const ManifestImportJob::Services services_;
    const jobs::JobId job_;
    const ingest::ManifestParameters parameters_;
    const std::unique_ptr<jobs::Run> import_;
    bool has_ended_ = false;
    std::optional<Error> failure_;
    /// Shared with pieces, which may be written when this is gone.
    const std::shared_ptr<jobs::Step> last_ = std::make_shared<jobs::Step>();
};

}  // namespace

Result<void> ManifestImportJob::check(db::Snapshot& /*snapshot*/,
                                      const std::string& parameters) const {
    TRY(const auto parsed, ingest::parse_manifest_parameters(parameters));
    std::error_code error;
    if (!std::filesystem::exists(parsed.input(), error)) {
        return fail(ErrorCode::InvalidInput,
                    "the input " + parsed.input_uri + " is not there, or not readable");
    }
    return {};
}

Result<std::unique_ptr<jobs::Run>> ManifestImportJob::start(const jobs::Jobs::Begun& begun) {
    TRY(auto parameters, ingest::parse_manifest_parameters(begun.job.parameters));
    TRY(const auto from, parse_import_checkpoint(begun.checkpoint));
    const ImportParameters import{.paths = {parameters.input()}, .report = Report::All};
    return std::make_unique<ManifestRun>(
        services_, begun.job.id, std::move(parameters),
        std::make_unique<ImportRun>(import, from, make_destination_(begun.job)));
}

}  // namespace larmor::workers
