#include "auth/role.h"

#include "auth/principal.h"

namespace larmor::auth {
namespace {

TEST(Role, AReaderLooksButDoesNotStore) {
    EXPECT_TRUE(allows(Role::Reader, Right::Search));
    EXPECT_TRUE(allows(Role::Reader, Right::ReadMetadata));
    EXPECT_TRUE(allows(Role::Reader, Right::ReadPixels));
    EXPECT_FALSE(allows(Role::Reader, Right::Store));
    EXPECT_FALSE(allows(Role::Reader, Right::Observe));
    EXPECT_FALSE(allows(Role::Reader, Right::Administer));
}

TEST(Role, ASenderStoresAndSeesNothing) {
    EXPECT_TRUE(allows(Role::Sender, Right::Store));
    for (const Right right : {Right::Search, Right::ReadMetadata, Right::ReadPixels,
                              Right::Observe, Right::Administer}) {
        EXPECT_FALSE(allows(Role::Sender, right)) << name_of(right);
    }
}

TEST(Role, AMonitorSeesNoPatientData) {
    EXPECT_TRUE(allows(Role::Monitor, Right::Observe));
    for (const Right right : {Right::Search, Right::ReadMetadata, Right::ReadPixels,
                              Right::Store, Right::Administer}) {
        EXPECT_FALSE(allows(Role::Monitor, right)) << name_of(right);
    }
}

TEST(Role, AWorkerUsesQueuesAndSeesNothingElse) {
    for (std::size_t i = 0; i < kRightCount; ++i) {
        const auto right = static_cast<Right>(i);
        const bool has =
            right == Right::Public || right == Right::SignedIn || right == Right::UseQueues;
        EXPECT_EQ(allows(Role::Worker, right), has) << name_of(right);
    }
    for (const Role role : kRoles) {
        const bool has = role == Role::Worker || role == Role::Admin;
        EXPECT_EQ(allows(role, Right::UseQueues), has) << name_of(role);
    }
}

TEST(Role, OnlyTheAdminHandsOutTokens) {
    for (const Role role : kRoles) {
        EXPECT_EQ(allows(role, Right::Administer), role == Role::Admin) << name_of(role);
    }
}

TEST(Role, OnlyTheAdminDeletes) {
    for (const Role role : kRoles) {
        EXPECT_EQ(allows(role, Right::Delete), role == Role::Admin) << name_of(role);
    }
}

TEST(Role, EveryNameReadsBack) {
    for (const Role role : kRoles) {
        EXPECT_EQ(parse_role(name_of(role)), role);
    }
    const auto unknown = parse_role("root");
    ASSERT_FALSE(unknown);
    EXPECT_THAT(unknown.error().message, testing::HasSubstr("reader, writer"));
}

TEST(Principal, ARefusalNamesTheRightAndTheRole) {
    const Principal reader{.id = "1", .name = "ward", .role = Role::Reader, .expires = {}};
    EXPECT_TRUE(check(reader, Right::Search));
    const auto refused = check(reader, Right::Store);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::Denied);
    EXPECT_THAT(refused.error().message,
                testing::AllOf(testing::HasSubstr("Store"), testing::HasSubstr("reader")));
}

}  // namespace
}  // namespace larmor::auth
