// The worked examples of the Amazon S3 API Reference: "Signature Calculations for the
// Authorization Header" (one chunk, multiple chunks) and "Using Query Parameters".
#include <gtest/gtest.h>

#include "sigv4/sign.h"

namespace larmor::sigv4 {
namespace {

const Credentials kDocCredentials{"AKIAIOSFODNN7EXAMPLE",
                                  "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"};
const Scope kDocScope{*parse_amz_date("20130524T000000Z"), "us-east-1", "s3"};
const Header kDocHost{"Host", "examplebucket.s3.amazonaws.com"};

std::string sign_example(Request request, std::string_view payload) {
    const auto signature =
        sign(request, payload, kDocCredentials, kDocScope, PathRule::ObjectKey);
    return signature ? *signature : signature.error().message;
}

TEST(S3Examples, GetsAnObject) {
    EXPECT_EQ(sign_example({.method = "GET",
                            .path = "/test.txt",
                            .headers = {kDocHost, {"Range", "bytes=0-9"}}},
                           to_hex(sha256({}))),
              "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
}

TEST(S3Examples, PutsAnObject) {
    EXPECT_EQ(sign_example({.method = "PUT",
                            .path = "/test%24file.text",
                            .headers = {kDocHost,
                                        {"Date", "Fri, 24 May 2013 00:00:00 GMT"},
                                        {"x-amz-storage-class", "REDUCED_REDUNDANCY"}}},
                           to_hex(sha256(as_bytes("Welcome to Amazon S3.")))),
              "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
}

TEST(S3Examples, GetsTheLifecycleOfABucket) {
    EXPECT_EQ(sign_example(
                  {.method = "GET", .path = "/", .query = "lifecycle", .headers = {kDocHost}},
                  to_hex(sha256({}))),
              "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
}

TEST(S3Examples, ListsABucket) {
    EXPECT_EQ(sign_example({.method = "GET",
                            .path = "/",
                            .query = "prefix=J&max-keys=2",
                            .headers = {kDocHost}},
                           to_hex(sha256({}))),
              "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

TEST(S3Examples, PresignsAUrl) {
    const auto query =
        presign({.method = "GET", .path = "/test.txt", .headers = {kDocHost}}, kUnsignedPayload,
                std::chrono::hours(24), kDocCredentials, kDocScope, PathRule::ObjectKey);
    EXPECT_EQ(*query,
              "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F"
              "20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z"
              "&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature="
              "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404");
}

TEST(S3Examples, PutsAnObjectInChunks) {
    const auto seed = sign_example({.method = "PUT",
                                    .path = "/examplebucket/chunkObject.txt",
                                    .headers = {{"Host", "s3.amazonaws.com"},
                                                {"x-amz-storage-class", "REDUCED_REDUNDANCY"},
                                                {"Content-Encoding", "aws-chunked"},
                                                {"x-amz-decoded-content-length", "66560"},
                                                {"Content-Length", "66824"}}},
                                   kStreamingPayload);
    EXPECT_EQ(seed, "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9");

    const std::string data(65536, 'a');
    ChunkSigner chunks(signing_key(kDocCredentials.secret_access_key, kDocScope), kDocScope,
                       seed);
    const auto first = chunks.sign(as_bytes(data));
    EXPECT_EQ(first, "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648");
    EXPECT_EQ(chunks.sign(as_bytes(data).first(1024)),
              "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497");
    EXPECT_EQ(chunks.sign({}),
              "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9");
    EXPECT_EQ(chunk_head(65536, first), "10000;chunk-signature=" + first + "\r\n");
}

TEST(S3Examples, RefusesAUrlThatNeverEnds) {
    for (const auto expires : {std::chrono::seconds(0), std::chrono::seconds(604'801)}) {
        const auto query =
            presign({.method = "GET", .path = "/a", .headers = {kDocHost}}, kUnsignedPayload,
                    expires, kDocCredentials, kDocScope, PathRule::ObjectKey);
        ASSERT_FALSE(query);
        EXPECT_EQ(query.error().code, ErrorCode::InvalidInput);
    }
}

}  // namespace
}  // namespace larmor::sigv4
