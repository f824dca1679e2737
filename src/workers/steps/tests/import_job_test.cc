#include "workers/steps/import_job.h"

#include <atomic>
#include <fstream>

#include "async/completion.h"
#include "db/tests/temp_library.h"
#include "workers/steps/import_parameters.h"
#include "workers/steps/tests/job_fixture.h"

namespace larmor::workers {
namespace {

using jobs::Job;
using jobs::JobState;
using testing::must;
namespace fs = std::filesystem;
using namespace std::chrono_literals;

/// Takes everything but what begins with `bad`, and what begins with `full` as on a full disk.
class CountingDestination final : public ingest::Destination {
public:
    struct Shared {
        std::atomic<std::int64_t> stored{0};
        /// Waits before the instance of that number; the test lets it go on.
        std::int64_t wait_at = -1;
        async::Event go_on;
    };
    explicit CountingDestination(Shared& shared) : shared_(shared) {}

    async::Task<ingest::ImportResult> import_bytes(Bytes bytes,
                                                   ingest::ImportOptions /*options*/) override {
        const std::string text(as_text(bytes));
        if (shared_.stored == shared_.wait_at) co_await shared_.go_on;
        ingest::ImportResult result;
        if (text.starts_with("bad")) {
            result.error = Error{ErrorCode::InvalidInput, "no DICOM"};
        } else if (text.starts_with("full")) {
            result.error = Error{ErrorCode::NoSpace, "the disk is full"};
        } else {
            result.outcome = ingest::Outcome::Stored;
            result.size_bytes = bytes.size();
            ++shared_.stored;
        }
        co_return result;
    }
    std::unique_ptr<ingest::ImportStream> begin(ingest::ImportOptions /*options*/) override {
        return nullptr;  // nothing here is that large
    }

private:
    Shared& shared_;
};

class ImportJobTest : public testing::RunJobFixture {
protected:
    ImportJobTest() {
        kinds_.emplace("import", std::make_unique<ImportJob>([this](const Job& job) {
                           creator_ = job.created_by;
                           return std::make_unique<CountingDestination>(shared_);
                       }));
    }
    ~ImportJobTest() override { shared_.go_on.set(); }
    void write_file(const std::string& name, const std::string& content) const {
        fs::create_directories((folder_.path() / name).parent_path());
        std::ofstream(folder_.path() / name) << content;
    }
    void write_files(int count) const {
        for (int i = 0; i < count; ++i) write_file("in/" + std::to_string(i), "x");
    }
    jobs::JobId import(const std::string& report = "none") {
        return make("import", R"({"paths":[")" + (folder_.path() / "in").string() +
                                  R"("],"report":")" + report + R"("})");
    }

    db::testing::TempDirectory folder_;
    CountingDestination::Shared shared_;
    std::string creator_;
};

