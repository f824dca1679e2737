#pragma once
#include <filesystem>
#include <memory>
#include <string>

#include "audit/log.h"
#include "audit_export/exporter.h"

namespace CLI {  // NOLINT(readability-identifier-naming): the name that CLI11 gave it
class App;
}

namespace larmor {

/// What `larmor serve` takes for the trail's way out of this machine.
struct AuditOptions {
    std::string syslog;                 ///< empty: the trail stays here
    std::filesystem::path authorities;  ///< PEM
};
void add_audit_options(CLI::App& command, AuditOptions& options);

/// Nothing where no target was given. Errors: InvalidInput.
Result<std::unique_ptr<audit_export::Exporter>> start_audit_export(const AuditOptions& options,
                                                                   audit::Log& log);

/// How this machine calls itself in an audit message.
std::string audit_source();

}  // namespace larmor
