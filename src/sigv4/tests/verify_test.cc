// What verifying refuses. What it accepts is in suite_test.cc.
#include "sigv4/verify.h"

#include <gtest/gtest.h>

namespace larmor::sigv4 {
namespace {
using namespace std::chrono_literals;

const Credentials kSigner{"AKIDEXAMPLE", "a secret that no error may show"};
const Time kSignedAt = *parse_amz_date("20260102T030405Z");
const Scope kSignedFor{kSignedAt, "eu-central-1", "s3"};
const VerifyOptions kVerifyFor{.region = "eu-central-1"};

Request signed_request() {
    Request request{.method = "PUT",
                    .path = "/bucket/a%20key",
                    .query = "partNumber=1",
                    .headers = {{"Host", "store.example"}, {"x-amz-acl", "private"}}};
    EXPECT_TRUE(sign(request, kUnsignedPayload, kSigner, kSignedFor, PathRule::ObjectKey));
    return request;
}

Request presigned_request() {
    Request request{
        .method = "GET", .path = "/bucket/key", .headers = {{"Host", "store.example"}}};
    request.query =
        *presign(request, kUnsignedPayload, 60s, kSigner, kSignedFor, PathRule::ObjectKey);
    return request;
}

Result<void> check(const Request& request, Time now = kSignedAt,
                   std::string_view payload = kUnsignedPayload) {
    TRY(const Presented presented, read_presented(request));
    return verify(request, presented, kSigner.secret_access_key, payload, now, kVerifyFor);
}

void expect_refused(const Result<void>& outcome, const char* what) {
    ASSERT_FALSE(outcome) << what;
    EXPECT_EQ(outcome.error().code, ErrorCode::Unauthenticated) << what;
    EXPECT_EQ(outcome.error().message.find("secret"), std::string::npos) << what;
}

TEST(Verify, RefusesARequestThatWasChanged) {
    ASSERT_TRUE(check(signed_request()));
    auto changed = signed_request();
    changed.method = "DELETE";
    expect_refused(check(changed), "method");
    changed = signed_request();
    changed.path += 'x';
    expect_refused(check(changed), "path");
    changed = signed_request();
    changed.query = "partNumber=2";
    expect_refused(check(changed), "query");
    changed = signed_request();
    changed.headers[0].value = "other.example";
    expect_refused(check(changed), "host");
    changed = signed_request();
    changed.headers[1].value = "public-read";
    expect_refused(check(changed), "signed header");
    changed = signed_request();
    changed.headers.push_back({"X-Amz-Copy-Source", "/other/key"});
    expect_refused(check(changed), "header that was added");
    expect_refused(check(signed_request(), kSignedAt, to_hex(sha256({}))), "body");
}

TEST(Verify, RefusesAnotherKeyRegionAndService) {
    const auto request = signed_request();
    const auto presented = *read_presented(request);
    const auto with = [&](std::string_view secret, const VerifyOptions& options) {
        return verify(request, presented, secret, kUnsignedPayload, kSignedAt, options);
    };
    expect_refused(with("another", kVerifyFor), "key");
    expect_refused(with(kSigner.secret_access_key, {.region = "us-east-1"}), "region");
    expect_refused(
        with(kSigner.secret_access_key, {.region = "eu-central-1", .service = "sqs"}),
        "service");
}

TEST(Verify, RefusesWhatIsTooOldOrFromTheFuture) {
    EXPECT_TRUE(check(signed_request(), kSignedAt + 15min));
    expect_refused(check(signed_request(), kSignedAt + 15min + 1s), "old");
    EXPECT_TRUE(check(signed_request(), kSignedAt - 15min));
    expect_refused(check(signed_request(), kSignedAt - 15min - 1s), "future");
    EXPECT_TRUE(check(presigned_request(), kSignedAt + 60s));
    expect_refused(check(presigned_request(), kSignedAt + 61s), "expired link");
}

TEST(Verify, RefusesALinkWhoseExpiryWasChanged) {
    auto request = presigned_request();
    const auto at = request.query.find("Expires=60");
    request.query.replace(at, 10, "Expires=61");
    expect_refused(check(request), "expiry");
}

TEST(Verify, RefusesEveryHeaderAndQueryThatIsCutAnywhere) {
    const auto whole = signed_request();
    const auto value = whole.headers.back().value;
    for (std::size_t size = 0; size < value.size(); ++size) {
        auto cut = whole;
        cut.headers.back().value.resize(size);
        expect_refused(check(cut), "header");
    }
    const auto link = presigned_request();
    for (std::size_t size = 0; size < link.query.size(); ++size) {
        auto cut = link;
        cut.query.resize(size);
        expect_refused(check(cut), "query");
    }
}

TEST(Verify, RefusesFieldsThatAreThereTwice) {
    auto request = signed_request();
    request.headers.back().value += ", Signature=" + std::string(64, 'a');
    expect_refused(check(request), "header");
    auto link = presigned_request();
    link.query += "&X-Amz-Expires=600";
    expect_refused(check(link), "query");
}

TEST(Verify, AcceptsATokenThatWasSignedAndShowsIt) {
    Credentials temporary = kSigner;
    temporary.session_token = "token/with=signs";
    Request request{.method = "GET", .path = "/b/k", .headers = {{"Host", "store.example"}}};
    ASSERT_TRUE(sign(request, kUnsignedPayload, temporary, kSignedFor, PathRule::ObjectKey));
    EXPECT_EQ(read_presented(request)->session_token, "token/with=signs");
    EXPECT_TRUE(check(request));

    Request link{.method = "GET", .path = "/b/k", .headers = {{"Host", "store.example"}}};
    link.query =
        *presign(link, kUnsignedPayload, 60s, temporary, kSignedFor, PathRule::ObjectKey);
    EXPECT_EQ(read_presented(link)->session_token, "token/with=signs");
    EXPECT_TRUE(check(link));
}

}  // namespace
}  // namespace larmor::sigv4
