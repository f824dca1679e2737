#include "http/url.h"

#include <gtest/gtest.h>

namespace larmor::http {
namespace {

TEST(UrlTest, KnowsWhereARequestGoes) {
    const auto plain = parse_url("http://hooks.example:8080/a/b?c=d");
    ASSERT_TRUE(plain);
    EXPECT_FALSE(plain->is_tls);
    EXPECT_EQ(plain->host, "hooks.example");
    EXPECT_EQ(plain->port, 8080);
    EXPECT_EQ(plain->target, "/a/b?c=d");

    const auto secure = parse_url("https://hooks.example?x");
    ASSERT_TRUE(secure);
    EXPECT_TRUE(secure->is_tls);
    EXPECT_EQ(secure->port, 443);
    EXPECT_EQ(secure->target, "/?x");

    const auto address = parse_url("http://[::1]:81/");
    ASSERT_TRUE(address);
    EXPECT_EQ(address->host, "::1");
    EXPECT_EQ(address->port, 81);
}

TEST(UrlTest, RefusesWhatCannotBeCalled) {
    for (const std::string text :
         {"", "ftp://a/", "http://", "http://:80/", "http://user@a/", "http://a/#b",
          "http://a b/", "http://a:0/", "http://a:65536/", "http://a:1x/", "http://[::1/",
          "http://[::1]x/", "https://a/\n", "HTTP://a/"}) {
        EXPECT_FALSE(parse_url(text)) << text;
    }
    EXPECT_FALSE(parse_url("http://a/" + std::string(kUrlMaxBytes, 'x')));
}

}  // namespace
}  // namespace larmor::http
