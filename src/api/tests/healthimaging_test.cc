#include "api/tests/api_fixture.h"
#include "sigv4/sign.h"

namespace larmor::api {
namespace {

/// The gate of HealthImaging's API; the official client is in tests/end_to_end.
struct HealthImagingGate : testing::Test {
    static void SetUpTestSuite() { api = std::make_unique<ApiServer>(); }
    static void TearDownTestSuite() { api.reset(); }
    static inline std::unique_ptr<ApiServer> api;

    static sigv4::Credentials key(auth::Role role) {
        const auto issued =
            api->library->credentials().issue_and_wait({.kind = auth::Kind::AccessKey,
                                                        .name = "key",
                                                        .role = role,
                                                        .lifetime = std::chrono::hours(1),
                                                        .parent_id = {}});
        EXPECT_TRUE(issued) << issued.error().message;
        return {.access_key_id = issued->credential.id,
                .secret_access_key = issued->secret,
                .session_token = {}};
    }
    static std::string operation(std::string_view name) {
        return "/healthimaging/datastore/" + api->library->catalog().datastore_id() +
               "/imageSet/" + std::string(32, '0') + '/' + std::string(name);
    }

    enum class Hash : std::uint8_t { Sent, NotSent };
    struct Call {
        std::string target = operation("getImageSet");
        std::string body = "{}";
        Hash hash = Hash::Sent;
        std::chrono::seconds later{0};  ///< than now
        std::string service = "medical-imaging";
    };
    /// A request that owns what it sends.
    struct Signed {
        std::string target;
        std::string body;
        http::Headers headers;
    };
    static Signed sign(const sigv4::Credentials& by, const Call& call) {
        const std::string payload = to_hex(sha256(as_bytes(call.body)));
        sigv4::Request request{.method = "POST", .path = call.target};
        const std::string base = api->server->base_url();
        request.headers.push_back({"host", base.substr(base.find("//") + 2)});
        if (call.hash == Hash::Sent) {
            request.headers.push_back({"x-amz-content-sha256", payload});
        }
        const sigv4::Scope scope{.time = system_clock().now() + call.later,
                                 .region = "eu-central-1",
                                 .service = call.service};
        EXPECT_TRUE(sigv4::sign(request, payload, by, scope, sigv4::PathRule::Normalized));
        Signed signed_request{.target = call.target, .body = call.body, .headers = {}};
        for (const auto& [name, value] : request.headers) {
            if (name != "host") signed_request.headers.add(name, value);
        }
        return signed_request;
    }
    static http::ClientResponse send(const Signed& request) {
        return api->send_bare({.method = "POST",
                               .target = request.target,
                               .headers = request.headers,
                               .body = request.body});
    }
    /// `404 ResourceNotFoundException`: who gets so far has passed the gate.
    static std::string outcome(const Signed& request) {
        const auto response = send(request);
        return std::to_string(response.status) + ' ' +
               std::string(response.headers.get("X-Amzn-ErrorType"));
    }
    static constexpr const char* kPassed = "404 ResourceNotFoundException";
    static constexpr const char* kWrong = "403 InvalidSignatureException";
};

TEST_F(HealthImagingGate, TakesWhatWasSignedWithAndWithoutTheHashOfItsBody) {
    const auto reader = key(auth::Role::Reader);
    EXPECT_EQ(outcome(sign(reader, {})), kPassed);
    EXPECT_EQ(outcome(sign(reader, {.hash = Hash::NotSent})), kPassed);
    EXPECT_EQ(outcome(sign(reader, {.body = "", .hash = Hash::NotSent})), kPassed);
}

TEST_F(HealthImagingGate, RefusesAnotherBody) {
    const auto reader = key(auth::Role::Reader);
    for (const Hash hash : {Hash::Sent, Hash::NotSent}) {
        auto request = sign(reader, {.hash = hash});
        request.body = "{ }";
        EXPECT_EQ(outcome(request), kWrong);
    }
    auto added = sign(reader, {.body = "", .hash = Hash::NotSent});
    added.body = "{}";
    EXPECT_EQ(outcome(added), kWrong);
}

TEST_F(HealthImagingGate, RefusesAnotherTimeServiceOrSecret) {
    const auto reader = key(auth::Role::Reader);
    EXPECT_EQ(outcome(sign(reader, {.later = std::chrono::minutes(14)})), kPassed);
    for (const auto minutes : {16, -16}) {
        EXPECT_EQ(outcome(sign(reader, {.later = std::chrono::minutes(minutes)})), kWrong);
    }
    EXPECT_EQ(outcome(sign(reader, {.service = "s3"})), kWrong);
    auto other = reader;
    other.secret_access_key = key(auth::Role::Reader).secret_access_key;
    EXPECT_EQ(outcome(sign(other, {})), kWrong);
    EXPECT_EQ(outcome(sign(other, {.hash = Hash::NotSent})), kWrong);
}

TEST_F(HealthImagingGate, WantsTheRightHoweverThatIsFoundOut) {
    const auto reader = key(auth::Role::Reader);
    for (const Hash hash : {Hash::Sent, Hash::NotSent}) {
        EXPECT_EQ(outcome(sign(reader, {.target = operation("deleteImageSet"), .hash = hash})),
                  "403 AccessDeniedException");
        EXPECT_EQ(outcome(sign(key(auth::Role::Admin),
                               {.target = operation("deleteImageSet"), .hash = hash})),
                  kPassed);
    }
}

TEST_F(HealthImagingGate, SignaturesAreTakenThereOnly) {
    EXPECT_EQ(send(sign(key(auth::Role::Admin), {.target = "/v1/tokens"})).status, 401);
}

}  // namespace
}  // namespace larmor::api
