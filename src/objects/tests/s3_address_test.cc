#include <gtest/gtest.h>

#include "objects/s3/address.h"

namespace larmor::objects::s3 {
namespace {

Address must_read(std::string_view text) {
    auto address = read_address(text);
    EXPECT_TRUE(address) << text << ": " << address.error().message;
    return address ? *std::move(address) : Address();
}

TEST(S3Address, NamesBucketAndPrefixOfAServer) {
    const auto address =
        must_read("s3://scans/a/b?endpoint=http://127.0.0.1:8000/&region=eu-west-1");
    EXPECT_EQ(address.bucket, "scans");
    EXPECT_EQ(address.key, "a/b");
    EXPECT_EQ(address.as_prefix(), "a/b/");
    EXPECT_EQ(address.endpoint, "http://127.0.0.1:8000");
    EXPECT_EQ(address.region, "eu-west-1");
    EXPECT_EQ(address.style, AddressStyle::Path);
    EXPECT_EQ(address.text(), "s3://scans/a/b");
}

TEST(S3Address, IsOfAwsWithoutAnEndpoint) {
    const auto address = must_read("s3://my-scans?region=eu-central-1");
    EXPECT_EQ(address.endpoint, "https://s3.eu-central-1.amazonaws.com");
    EXPECT_EQ(address.style, AddressStyle::VirtualHost);
    EXPECT_EQ(address.key, "");
    EXPECT_EQ(address.as_prefix(), "");
}

TEST(S3Address, DecodesValuesAndTakesAStyle) {
    const auto address = must_read("s3://abc/?endpoint=https%3A%2F%2Fs3.example&style=host");
    EXPECT_EQ(address.endpoint, "https://s3.example");
    EXPECT_EQ(address.style, AddressStyle::VirtualHost);
    EXPECT_EQ(address.key, "");
}

TEST(S3Address, RefusesWhatItDoesNotKnowAndNeverRepeatsASecret) {
    for (const char* text : {"http://abc", "s3://", "s3://ab", "s3://ABC", "s3://a_bc",
                             "s3://abc?region=", "s3://abc?endpoint=ftp://x",
                             "s3://abc?style=both", "s3://abc?secret=hush", "s3://key:hush@abc",
                             "s3://abc?endpoint=http://key:hush@host"}) {
        const auto refused = read_address(text);
        ASSERT_FALSE(refused) << text;
        EXPECT_EQ(refused.error().code, ErrorCode::InvalidInput) << text;
        EXPECT_EQ(refused.error().message.find("hush"), std::string::npos);
    }
}

TEST(S3Address, TakesCredentialsFromTheEnvironment) {
    const auto address = must_read("s3://abc/x?endpoint=http://localhost:1");
    const auto variables = [](const char* name) {
        if (std::string_view(name) == "AWS_ACCESS_KEY_ID") return std::string("who");
        if (std::string_view(name) == "AWS_SECRET_ACCESS_KEY") return std::string("what");
        return std::string();
    };
    const auto options = client_options(address, variables);
    ASSERT_TRUE(options) << options.error().message;
    EXPECT_EQ(options->bucket, "abc");
    EXPECT_EQ(options->credentials.access_key_id, "who");
    const auto none = client_options(address, [](const char*) { return std::string(); });
    EXPECT_EQ(none.error().code, ErrorCode::Unauthenticated);
}

}  // namespace
}  // namespace larmor::objects::s3