TEST_P(ImportJobTest, CountsItsFilesAndNamesThoseThatWereRejected) {
    write_file("in/a", "1");
    write_file("in/b", "bad");
    write_file("in/deep/c", "22");
    const auto id = import("all");
    start_pool();
    const Job job = await_end(id);
    EXPECT_EQ(job.state, JobState::Succeeded);
    EXPECT_EQ(creator_, "ada");
    EXPECT_EQ(job.progress.done, 3);
    EXPECT_EQ(job.progress.total, 3);
    EXPECT_EQ(job.progress.unit, "files");
    EXPECT_EQ(job.result,
              R"({"imported":2,"duplicates":0,"alternates":0,"conflicts":0,"rejected":1,)"
              R"("bytes":3,"bytes_passed":6,"bytes_total":6})");
    EXPECT_EQ(job.item_errors, 1);
    const auto errors = must(database_->read(
        [&](db::Snapshot& snapshot) { return jobs::Jobs::errors(snapshot, id, 0, 10); }));
    ASSERT_EQ(errors.size(), 1U);
    EXPECT_EQ(errors[0].item, (folder_.path() / "in/b").string());
    EXPECT_EQ(errors[0].error.code, ErrorCode::InvalidInput);
    const auto report = must(database_->read(
        [&](db::Snapshot& snapshot) { return jobs::Jobs::report(snapshot, id, 0); }));
    ASSERT_TRUE(report);
    EXPECT_EQ(std::ranges::count(report->lines, '\n'), 3);
    EXPECT_NE(report->lines.find(R"(in/b","outcome":"rejected")"), std::string::npos)
        << report->lines;
}

TEST_P(ImportJobTest, TenThousandFilesCancelledHalfWayStopAndSayExactlyWhatWasDone) {
    write_files(10'000);
    shared_.wait_at = 5'000;
    const auto id = import();
    start_pool();
    await(id, [&](const Job& job) { return job.progress.done > 4'000; });
    const auto asked = std::chrono::steady_clock::now();
    must(cancel(id));
    shared_.go_on.set();
    const Job job = await_end(id);
    EXPECT_LT(std::chrono::steady_clock::now() - asked, 2s);
    EXPECT_EQ(job.state, JobState::Cancelled);
    EXPECT_EQ(job.progress.total, 10'000);
    EXPECT_GE(job.progress.done, 4'000);
    EXPECT_LT(job.progress.done, 10'000);
    EXPECT_EQ(job.progress.done, shared_.stored);
    EXPECT_NE(job.result.find("\"imported\":" + std::to_string(shared_.stored)),
              std::string::npos)
        << job.result;
}

TEST_P(ImportJobTest, GoesOnAfterAStopWithoutDoingAnythingTwice) {
    write_files(3'000);
    shared_.wait_at = 1'000;
    const auto id = import("all");
    start_pool();
    await(id, [&](const Job& job) { return job.progress.done > 500; });
    shared_.wait_at = -1;
    shared_.go_on.set();
    restart();
    start_pool();
    const Job job = await_end(id);
    EXPECT_EQ(job.state, JobState::Succeeded);
    EXPECT_EQ(job.progress.done, 3'000);
    EXPECT_EQ(shared_.stored, 3'000) << "each file once";
    std::int64_t lines = 0;
    for (std::int64_t after = 0;;) {
        const auto part = must(database_->read(
            [&](db::Snapshot& snapshot) { return jobs::Jobs::report(snapshot, id, after); }));
        if (!part) break;
        lines += std::ranges::count(part->lines, '\n');
        after = part->number;
    }
    EXPECT_EQ(lines, 3'000);
}

TEST_P(ImportJobTest, AFullDiskFailsItWithWhatWasDone) {
    write_file("in/a", "1");
    write_file("in/b", "full");
    const auto id = import();
    start_pool();
    const Job job = await_end(id);
    EXPECT_EQ(job.state, JobState::Failed);
    EXPECT_EQ(job.error->code, ErrorCode::NoSpace);
    EXPECT_EQ(job.progress.done, 1);
    EXPECT_NE(job.result.find(R"("imported":1)"), std::string::npos) << job.result;
}

TEST_P(ImportJobTest, APathThatIsNotThereIsRejected) {
    const auto id = import();
    start_pool();
    const Job job = await_end(id);
    EXPECT_EQ(job.state, JobState::Succeeded);
    EXPECT_EQ(job.item_errors, 1);
    EXPECT_EQ(job.progress.done, 1);
}

LARMOR_EACH_DRIVER(ImportJobTest);

TEST(ImportParameters, WrongOnesAreNamed) {
    EXPECT_TRUE(parse_import_parameters(R"({"paths":["/a","/b"],"report":"problems"})"));
    for (const auto& [json, member] :
         {std::pair("{}", "paths"), std::pair(R"({"paths":[]})", "paths"),
          std::pair(R"({"paths":["a"]})", "absolute"), std::pair(R"({"paths":[1]})", "paths"),
          std::pair(R"({"paths":["/a"],"report":"some"})", "report"),
          std::pair(R"({"paths":["/a"],"more":1})", "no other"), std::pair("[]", "object")}) {
        const auto parameters = parse_import_parameters(json);
        ASSERT_FALSE(parameters) << json;
        EXPECT_EQ(parameters.error().code, ErrorCode::InvalidInput);
        EXPECT_NE(parameters.error().message.find(member), std::string::npos)
            << parameters.error().message;
    }
}

TEST(ImportCheckpoint, IsReadBackAsItWasWritten) {
    ImportCheckpoint checkpoint;
    checkpoint.position = {2, "/in/\xff \" %", "/in/b.tar", 17};
    checkpoint.files = 3;
    checkpoint.tally = {1, 2, 3, 4, 5, 6, 7};
    checkpoint.is_counted = true;
    checkpoint.total = {8, 9};
    const auto read = parse_import_checkpoint(to_json(checkpoint));
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(read->position, checkpoint.position);
    EXPECT_EQ(to_json(*read), to_json(checkpoint));
    EXPECT_EQ(parse_import_checkpoint("").value().files, 0U);
    EXPECT_FALSE(parse_import_checkpoint(R"({"file":"a"})"));
}

}  // namespace
}  // namespace larmor::workers
