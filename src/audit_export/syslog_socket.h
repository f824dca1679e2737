#pragma once
#include "audit_export/syslog.h"

namespace larmor::audit_export {

/// One message a datagram (RFC 5426 section 3.1).
Result<std::unique_ptr<SyslogSender>> make_datagram_sender(const SyslogTarget& target,
                                                           std::chrono::milliseconds timeout);
/// Messages with their length before them (RFC 6587 section 3.4.1, RFC 5425 section 4.3), over
/// TCP or TLS.
Result<std::unique_ptr<SyslogSender>> make_stream_sender(const SyslogTarget& target,
                                                         std::chrono::milliseconds timeout);

}  // namespace larmor::audit_export
