#include "auth/credentials.h"

#include <fstream>

#include "auth/tests/credentials_fixture.h"

namespace larmor::auth {
namespace {

using namespace std::chrono_literals;

using CredentialsTest = CredentialsFixture;

TEST_F(CredentialsTest, VerifiesWhatItIssued) {
    const Issued token = issue(Role::Writer);
    const auto principal = credentials->verify(token.secret);
    ASSERT_TRUE(principal) << principal.error().message;
    EXPECT_EQ(principal->id, token.credential.id);
    EXPECT_EQ(principal->name, "ward 3");
    EXPECT_EQ(principal->role, Role::Writer);
    EXPECT_EQ(principal->via, Via::Token);
    EXPECT_EQ(principal->expires, clock.now() + 1h);
}

TEST_F(CredentialsTest, RefusesEveryOtherSecret) {
    const Issued token = issue();
    for (const std::string& secret :
         {std::string(), token.credential.id, token.secret + "x",
          token.secret.substr(0, token.secret.size() - 1), std::string("larmor_guess")}) {
        const auto principal = credentials->verify(secret);
        ASSERT_FALSE(principal) << secret;
        EXPECT_EQ(principal.error().code, ErrorCode::Unauthenticated);
    }
}

TEST_F(CredentialsTest, ATokenEndsWhenItExpires) {
    const Issued token = issue(Role::Reader, 10s);
    clock.advance(10s - 1us);
    EXPECT_TRUE(credentials->verify(token.secret));
    clock.advance(1us);
    EXPECT_FALSE(credentials->verify(token.secret));
}

TEST_F(CredentialsTest, AClockThatIsSetForwardEndsATokenOnlyUntilItIsRight) {
    const Issued token = issue(Role::Reader, 24h);
    clock.jump(24h * 3650);
    EXPECT_FALSE(credentials->verify(token.secret));
    issue();  // what is issued meanwhile makes it forget nothing
    clock.jump(-24h * 3650);
    EXPECT_TRUE(credentials->verify(token.secret));
}

TEST_F(CredentialsTest, AClockThatIsSetBackMakesATokenNoLonger) {
    const Issued token = issue(Role::Reader, 1h);
    clock.jump(-24h * 3650);
    EXPECT_TRUE(credentials->verify(token.secret));
    clock.advance(1h);
    EXPECT_FALSE(credentials->verify(token.secret));
}

TEST_F(CredentialsTest, AStartWithAClockThatIsAheadLosesNoToken) {
    const Issued token = issue(Role::Reader, 24h);
    for (int start = 0; start < 3; ++start) {
        clock.jump(24h * 3650);
        open();
        EXPECT_FALSE(credentials->verify(token.secret));
        issue();
    }
    clock.jump(-24h * 3 * 3650);
    open();
    EXPECT_TRUE(credentials->verify(token.secret));
}

TEST_F(CredentialsTest, ARevokedTokenEndsAtOnceAndStaysEnded) {
    const Issued token = issue();
    const Issued other = issue();
    ASSERT_TRUE(credentials->revoke_and_wait(token.credential.id));
    EXPECT_FALSE(credentials->verify(token.secret));
    EXPECT_TRUE(credentials->verify(other.secret));
    EXPECT_EQ(credentials->revoke_and_wait(token.credential.id).error().code,
              ErrorCode::NotFound);
    open();
    EXPECT_FALSE(credentials->verify(token.secret));
    EXPECT_TRUE(credentials->verify(other.secret));
}

TEST_F(CredentialsTest, RevokingATokenEndsItsSessions) {
    const Issued token = issue();
    const Issued session = issue(Role::Reader, 1h, Kind::Session, token.credential.id);
    ASSERT_EQ(credentials->verify(session.secret)->via, Via::Session);
    ASSERT_TRUE(credentials->revoke_and_wait(token.credential.id));
    EXPECT_FALSE(credentials->verify(session.secret));
    open();
    EXPECT_FALSE(credentials->verify(session.secret));
}

TEST_F(CredentialsTest, ARestartKeepsWhatIsLive) {
    const Issued token = issue(Role::Admin, 24h);
    const Issued short_lived = issue(Role::Admin, 1h);
    clock.advance(2h);
    open();
    EXPECT_EQ(credentials->verify(token.secret)->role, Role::Admin);
    EXPECT_FALSE(credentials->verify(short_lived.secret));
    EXPECT_EQ(credentials->live_count(), 1U);
}

TEST_F(CredentialsTest, NoSecretIsEverOnDisk) {
    const Issued token = issue();
    credentials.reset();
    database.reset();
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        std::ifstream file(entry.path(), std::ios::binary);
        const std::string bytes(std::istreambuf_iterator<char>(file), {});
        EXPECT_EQ(bytes.find(token.secret.substr(7)), std::string::npos) << entry.path();
    }
    open();
}

TEST_F(CredentialsTest, ListsTokensAndNoSessions) {
    const Issued first = issue(Role::Reader);
    clock.advance(1s);
    const Issued second = issue(Role::Sender);
    issue(Role::Reader, 1h, Kind::Session, first.credential.id);
    ASSERT_TRUE(credentials->revoke_and_wait(first.credential.id));
    const auto tokens = credentials->list(Kind::Token);
    ASSERT_TRUE(tokens);
    ASSERT_EQ(tokens->size(), 2U);
    EXPECT_EQ(tokens->at(0).id, first.credential.id);
    EXPECT_TRUE(tokens->at(0).revoked);
    EXPECT_EQ(tokens->at(1).role, Role::Sender);
    EXPECT_FALSE(tokens->at(1).revoked);
}

TEST_F(CredentialsTest, ForgetsTokensThatEndedLongAgo) {
    issue(Role::Reader, 1h);
    clock.advance(std::chrono::hours(24 * 31));
    open();
    EXPECT_TRUE(credentials->list(Kind::Token)->empty());
}

TEST_F(CredentialsTest, RefusesNamesAndLifetimesThatAreNone) {
    for (const std::string& name :
         {std::string(), std::string("a\nb"), std::string(101, 'x'), std::string("\xff")}) {
        const auto issued = credentials->issue_and_wait({.kind = Kind::Token,
                                                         .name = name,
                                                         .role = Role::Reader,
                                                         .lifetime = 1h,
                                                         .parent_id = {}});
        ASSERT_FALSE(issued);
        EXPECT_EQ(issued.error().code, ErrorCode::InvalidInput);
    }
    EXPECT_FALSE(credentials->issue_and_wait({.kind = Kind::Token,
                                              .name = "x",
                                              .role = Role::Reader,
                                              .lifetime = 0s,
                                              .parent_id = {}}));
}

}  // namespace
}  // namespace larmor::auth
