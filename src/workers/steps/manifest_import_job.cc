#include "workers/steps/manifest_import_job.h"

#include "ingest/manifest_parameters.h"
#include "workers/steps/bucket_input.h"
#include "workers/steps/import_run.h"
#include "workers/steps/write_manifest.h"

namespace larmor::workers {
namespace {

namespace s3 = objects::s3;

/// The import first, then its manifest. The piece with which the import ends is recorded like
/// every other, so that the report is whole when the manifest is made of it; where the process
/// ends between the two, the import goes on at its end, and the manifest is written then.
class ManifestRun final : public jobs::Run {
public:
    ManifestRun(ManifestImportJob::Services services, jobs::JobId job,
                ingest::ManifestParameters parameters, std::unique_ptr<ManifestOutput> output,
                std::unique_ptr<jobs::Run> import)
        : services_(services),
          job_(job),
          parameters_(std::move(parameters)),
          output_(std::move(output)),
          import_(std::move(import)) {}

    async::Task<Result<jobs::Piece>> next(async::CancelToken stop) override {
        if (!has_ended_) co_return co_await import_some(std::move(stop));
        auto written = co_await services_.pool.run(
            async::Priority::Normal,
            [this] {
                return write_manifest(
                    {services_.database, services_.catalog, job_, parameters_}, *output_);
            },
            async::WhenFull::Wait);
        // Of an import that came to its end; the manifest is written when the place is there
        // again.
        const bool may_pass = !written && written.error().code == ErrorCode::Unavailable;
        if (may_pass && !failure_) co_return tl::unexpected(written.error());
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
    const std::unique_ptr<ManifestOutput> output_;
    const std::unique_ptr<jobs::Run> import_;
    bool has_ended_ = false;
    std::optional<Error> failure_;
    /// Shared with pieces, which may be written when this is gone.
    const std::shared_ptr<jobs::Step> last_ = std::make_shared<jobs::Step>();
};

}  // namespace

Result<ingest::ManifestParameters> ManifestImportJob::read_parameters(
    std::string_view json) const {
    TRY(auto parameters, ingest::parse_manifest_parameters(json));
    // It becomes a part of paths and keys.
    if (parameters.datastore_id != services_.catalog.datastore_id()) {
        return fail(ErrorCode::InvalidInput,
                    "the parameter datastore_id is not the id of this server's datastore");
    }
    return parameters;
}

Result<void> ManifestImportJob::check(db::Snapshot& /*snapshot*/,
                                      const std::string& parameters) const {
    TRY(const auto parsed, read_parameters(parameters));
    for (const auto& uri : {parsed.input_uri, parsed.output_uri}) {
        if (ingest::is_bucket_uri(uri)) TRY_VOID(services_.places.find(uri));
    }
    // Whether a bucket is there, shows when it is read: no request waits for its server.
    if (ingest::is_bucket_uri(parsed.input_uri)) return {};
    TRY(const auto path, ingest::path_of_file_uri(parsed.input_uri));
    std::error_code error;
    if (!std::filesystem::exists(path, error)) {
        return fail(ErrorCode::InvalidInput,
                    "the input " + parsed.input_uri + " is not there, or not readable");
    }
    return {};
}

Result<ManifestImportJob::OpenedBucket> ManifestImportJob::open_bucket(
    const std::string& uri) const {
    OpenedBucket opened;
    TRY(const auto address, services_.places.find(uri));
    TRY(auto options, s3::client_options(address, s3::environment_variable));
    TRY(opened.client, s3::Client::open(std::move(options)));
    opened.prefix = address.as_prefix();
    return opened;
}

Result<std::unique_ptr<ingest::ImportInput>> ManifestImportJob::open_input(
    const std::string& uri) const {
    if (ingest::is_bucket_uri(uri)) {
        TRY(auto bucket, open_bucket(uri));
        return std::make_unique<BucketInput>(std::move(bucket.client),
                                             std::move(bucket.prefix));
    }
    TRY(auto path, ingest::path_of_file_uri(uri));
    return std::make_unique<ingest::PathInput>(
        std::vector<std::filesystem::path>{std::move(path)});
}

Result<std::unique_ptr<ManifestOutput>> ManifestImportJob::open_output(
    const std::string& uri, const std::string& folder) const {
    if (ingest::is_bucket_uri(uri)) {
        TRY(auto bucket, open_bucket(uri));
        return bucket_output(std::move(bucket.client), bucket.prefix + folder + '/');
    }
    TRY(const auto path, ingest::path_of_file_uri(uri));
    return folder_output(path / folder);
}

Result<std::unique_ptr<jobs::Run>> ManifestImportJob::start(const jobs::Jobs::Begun& begun) {
    TRY(auto parameters, read_parameters(begun.job.parameters));
    TRY(const auto from, parse_import_checkpoint(begun.checkpoint));
    TRY(auto input, open_input(parameters.input_uri));
    TRY(auto output, open_output(parameters.output_uri,
                                 ingest::manifest_folder(parameters, to_int64(begun.job.id))));
    return std::make_unique<ManifestRun>(
        services_, begun.job.id, std::move(parameters), std::move(output),
        std::make_unique<ImportRun>(std::move(input), Report::All, from,
                                    make_destination_(begun.job)));
}

}  // namespace larmor::workers
