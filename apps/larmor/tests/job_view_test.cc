#include "larmor/job_view.h"

#include <gtest/gtest.h>

#include "api/job_json.h"
#include "ingest/result_json.h"
#include "larmor/import_through_server.h"

namespace larmor {
namespace {

using namespace std::chrono_literals;

jobs::Job running_job() {
    jobs::Job job;
    job.id = jobs::JobId(17);
    job.kind = "import";
    job.created_by = "a\"b";
    job.parameters = R"({"paths":["/in"]})";
    job.state = jobs::JobState::Running;
    job.version = 9;
    job.progress = {4'200, 10'000, "files"};
    job.worked = 8'400'000us;
    job.item_errors = 2;
    job.result = R"({"imported":4198})";
    job.created_at = Time(1'767'323'045s);
    return job;
}

TEST(JobView, ReadsWhatTheServerWrites) {
    std::string json;
    api::append_job_json(json, running_job());
    const auto job = parse_job(json);
    ASSERT_TRUE(job) << job.error().message;
    EXPECT_NE(job->json.find(R"("parameters":{"paths":["/in"]})"), std::string::npos);
    EXPECT_FALSE(job->has_ended());
    // 4,200 in 8.4 s are 500/s; the other 5,800 take 11.6 s more.
    EXPECT_EQ(describe(*job),
              "17 import running 4200 of 10000 files, 2 errors, 500.0 files/s, 0:12 left");
    EXPECT_EQ(job->result, R"({"imported":4198})");
    EXPECT_EQ(job->created_at, "2026-01-02T03:04:05.000Z");
}

TEST(JobView, SaysWhyOneFailed) {
    auto failed = running_job();
    failed.state = jobs::JobState::Failed;
    failed.error = Error{ErrorCode::NoSpace, "the disk is full"};
    failed.progress.total.reset();
    std::string json;
    api::append_job_json(json, failed);
    EXPECT_EQ(describe(parse_job(json).value()),
              "17 import failed 4200 files, 2 errors: NoSpace the disk is full");
}

TEST(JobView, WhatIsNoJobIsRefused) {
    for (const char* bad : {"", "[]", "{}", R"({"id":"1"})", R"({"id":1,"progress":{}})"}) {
        EXPECT_FALSE(parse_job(bad)) << bad;
        EXPECT_FALSE(parse_job_page(bad)) << bad;
    }
    EXPECT_EQ(parse_job_page(R"({"jobs":[],"next":"7"})").value().next, "7");
}

TEST(ResultLine, IsReadBackAsItWasWritten) {
    ingest::ImportResult result;
    result.outcome = ingest::Outcome::Rejected;
    result.size_bytes = 5;
    result.error = Error{ErrorCode::InvalidInput, "no \"DICOM\""};
    const std::string rejected = ingest::result_line("a\nb\xff", result);
    EXPECT_EQ(rejected, R"x({"file":"(no UTF-8)","outcome":"rejected","size_bytes":5,)x"
                        R"x("reason":"no \"DICOM\""})x");
    const auto read = parse_report_line(rejected);
    ASSERT_TRUE(read);
    EXPECT_EQ(ingest::result_line(read->name, read->result), rejected);

    result.error.reset();
    result.outcome = ingest::Outcome::Conflict;
    result.sop_instance_uid = "1.2";
    result.image_set_id = "f";
    const std::string conflict = ingest::result_line("a\nb", result);
    const auto again = parse_report_line(conflict).value();
    EXPECT_EQ(ingest::result_line(again.name, again.result), conflict);
    for (const char* bad : {"", "[]", R"({"file":"a"})", R"({"outcome":"x","size_bytes":1})"}) {
        EXPECT_FALSE(parse_report_line(bad)) << bad;
    }
}

TEST(GivenNames, AreShownAgain) {
    const auto here = std::filesystem::current_path().string();
    const GivenNames names({"in", "in/deep.tar", "/data", "disc/DICOMDIR", "./x"});
    EXPECT_EQ(names.absolute()[0], here + "/in");
    EXPECT_EQ(names.absolute()[2], "/data");
    EXPECT_EQ(names.shown(here + "/in/a/b"), "in/a/b");
    EXPECT_EQ(names.shown(here + "/in"), "in");
    EXPECT_EQ(names.shown(here + "/in/deep.tar!m"), "in/deep.tar!m");
    EXPECT_EQ(names.shown(here + "/inside"), here + "/inside");
    EXPECT_EQ(names.shown("/data/a"), "/data/a");
    EXPECT_EQ(names.shown(here + "/disc/DIR/CT1"), "disc/DIR/CT1");
    EXPECT_EQ(names.shown(here + "/./x/y"), "./x/y");
    const GivenNames disc({"DICOMDIR"});
    EXPECT_EQ(disc.shown(here + "/DIR/CT1"), "DIR/CT1");
}

}  // namespace
}  // namespace larmor
