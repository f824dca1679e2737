#pragma once
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "http/client.h"

namespace larmor::audit_export {

/// Where an audit record repository listens.
struct SyslogTarget {
    enum class Transport : std::uint8_t { Udp, Tcp, Tls };
    Transport transport = Transport::Tls;
    std::string host;  ///< a name or an address
    std::uint16_t port = 0;
    std::filesystem::path authorities = {};  ///< PEM, for TLS; empty: those the system trusts
};

/// `udp://host[:514]`, `tcp://host[:601]` or `tls://host[:6514]`; an IPv6 address in brackets.
/// Errors: InvalidInput.
Result<SyslogTarget> parse_syslog_target(std::string_view text);

/// A message of RFC 5424 with a byte-order mark before its text, as PS3.15 section A.6 wants:
/// facility 10 (security), severity 5 (notice), MSGID `DICOM+RFC3881`, no structured data.
std::string syslog_message(std::string_view text, Time time, std::string_view host);

/// A connection to it, made anew by the first `send` after one that failed. For one thread.
class SyslogSender {
public:
    virtual ~SyslogSender() = default;
    /// Hands one message (see syslog_message) to the system. Errors: Unavailable: from this
    /// message on, and perhaps of those before it, nobody knows what has arrived.
    virtual Result<void> send(std::string_view message) = 0;
    /// What the other machine has confirmed of all that was sent. UDP has no such answer: All.
    virtual http::Arrival arrival() = 0;
};

/// `timeout` of connecting and of one write. Errors: InvalidInput for authorities that can't be
/// read.
Result<std::unique_ptr<SyslogSender>> make_syslog_sender(const SyslogTarget& target,
                                                         std::chrono::milliseconds timeout);

}  // namespace larmor::audit_export
