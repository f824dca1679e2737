#include "audit_export/syslog.h"

#include <unistd.h>

#include <charconv>

#include "audit_export/syslog_socket.h"

namespace larmor::audit_export {
namespace {

tl::unexpected<Error> bad_target(std::string_view text, std::string_view why) {
    return fail(ErrorCode::InvalidInput,
                "syslog target " + std::string(text) + ": " + std::string(why) +
                    "; it looks like tls://audit.example:6514, tcp:// or udp://");
}

}  // namespace

Result<SyslogTarget> parse_syslog_target(std::string_view text) {
    SyslogTarget target;
    std::string_view rest = text;
    const auto take = [&](std::string_view scheme, SyslogTarget::Transport transport,
                          std::uint16_t port) {
        if (!rest.starts_with(scheme)) return false;
        rest.remove_prefix(scheme.size());
        target.transport = transport;
        target.port = port;
        return true;
    };
    // Ports: RFC 5426 section 3.3, RFC 6587 section 3.2, RFC 5425 section 4.1.
    if (!take("udp://", SyslogTarget::Transport::Udp, 514) &&
        !take("tcp://", SyslogTarget::Transport::Tcp, 601) &&
        !take("tls://", SyslogTarget::Transport::Tls, 6514)) {
        return bad_target(text, "unknown transport");
    }
    std::string_view port;
    if (rest.starts_with('[')) {
        const auto end = rest.find(']');
        if (end == std::string_view::npos) return bad_target(text, "no end of the address");
        target.host = rest.substr(1, end - 1);
        port = rest.substr(end + 1);
    } else {
        const auto colon = std::min(rest.find(':'), rest.size());
        target.host = rest.substr(0, colon);
        port = rest.substr(colon);
    }
    if (target.host.empty() || target.host.find_first_of("/@ ") != std::string::npos) {
        return bad_target(text, "no host");
    }
    if (!port.empty()) {
        const char* const end = port.data() + port.size();
        const auto parsed = std::from_chars(port.data() + 1, end, target.port);
        if (port.front() != ':' || parsed.ec != std::errc() || parsed.ptr != end ||
            target.port == 0) {
            return bad_target(text, "no port");
        }
    }
    return target;
}

std::string syslog_message(std::string_view text, Time time, std::string_view host) {
    constexpr int kSecurityNotice = 10 * 8 + 5;
    std::string out = "<" + std::to_string(kSecurityNotice) + ">1 ";
    out += to_iso8601(time);
    out.append(" ").append(host.empty() ? "-" : host).append(" larmor ");
    out += std::to_string(::getpid());
    out += " DICOM+RFC3881 - \xef\xbb\xbf";
    out += text;
    return out;
}

Result<std::unique_ptr<SyslogSender>> make_syslog_sender(const SyslogTarget& target,
                                                         std::chrono::milliseconds timeout) {
    if (target.transport == SyslogTarget::Transport::Udp) {
        return make_datagram_sender(target, timeout);
    }
    return make_stream_sender(target, timeout);
}

}  // namespace larmor::audit_export
