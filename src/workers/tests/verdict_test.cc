#include "workers/verdict.h"

#include <gtest/gtest.h>

#include "workers/pool_options.h"

namespace larmor::workers {
namespace {

using namespace std::chrono_literals;

Verdict verdict(ErrorCode code, std::int64_t starts = 1, double random = 0.5) {
    const Backoff backoff{.first = 1s, .max = 60s};
    return verdict_of({code, "what went wrong"}, starts, backoff, random);
}

TEST(Verdict, IsDeadWithItsReasonWhereTryingAgainCannotHelp) {
    for (const auto& [code, reason] :
         {std::pair{ErrorCode::InvalidInput, "invalid_input"},
          std::pair{ErrorCode::NotFound, "not_found"},
          std::pair{ErrorCode::Unsupported, "unsupported"},
          std::pair{ErrorCode::LimitExceeded, "limit_exceeded"},
          std::pair{ErrorCode::Unauthenticated, "unauthenticated"},
          std::pair{ErrorCode::Denied, "denied"}, std::pair{ErrorCode::Corrupt, "corrupt"}}) {
        const auto dead = verdict(code);
        ASSERT_TRUE(std::holds_alternative<Dead>(dead)) << reason;
        EXPECT_EQ(std::get<Dead>(dead).reason, reason);
        EXPECT_EQ(std::get<Dead>(dead).error, "what went wrong");
    }
}

TEST(Verdict, IsTriedAgainWhereThatMayHelp) {
    for (const auto code : {ErrorCode::Conflict, ErrorCode::Unavailable, ErrorCode::NoSpace,
                            ErrorCode::OutcomeUnknown}) {
        const auto retry = verdict(code);
        ASSERT_TRUE(std::holds_alternative<Retry>(retry)) << name_of(code);
        EXPECT_EQ(std::get<Retry>(retry).after, 500ms);
        EXPECT_EQ(std::get<Retry>(retry).error, "what went wrong");
    }
}

TEST(Verdict, WaitsTwiceAsLongWithEachStartUpToALimitAndNeverTheSame) {
    const auto wait = [](std::int64_t starts, double random) {
        return std::get<Retry>(verdict(ErrorCode::Unavailable, starts, random)).after;
    };
    EXPECT_EQ(wait(1, 0.5), 500ms);
    EXPECT_EQ(wait(2, 0.5), 1s);
    EXPECT_EQ(wait(4, 0.5), 4s);
    EXPECT_EQ(wait(4, 0.25), 2s);
    EXPECT_EQ(wait(20, 0.5), 30s);
    EXPECT_EQ(wait(std::numeric_limits<std::int64_t>::max(), 0.5), 30s);
}

TEST(Verdict, WhatWasInterruptedMayBeginAgainAtOnce) {
    EXPECT_EQ(std::get<Retry>(verdict(ErrorCode::Cancelled, 3)).after, 0s);
}

TEST(PoolOptions, RefuseWhatCannotWork) {
    const auto refused = [](const LaneOptions& lane) {
        PoolOptions options;
        options.lanes = {lane};
        return !check_options(options);
    };
    EXPECT_FALSE(refused({}));
    EXPECT_TRUE(refused({.name = ""}));
    EXPECT_TRUE(refused({.priority_min = 2, .priority_max = 1}));
    EXPECT_TRUE(refused({.batch_max = 0}));
    EXPECT_TRUE(refused({.batch_max = 1001}));
    EXPECT_TRUE(refused({.batch_window = 61s}));
    EXPECT_TRUE(refused({.concurrency_max = 0}));
    EXPECT_TRUE(refused({.concurrency_max = 5, .in_flight_max = 4}));
    EXPECT_FALSE(check_options({.lanes = {}}));
    EXPECT_TRUE(check_options({.lanes = interactive_and_bulk(2, 2)}));
    EXPECT_FALSE(
        check_options({.lanes = {{.priority_max = 5}, {.name = "b", .priority_min = 5}}}));
}

}  // namespace
}  // namespace larmor::workers
