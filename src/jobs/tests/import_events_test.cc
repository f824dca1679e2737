#include "jobs/import_events.h"

#include <gmock/gmock.h>

#include <array>

#include "db/tests/each_driver.h"
#include "jobs/jobs.h"

namespace larmor::jobs {
namespace {

using db::testing::must;
using ::testing::ElementsAre;

/// The names and fields are those of the service's guide for EventBridge.
class ImportEventsTest : public db::testing::EachDriver {
protected:
    void SetUp() override {
        EachDriver::SetUp();
        if (IsSkipped()) return;
        database_ = library_.open();
        must(database_->migrate(std::array{events::migrations(), migrations()}));
        log_ = must(events::EventLog::open(*database_));
        log_->start_numbering();
        jobs_.emplace(system_clock(), std::chrono::days(7), nullptr,
                      ImportEvents(*log_, "datastore"));
    }
    template <typename F>
    auto write(F f) {
        return must(database_->write_and_wait(std::move(f)));
    }
    JobId make(const std::string& kind, const std::string& parameters) {
        return write([&](db::Transaction& tx) {
                   return jobs_->create(tx, {.kind = kind, .parameters = parameters});
               })
            .job.id;
    }
    std::vector<events::StoredEvent> all() {
        must(log_->number_committed());
        return must(database_->read([](db::Snapshot& snapshot) {
            return events::EventLog::read_after(snapshot, 0, 100);
        }));
    }
    std::vector<std::string> types() {
        std::vector<std::string> names;
        for (const auto& event : all()) names.push_back(event.detail_type);
        return names;
    }

    std::unique_ptr<db::Database> database_;
    std::unique_ptr<events::EventLog> log_;
    std::optional<Jobs> jobs_;
};

TEST_P(ImportEventsTest, TellEachStateOfAnImportOnce) {
    const JobId id = make("import", R"({"paths":["/data/Doe"],"jobName":"n"})");
    write([&](db::Transaction& tx) { return jobs_->begin(tx, id); });
    write([&](db::Transaction& tx) { return jobs_->begin(tx, id); });
    write([&](db::Transaction& tx) { return jobs_->record(tx, id, {}); });
    write([&](db::Transaction& tx) { return jobs_->succeed(tx, id, "{}"); });
    EXPECT_THAT(types(), ElementsAre("Import Job Submitted", "Import Job In Progress",
                                     "Import Job Completed"));
    EXPECT_EQ(all()[1].detail,
              R"({"imagingVersion":"1.0","datastoreId":"datastore","jobId":")" +
                  to_service_id(id) +
                  R"(","jobName":"n","jobStatus":"IN_PROGRESS","inputS3Uri":"",)"
                  R"("outputS3Uri":""})");
    EXPECT_EQ(to_service_id(id).size(), 32U);
    EXPECT_EQ(all()[0].resource,
              "arn:aws:medical-imaging:local:000000000000:datastore/datastore");
}

TEST_P(ImportEventsTest, TellOfThoseThatFailOrAreCancelled) {
    const JobId fails =
        make("import", R"({"inputS3Uri":"s3://in/a","outputS3Uri":"s3://out"})");
    write([&](db::Transaction& tx) {
        return jobs_->fail(tx, fails, Error{ErrorCode::Unavailable, "gone"});
    });
    const JobId cancelled = make("import", "{}");
    write([&](db::Transaction& tx) { return jobs_->cancel(tx, cancelled); });
    EXPECT_THAT(types(), ElementsAre("Import Job Submitted", "Import Job Failed",
                                     "Import Job Submitted", "Import Job Failed"));
    EXPECT_NE(all()[1].detail.find(
                  R"("jobStatus":"FAILED","inputS3Uri":"s3://in/a","outputS3Uri":"s3://out")"),
              std::string::npos);
}

TEST_P(ImportEventsTest, TellOfThoseOfHealthImagingsApiButNoPathOfThisMachine) {
    make("dicom-import", R"({"job_name":"n","input_uri":"file:///data/Doe/"})");
    EXPECT_THAT(types(), ElementsAre("Import Job Submitted"));
    EXPECT_EQ(all()[0].detail.find("Doe"), std::string::npos);
    EXPECT_NE(all()[0].detail.find(R"("jobName":"n")"), std::string::npos);
}

TEST_P(ImportEventsTest, TellNothingOfOtherJobsAndOfWhatIsRolledBack) {
    make("replay", "{}");
    const auto lost = database_->write_and_wait([&](db::Transaction& tx) -> Result<void> {
        TRY_VOID(jobs_->create(tx, {.kind = "import"}));
        return larmor::fail(ErrorCode::Conflict, "no");
    });
    EXPECT_FALSE(lost);
    EXPECT_THAT(types(), ElementsAre());
}

LARMOR_EACH_DRIVER(ImportEventsTest);

}  // namespace
}  // namespace larmor::jobs
