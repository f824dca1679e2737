#include <gtest/gtest.h>

#include "jobs/job.h"

namespace larmor::jobs {
namespace {

using namespace std::chrono_literals;

Job running(std::int64_t done, std::optional<std::int64_t> total,
            std::chrono::microseconds worked) {
    Job job;
    job.state = JobState::Running;
    job.progress = {done, total, "instances"};
    job.worked = worked;
    return job;
}

TEST(JobProgress, RateIsWhatWasDoneInTheTimeOfWork) {
    EXPECT_EQ(running(50, 200, 10s).rate(), 5.0);
    EXPECT_EQ(running(0, 200, 10s).rate(), std::nullopt) << "nothing done";
    EXPECT_EQ(running(50, 200, 0s).rate(), std::nullopt) << "done before the first work";
}

TEST(JobProgress, TimeLeftIsThatOfTheRestAtTheSameRate) {
    EXPECT_EQ(running(50, 200, 10s).time_left(), 30s);
    EXPECT_EQ(running(200, 200, 10s).time_left(), 0s);
    EXPECT_EQ(running(210, 200, 10s).time_left(), 0s) << "more came than was counted";
    EXPECT_EQ(running(50, std::nullopt, 10s).time_left(), std::nullopt);
    auto ended = running(50, 200, 10s);
    ended.state = JobState::Cancelled;
    EXPECT_EQ(ended.time_left(), std::nullopt);
}

TEST(JobStates, HaveNamesThatAreReadBack) {
    for (const auto state : {JobState::Queued, JobState::Running, JobState::Succeeded,
                             JobState::Failed, JobState::Cancelled}) {
        EXPECT_EQ(parse_job_state(name_of(state)), state);
    }
    EXPECT_EQ(parse_job_state("paused").error().code, ErrorCode::InvalidInput);
}

}  // namespace
}  // namespace larmor::jobs
