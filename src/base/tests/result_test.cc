#include "base/result.h"

#include <cerrno>

namespace larmor {
namespace {

Result<int> half(int value) {
    if (value % 2 != 0) return invalid_at(7, "odd value");
    return value / 2;
}
Result<int> quarter(int value) {
    TRY(const int first, half(value));
    TRY(const int second, half(first));
    return second;
}

TEST(Try, ReturnsTheFirstErrorOnward) {
    EXPECT_EQ(quarter(8).value(), 2);
    ASSERT_FALSE(quarter(6));
    EXPECT_EQ(quarter(6).error().message, "odd value at byte 7");
}

TEST(SystemFailure, SaysWhatTheCallerCanDo) {
    EXPECT_EQ(system_failure("write", ENOSPC).value().code, ErrorCode::NoSpace);
    EXPECT_EQ(system_failure("open", ENOENT).value().code, ErrorCode::NotFound);
    EXPECT_EQ(system_failure("read", EIO).value().code, ErrorCode::Unavailable);
}

}  // namespace
}  // namespace larmor
