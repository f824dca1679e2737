#pragma once
#include <string>

#include "audit/record.h"

namespace larmor::audit_export {

/// A record of the trail as a DICOM Audit Message: one XML document in UTF-8 on one line,
/// without a line feed. `source` names this machine (AuditSourceID). Which event each act
/// becomes, and what is said where the standard has no word for it, is in
/// docs/formats/audit_messages.md. It names patients as the trail does: by Patient ID. Source:
/// PS3.15 sections A.5.1 and A.5.3.
std::string audit_message(const audit::Record& record, std::string_view source);

}  // namespace larmor::audit_export
