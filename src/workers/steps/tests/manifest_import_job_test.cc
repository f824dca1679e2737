#include "workers/steps/manifest_import_job.h"

#include <filesystem>
#include <fstream>

#include "db/tests/temp_library.h"
#include "ingest/manifest_parameters.h"
#include "objects/migrations.h"
#include "workers/steps/tests/job_fixture.h"

namespace larmor::workers {
namespace {

using jobs::Job;
using jobs::JobState;
using testing::must;
namespace fs = std::filesystem;

/// Takes nothing: no file here is DICOM.
class NoDestination final : public ingest::Destination {
public:
    async::Task<ingest::ImportResult> import_bytes(Bytes /*bytes*/,
                                                   ingest::ImportOptions /*options*/) override {
        ingest::ImportResult result;
        result.error = Error{ErrorCode::InvalidInput, "no DICOM"};
        co_return result;
    }
    std::unique_ptr<ingest::ImportStream> begin(ingest::ImportOptions /*options*/) override {
        return nullptr;  // nothing here is that large
    }
};

class ManifestImportJobTest : public testing::RunJobFixture {
protected:
    void SetUp() override {
        RunJobFixture::SetUp();
        if (IsSkipped()) return;
        must(database_->migrate(
            std::array{objects::migrations(), events::migrations(), catalog::migrations()}));
        log_ = must(events::EventLog::open(*database_));
        log_->start_numbering();
        catalog_ = must(catalog::Catalog::open(*database_, *log_));
        kinds_.emplace(kManifestImportKind,
                       std::make_unique<ManifestImportJob>(
                           ManifestImportJob::Services{*database_, *catalog_, pool_, places_},
                           [this](const Job& /*job*/) {
                               if (++starts_ == 2) fs::remove_all(in_the_way_);
                               return std::make_unique<NoDestination>();
                           }));
        fs::create_directories(folder_.path() / "in");
        std::ofstream(folder_.path() / "in/a") << "no DICOM";
    }
    void TearDown() override {
        RunJobFixture::TearDown();
        kinds_.clear();
        catalog_.reset();
        log_.reset();
        database_.reset();
    }
    std::string uri(const std::string& name) const {
        return "file://" + (folder_.path() / name).string();
    }
    ingest::ManifestParameters parameters() const {
        return {.datastore_id = catalog_->datastore_id(),
                .job_name = "night",
                .data_access_role_arn = {},
                .input_uri = uri("in"),
                .output_uri = uri("out")};
    }
    Result<void> check(const ingest::ManifestParameters& wanted) {
        return database_->read(
            [&](db::Snapshot& snapshot) { return kind().check(snapshot, to_json(wanted)); });
    }
    jobs::Kind& kind() { return *kinds_.at(std::string(kManifestImportKind)); }

    db::testing::TempDirectory folder_;
    objects::s3::AllowedPlaces places_;
    std::unique_ptr<events::EventLog> log_;
    std::unique_ptr<catalog::Catalog> catalog_;
    fs::path in_the_way_;  ///< of the manifest; gone when the job starts again
    int starts_ = 0;
};

TEST_P(ManifestImportJobTest, AnOutputThatIsAwayAtTheEndIsWrittenLater) {
    const auto id = make(std::string(kManifestImportKind), to_json(parameters()));
    const fs::path out =
        folder_.path() / "out" / ingest::manifest_folder(parameters(), to_int64(id));
    in_the_way_ = out / "SUCCESS/success.ndjson";
    fs::create_directories(in_the_way_);
    start_pool();
    const Job job = await_end(id);
    EXPECT_EQ(job.state, JobState::Succeeded) << job.error.value_or(Error{}).message;
    EXPECT_EQ(starts_, 2);
    EXPECT_EQ(job.progress.done, 1);
    EXPECT_TRUE(fs::is_regular_file(in_the_way_));
    EXPECT_TRUE(fs::exists(out / "job-output-manifest.json"));
}

TEST_P(ManifestImportJobTest, AnOutputThatStaysAwayFailsIt) {
    const auto id = make(std::string(kManifestImportKind), to_json(parameters()));
    fs::create_directories(folder_.path() / "out" /
                           ingest::manifest_folder(parameters(), to_int64(id)) /
                           "SUCCESS/success.ndjson");
    start_pool();
    const Job job = await_end(id);
    EXPECT_EQ(job.state, JobState::Failed);
    EXPECT_EQ(job.error.value_or(Error{}).code, ErrorCode::Unavailable);
}

TEST_P(ManifestImportJobTest, AnotherDatastoreIsRefused) {
    ASSERT_TRUE(check(parameters()));
    for (const char* id : {"", "../../private", "/etc/x", "0123456789abcdef0123456789abcdef"}) {
        auto wanted = parameters();
        wanted.datastore_id = id;
        const auto checked = check(wanted);
        ASSERT_FALSE(checked) << id;
        EXPECT_EQ(checked.error().code, ErrorCode::InvalidInput);
        // Of before there was a check.
        jobs::Jobs::Begun begun;
        begun.job.parameters = to_json(wanted);
        EXPECT_FALSE(kind().start(begun)) << id;
    }
}

LARMOR_EACH_DRIVER(ManifestImportJobTest);

}  // namespace
}  // namespace larmor::workers
