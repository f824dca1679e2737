#include "audit_export/syslog.h"

#include <gmock/gmock.h>

namespace larmor::audit_export {
namespace {

using Transport = SyslogTarget::Transport;

TEST(SyslogTarget, NamesTransportHostAndPort) {
    const auto tls = parse_syslog_target("tls://audit.example:7000");
    ASSERT_TRUE(tls);
    EXPECT_EQ(tls->transport, Transport::Tls);
    EXPECT_EQ(tls->host, "audit.example");
    EXPECT_EQ(tls->port, 7000);
    const auto udp = parse_syslog_target("udp://10.0.0.7");
    ASSERT_TRUE(udp);
    EXPECT_EQ(udp->transport, Transport::Udp);
    EXPECT_EQ(udp->port, 514);
    const auto tcp = parse_syslog_target("tcp://[::1]:601");
    ASSERT_TRUE(tcp);
    EXPECT_EQ(tcp->host, "::1");
    EXPECT_EQ(parse_syslog_target("tcp://[::1]")->port, 601);
    EXPECT_EQ(parse_syslog_target("tls://a")->port, 6514);
}

TEST(SyslogTarget, RefusesWhatItIsNot) {
    for (const char* text :
         {"", "audit.example", "http://a", "tls://", "tls://a:0", "tls://a:x", "tls://a:70000",
          "tls://a:", "tcp://[::1", "tcp://[::1]601", "tcp://user@host:1", "udp://a/b"}) {
        EXPECT_FALSE(parse_syslog_target(text)) << text;
    }
}

TEST(SyslogMessage, IsThatOfRfc5424WithTheStandardsMessageId) {
    const Time time{std::chrono::milliseconds(1767323045678)};
    const auto message = syslog_message("<A/>", time, "pacs");
    EXPECT_THAT(message, testing::StartsWith("<85>1 2026-01-02T03:04:05.678Z pacs larmor "));
    EXPECT_THAT(message, testing::EndsWith(" DICOM+RFC3881 - \xef\xbb\xbf<A/>"));
}

}  // namespace
}  // namespace larmor::audit_export
