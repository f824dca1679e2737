#include "auth/gate.h"

#include "auth/tests/credentials_fixture.h"

namespace larmor::auth {
namespace {

using namespace std::chrono_literals;

struct GateTest : CredentialsFixture {
    Gate gate() { return Gate(*credentials, SignIn::Required, "larmor_session"); }

    static Presented get() {
        Presented request;
        request.origin = {
            .method = "GET", .host = "127.0.0.1:8042", .origin = {}, .sec_fetch_site = {}};
        return request;
    }
    static ErrorCode refusal(const Result<Principal>& result) {
        EXPECT_FALSE(result);
        return result ? ErrorCode::Corrupt : result.error().code;
    }
};

TEST_F(GateTest, TakesABearerTokenWhateverTheCaseOfTheScheme) {
    const Issued token = issue();
    for (const auto* scheme : {"Bearer ", "bearer ", "BEARER  "}) {
        auto request = get();
        const std::string value = scheme + token.secret;
        request.authorization = value;
        EXPECT_TRUE(gate().identify(request)) << scheme;
    }
}

TEST_F(GateTest, RefusesWithoutCredentials) {
    EXPECT_EQ(refusal(gate().identify(get())), ErrorCode::Unauthenticated);
    for (const auto* value : {"Basic dXNlcjpwYXNz", "Bearer", "Bearer ", "larmor_x"}) {
        auto request = get();
        request.authorization = value;
        EXPECT_EQ(refusal(gate().identify(request)), ErrorCode::Unauthenticated) << value;
    }
}

TEST_F(GateTest, TakesTheSessionCookieAmongOthers) {
    const Issued session = issue(Role::Admin, 1h, Kind::Session);
    auto request = get();
    const std::string cookie =
        "theme=dark; xlarmor_session=no; larmor_session=" + session.secret + "; b=c";
    request.cookie = cookie;
    const auto principal = gate().identify(request);
    ASSERT_TRUE(principal) << principal.error().message;
    EXPECT_EQ(principal->via, Via::Session);
}

TEST_F(GateTest, ACookieWritesOnlyFromOurOwnPage) {
    const Issued session = issue(Role::Admin, 1h, Kind::Session);
    auto request = get();
    const std::string cookie = "larmor_session=" + session.secret;
    request.cookie = cookie;
    request.origin.method = "POST";
    EXPECT_EQ(refusal(gate().identify(request)), ErrorCode::Denied);
    request.origin.sec_fetch_site = "cross-site";
    EXPECT_EQ(refusal(gate().identify(request)), ErrorCode::Denied);
    request.origin.sec_fetch_site = "same-origin";
    EXPECT_TRUE(gate().identify(request));
}

TEST_F(GateTest, ATokenWritesFromAnywhere) {
    const Issued token = issue(Role::Writer);
    auto request = get();
    const std::string value = "Bearer " + token.secret;
    request.authorization = value;
    request.origin.method = "POST";
    request.origin.sec_fetch_site = "cross-site";
    EXPECT_TRUE(gate().identify(request));
}

TEST_F(GateTest, TheTwoKindsDoNotStandInForEachOther) {
    const Issued token = issue();
    const Issued session = issue(Role::Reader, 1h, Kind::Session);
    auto as_bearer = get();
    const std::string bearer = "Bearer " + session.secret;
    as_bearer.authorization = bearer;
    EXPECT_EQ(refusal(gate().identify(as_bearer)), ErrorCode::Unauthenticated);
    auto as_cookie = get();
    const std::string cookie = "larmor_session=" + token.secret;
    as_cookie.cookie = cookie;
    EXPECT_EQ(refusal(gate().identify(as_cookie)), ErrorCode::Unauthenticated);
}

TEST_F(GateTest, SignInOffIsTheAdminButOnlyUnderALocalName) {
    const Gate open_gate(*credentials, SignIn::Off, "larmor_session");
    EXPECT_EQ(open_gate.identify(get())->role, Role::Admin);
    auto rebound = get();
    rebound.origin.host = "evil.example:8042";
    EXPECT_EQ(refusal(open_gate.identify(rebound)), ErrorCode::Denied);
    auto other_site = get();
    other_site.origin.method = "POST";
    EXPECT_TRUE(open_gate.identify(other_site)) << "programs send no Origin";
    other_site.origin.origin = "https://evil.example";
    EXPECT_EQ(refusal(open_gate.identify(other_site)), ErrorCode::Denied);
}

TEST(SessionCookie, IsForOurPageOnly) {
    const auto cookie = session_cookie("larmor_session", "secret", 3600s);
    EXPECT_EQ(cookie, "larmor_session=secret; Path=/; HttpOnly; SameSite=Strict; Max-Age=3600");
    EXPECT_THAT(ended_session_cookie("larmor_session"), testing::HasSubstr("Max-Age=0"));
}

}  // namespace
}  // namespace larmor::auth
