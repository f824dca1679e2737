#include <gtest/gtest.h>

#include <array>

#include "objects/s3/allowed_places.h"

namespace larmor::objects::s3 {
namespace {

AllowedPlaces allowed() {
    const std::array<std::string, 2> places = {
        "s3://scans/in?endpoint=http://127.0.0.1:9&region=eu-west-1", "s3://open"};
    auto read = AllowedPlaces::read(places);
    EXPECT_TRUE(read) << read.error().message;
    return *std::move(read);
}

TEST(S3AllowedPlaces, GiveWhatLiesBelowThemTheirEndpoint) {
    for (const char* uri :
         {"s3://scans/in", "s3://scans/in/", "s3://scans/in/a/b", "s3://scans/in/a..b/"}) {
        const auto found = allowed().find(uri);
        ASSERT_TRUE(found) << uri << ": " << found.error().message;
        EXPECT_EQ(found->endpoint, "http://127.0.0.1:9");
        EXPECT_EQ(found->region, "eu-west-1");
        EXPECT_EQ(found->text(), uri);
    }
    EXPECT_TRUE(allowed().find("s3://open"));
    EXPECT_TRUE(allowed().find("s3://open/any/thing"));
}

TEST(S3AllowedPlaces, DenyEverythingBesideThem) {
    for (const char* uri : {"s3://scans", "s3://scans/", "s3://scans/i", "s3://scans/inside",
                            "s3://scans/in2/", "s3://other/in/", "s3://open2/"}) {
        const auto found = allowed().find(uri);
        ASSERT_FALSE(found) << uri;
        EXPECT_EQ(found.error().code, ErrorCode::Denied) << uri;
    }
    EXPECT_EQ(AllowedPlaces().find("s3://open/").error().code, ErrorCode::Denied);
}

TEST(S3AllowedPlaces, AreNotLeftByDotsNorByAnEndpointOfTheUsersOwn) {
    for (const char* uri : {"s3://scans/in/../out/", "s3://scans/in/..", "s3://scans/in/./a",
                            "s3://scans/in/?endpoint=http://evil.example", "s3://", "file:///x",
                            "s3://SCANS/in/"}) {
        const auto found = allowed().find(uri);
        ASSERT_FALSE(found) << uri;
        EXPECT_EQ(found.error().code, ErrorCode::InvalidInput) << uri;
    }
}

TEST(S3AllowedPlaces, OfTwoServersMustNotLieInEachOther) {
    const auto read = [](const std::string& first, const std::string& second) {
        return AllowedPlaces::read(std::array{first, second});
    };
    const std::string place = "s3://scans/in?endpoint=http://127.0.0.1:9";
    for (const char* other : {"s3://scans/in?endpoint=http://127.0.0.1:10", "s3://scans/in",
                              "s3://scans", "s3://scans/in/a?endpoint=http://127.0.0.1:10",
                              "s3://scans/in/?endpoint=http://127.0.0.1:9&region=eu-west-1"}) {
        const auto refused = read(place, other);
        ASSERT_FALSE(refused) << other;
        EXPECT_EQ(refused.error().code, ErrorCode::InvalidInput);
        EXPECT_FALSE(read(other, place)) << other;
    }
    for (const char* other :
         {"s3://scans/in/a?endpoint=http://127.0.0.1:9", "s3://scans/out", "s3://scans/inside",
          "s3://open/in?endpoint=http://127.0.0.1:10"}) {
        EXPECT_TRUE(read(place, other)) << other;
    }
}

}  // namespace
}  // namespace larmor::objects::s3
