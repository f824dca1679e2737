#include "auth/cross_site.h"

namespace larmor::auth {
namespace {

constexpr RequestOrigin kOwnPage{.method = "POST",
                                 .host = "127.0.0.1:8042",
                                 .origin = "http://127.0.0.1:8042",
                                 .sec_fetch_site = "same-origin"};

TEST(CrossSite, TakesWritesOfOurOwnPage) {
    EXPECT_TRUE(check_same_site(kOwnPage));
    auto old_browser = kOwnPage;
    old_browser.sec_fetch_site = {};
    EXPECT_TRUE(check_same_site(old_browser));
}

TEST(CrossSite, RefusesWritesOfOtherSites) {
    auto request = kOwnPage;
    for (const auto* site : {"cross-site", "same-site", "nonsense"}) {
        request.sec_fetch_site = site;
        EXPECT_EQ(check_same_site(request).error().code, ErrorCode::Denied) << site;
    }
    request.sec_fetch_site = {};
    for (const auto* origin : {"http://evil.example", "http://127.0.0.1:8043", "null",
                               "http://127.0.0.1:8042.evil.example"}) {
        request.origin = origin;
        EXPECT_FALSE(check_same_site(request)) << origin;
    }
}

TEST(CrossSite, ASilentWriteIsRefusedUnlessPrograms) {
    const RequestOrigin silent{
        .method = "DELETE", .host = "localhost:1", .origin = {}, .sec_fetch_site = {}};
    EXPECT_FALSE(check_same_site(silent));
    EXPECT_TRUE(check_same_site(silent, SilentOrigin::Allow));
    auto elsewhere = silent;
    elsewhere.origin = "https://evil.example";
    EXPECT_FALSE(check_same_site(elsewhere, SilentOrigin::Allow));
}

TEST(CrossSite, ReadsAreLeftToTheBrowser) {
    auto request = kOwnPage;
    request.sec_fetch_site = "cross-site";
    for (const auto* method : {"GET", "HEAD", "OPTIONS"}) {
        request.method = method;
        EXPECT_TRUE(check_same_site(request)) << method;
    }
}

TEST(LocalHost, IsWhatPointsToThisMachine) {
    for (const auto* host :
         {"localhost", "LOCALHOST", "127.0.0.1", "127.9.8.7", "::1", "[::1]"}) {
        EXPECT_TRUE(is_loopback(host)) << host;
    }
    for (const auto* host : {"", "0.0.0.0", "128.0.0.1", "127.0.0.1.evil.example", "127.0.0",
                             "127.0.0.256", "127.0.0.1.1", "::", "example.org", "localhost."}) {
        EXPECT_FALSE(is_loopback(host)) << host;
    }
}

TEST(LocalHost, RefusesANameThatIsPointedToThisMachine) {
    EXPECT_TRUE(check_local_host("localhost:8042"));
    EXPECT_TRUE(check_local_host("127.0.0.1:8042"));
    EXPECT_TRUE(check_local_host("[::1]:8042"));
    EXPECT_EQ(check_local_host("rebound.evil.example:8042").error().code, ErrorCode::Denied);
    EXPECT_FALSE(check_local_host(""));
}

}  // namespace
}  // namespace larmor::auth
