#include "http/origin.h"

namespace larmor::http {
namespace {

TrustedProxies trusting(const std::vector<std::string>& networks) {
    auto trusted = TrustedProxies::parse(networks);
    EXPECT_TRUE(trusted) << (trusted ? "" : trusted.error().message);
    return trusted ? *std::move(trusted) : TrustedProxies{};
}

TEST(TrustedProxies, AreAddressesAndNetworks) {
    const auto some = trusting({"127.0.0.1", "10.1.0.0/17", "fd00::/9", "0.0.0.0/32"});
    for (const auto* address :
         {"127.0.0.1", "10.1.0.0", "10.1.127.255", "::ffff:10.1.2.3", "fd00::1", "fd7f::"}) {
        EXPECT_TRUE(some.contains(address)) << address;
    }
    for (const auto* address : {"127.0.0.2", "10.1.128.0", "10.0.255.255", "fd80::1", "::1", "",
                                "localhost", "10.1.0.0/17"}) {
        EXPECT_FALSE(some.contains(address)) << address;
    }
    EXPECT_TRUE(trusting({"0.0.0.0/0"}).contains("203.0.113.9"));
    EXPECT_FALSE(trusting({"0.0.0.0/0"}).contains("2001:db8::1"));
    EXPECT_FALSE(trusting({}).contains("127.0.0.1"));
    for (const auto* bad : {"", "10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0.0/x", "proxy",
                            "10.0.0.0/8 ", "/8"}) {
        EXPECT_FALSE(TrustedProxies::parse({bad})) << bad;
    }
}

TEST(Origin, BelievesTrustedProxiesOnly) {
    Request request;
    request.peer = "10.0.0.1";
    request.headers = {
        {"Host", "pacs.example:8080"},
        {"Forwarded", "for=\"[2001:db8::1]:4711\";proto=HTTPS;host=images.example"}};
    for (const auto& networks :
         {std::vector<std::string>{}, std::vector<std::string>{"10.0.0.2", "2001:db8::/32"}}) {
        const auto direct = origin_of(request, trusting(networks));
        EXPECT_EQ(direct.base_url(), "http://pacs.example:8080");
        EXPECT_EQ(direct.client, "10.0.0.1");
    }
    const auto proxied = origin_of(request, trusting({"10.0.0.1"}));
    EXPECT_EQ(proxied.base_url(), "https://images.example");
    EXPECT_EQ(proxied.client, "2001:db8::1");
}

TEST(Origin, ReadsAChainOfProxiesFromItsEnd) {
    Request request;
    request.peer = "10.0.0.1";
    // The first element is what the client made up, the second the outer proxy's.
    request.headers = {{"Host", "inner"},
                       {"Forwarded",
                        "for=6.6.6.6;host=evil.example;proto=http, "
                        "for=9.9.9.9;host=images.example;proto=https"},
                       {"Forwarded", "for=10.0.0.2;host=outer.example"}};
    const auto chain = origin_of(request, trusting({"10.0.0.0/8"}));
    EXPECT_EQ(chain.base_url(), "https://images.example");
    EXPECT_EQ(chain.client, "9.9.9.9");
    const auto one = origin_of(request, trusting({"10.0.0.1"}));
    EXPECT_EQ(one.base_url(), "http://outer.example");
    EXPECT_EQ(one.client, "10.0.0.2");
}

TEST(Origin, ReadsTheOlderFields) {
    Request request;
    request.peer = "10.0.0.1";
    request.headers = {{"Host", "x"},
                       {"X-Forwarded-Proto", "https"},
                       {"X-Forwarded-Host", "a.example:444"},
                       {"X-Forwarded-For", "6.6.6.6, 5.6.7.8, 10.0.0.2"}};
    EXPECT_EQ(origin_of(request, trusting({"10.0.0.0/8"})).base_url(), "https://a.example:444");
    EXPECT_EQ(origin_of(request, trusting({"10.0.0.0/8"})).client, "5.6.7.8");
    request.headers = {{"Host", "x"}, {"X-Forwarded-Proto", "https"}};
    EXPECT_EQ(origin_of(request, trusting({"10.0.0.0/8"})).base_url(), "https://x");
}

TEST(Origin, TakesNothingThatIsNoHost) {
    Request request;
    request.peer = "10.0.0.1";
    const auto trusted = trusting({"10.0.0.1"});
    request.headers = {{"Host", "x"},
                       {"X-Forwarded-Proto", "javascript"},
                       {"X-Forwarded-Host", "a\"><script>"},
                       {"X-Forwarded-For", "<b>"}};
    EXPECT_EQ(origin_of(request, trusted).base_url(), "http://x");
    EXPECT_EQ(origin_of(request, trusted).client, "10.0.0.1");
    for (const auto* field : {"for", "=", "for=\"1.2.3.4", ";;,,", "proto=https\x01"}) {
        request.headers = {{"Host", "x"}, {"Forwarded", field}};
        EXPECT_EQ(origin_of(request, trusted).host, "x") << field;
    }
}

TEST(Host, IsANameOrAddressWithAPort) {
    for (const char* good : {"a", "a-b.c:80", "1.2.3.4", "[::1]", "[::1]:443"}) {
        EXPECT_TRUE(is_host(good)) << good;
    }
    for (const char* bad : {"", ":80", "a:", "a:x", "a:123456", "a/b", "a b", "a@b", "[", "[]",
                            "[::1", "[::1]x", "[::g]", "a\r\n"}) {
        EXPECT_FALSE(is_host(bad)) << bad;
    }
}

}  // namespace
}  // namespace larmor::http
