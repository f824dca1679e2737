#include "auth/access_key.h"

#include <fstream>

#include "auth/gate.h"
#include "auth/tests/credentials_fixture.h"

namespace larmor::auth {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

struct AccessKeyTest : CredentialsFixture {
    fs::path file() const { return folder / "access_keys.secret"; }

    void open_with_root() {
        open();
        const auto root = AccessKeyRoot::open(file());
        ASSERT_TRUE(root) << root.error().message;
        auto made = Credentials::open(*database, clock, *root);
        ASSERT_TRUE(made) << made.error().message;
        credentials = *std::move(made);
    }
    void SetUp() override { open_with_root(); }
    Issued issue_key(Role role = Role::Writer) { return issue(role, 1h, Kind::AccessKey); }
};

TEST_F(AccessKeyTest, IsFoundByItsIdWithTheSecretThatWasShown) {
    const Issued issued = issue_key();
    const auto key = credentials->find_access_key(issued.credential.id);
    ASSERT_TRUE(key) << key.error().message;
    EXPECT_EQ(key->secret, issued.secret);
    EXPECT_EQ(key->principal.role, Role::Writer);
    EXPECT_EQ(key->principal.via, Via::AccessKey);
    EXPECT_EQ(key->principal.id, issued.credential.id);
}

TEST_F(AccessKeyTest, IsTheSameAfterARestart) {
    const Issued issued = issue_key();
    open_with_root();
    const auto key = credentials->find_access_key(issued.credential.id);
    ASSERT_TRUE(key) << key.error().message;
    EXPECT_EQ(key->secret, issued.secret);
}

TEST_F(AccessKeyTest, EndsWhenItIsRevokedAndWhenItsTimeIsUp) {
    const Issued revoked = issue_key();
    const Issued expired = issue_key();
    ASSERT_TRUE(credentials->revoke_and_wait(revoked.credential.id));
    EXPECT_FALSE(credentials->find_access_key(revoked.credential.id));
    EXPECT_TRUE(credentials->find_access_key(expired.credential.id));
    clock.advance(1h);
    EXPECT_FALSE(credentials->find_access_key(expired.credential.id));
}

TEST_F(AccessKeyTest, IsNoTokenAndATokenIsNoAccessKey) {
    const Issued key = issue_key();
    const Issued token = issue();
    EXPECT_FALSE(credentials->find_access_key(token.credential.id));
    const std::string bearer = "Bearer " + key.secret;
    Presented request;
    request.origin = {
        .method = "GET", .host = "127.0.0.1:8042", .origin = {}, .sec_fetch_site = {}};
    request.authorization = bearer;
    EXPECT_FALSE(Gate(*credentials, SignIn::Required, "session").identify(request));
}

TEST_F(AccessKeyTest, IsListedByItself) {
    const Issued key = issue_key();
    const Issued token = issue();
    const auto keys = credentials->list(Kind::AccessKey);
    ASSERT_TRUE(keys && keys->size() == 1);
    EXPECT_EQ(keys->front().id, key.credential.id);
    const auto tokens = credentials->list(Kind::Token);
    ASSERT_TRUE(tokens && tokens->size() == 1);
    EXPECT_EQ(tokens->front().id, token.credential.id);
}

TEST_F(AccessKeyTest, OfAnotherRootIsNotKnown) {
    const Issued issued = issue_key();
    fs::remove(file());
    open_with_root();
    const auto key = credentials->find_access_key(issued.credential.id);
    ASSERT_FALSE(key);
    EXPECT_EQ(key.error().code, ErrorCode::Unauthenticated);
}

TEST_F(AccessKeyTest, NoRowHasASecret) {
    const Issued issued = issue_key();
    credentials.reset();
    database.reset();
    std::string rows;
    for (const auto& entry : fs::directory_iterator(folder)) {
        if (entry.path() == file()) continue;
        std::ifstream in(entry.path(), std::ios::binary);
        rows.append(std::istreambuf_iterator<char>(in), {});
    }
    EXPECT_NE(rows.find(issued.credential.id), std::string::npos);
    EXPECT_EQ(rows.find(issued.secret), std::string::npos);
}

TEST_F(AccessKeyTest, TheRootIsForItsOwnerOnly) {
    EXPECT_EQ(fs::status(file()).permissions() & fs::perms::mask,
              fs::perms::owner_read | fs::perms::owner_write);
    fs::permissions(file(), fs::perms::group_read, fs::perm_options::add);
    const auto root = AccessKeyRoot::open(file());
    ASSERT_FALSE(root);
    EXPECT_EQ(root.error().code, ErrorCode::Denied);
    // It says what to do, since nobody can sign in to ask.
    EXPECT_NE(root.error().message.find(file().string()), std::string::npos);
    EXPECT_NE(root.error().message.find("chmod 600"), std::string::npos);
    fs::permissions(file(), fs::perms::owner_read | fs::perms::owner_write);
    EXPECT_TRUE(AccessKeyRoot::open(file())) << "and doing it is all";
}

TEST_F(AccessKeyTest, ARootThatIsNotWholeIsRefused) {
    fs::resize_file(file(), 31);
    const auto root = AccessKeyRoot::open(file());
    ASSERT_FALSE(root);
    EXPECT_EQ(root.error().code, ErrorCode::Corrupt);
}

// Of RFC 4231's HMAC-SHA-256 no case has our message, so this one was made with Python's hmac.
TEST(AccessKeyRoot, MakesTheHmacOfTheId) {
    Sha256 bits{};
    bits.fill(std::byte{0x0b});
    EXPECT_EQ(AccessKeyRoot(bits).secret_of("0123456789abcdef0123456789abcdef"),
              "NBtJr84p3XHYrbKG8RU3gVg7pM32v1-hGRQSC626w-M");
}

}  // namespace
}  // namespace larmor::auth
