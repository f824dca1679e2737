#include "larmor/audit_options.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <array>

namespace larmor {

void add_audit_options(CLI::App& command, AuditOptions& options) {
    command
        .add_option("--audit-syslog", options.syslog,
                    "send the audit trail to this repository too, as DICOM audit messages: "
                    "tls://audit.example:6514, tcp:// or udp://")
        ->envname("LARMOR_AUDIT_SYSLOG");
    command
        .add_option(
            "--audit-syslog-ca", options.authorities,
            "PEM: who may sign its certificate, instead of those that the system trusts")
        ->check(CLI::ExistingFile)
        ->envname("LARMOR_AUDIT_SYSLOG_CA");
}

std::string audit_source() {
    std::array<char, 256> name{};
    if (gethostname(name.data(), name.size() - 1) != 0) return "larmor";
    return name.data();
}

Result<std::unique_ptr<audit_export::Exporter>> start_audit_export(const AuditOptions& options,
                                                                   audit::Log& log) {
    if (options.syslog.empty()) return std::unique_ptr<audit_export::Exporter>();
    audit_export::ExporterOptions exporter;
    TRY(exporter.target, audit_export::parse_syslog_target(options.syslog));
    exporter.target.authorities = options.authorities;
    exporter.source = audit_source();
    return audit_export::Exporter::start(log, std::move(exporter));
}

}  // namespace larmor
