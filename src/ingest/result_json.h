#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "ingest/destination.h"

namespace larmor::ingest {

/// Appends `"outcome":"stored","study_instance_uid":"1.2.3",...,"size_bytes":4` to an object
/// that is open: what `larmor import --json` and POST /v1/instances say of an instance. Texts
/// that are empty are left out; those that are no UTF-8, as files with damage have them, are
/// replaced. The error is not written: the two say it each in its own way.
void append_result_members(std::string& json, const ImportResult& result);

/// The whole object for a file or member of that name: the line of `larmor import --json`.
std::string result_line(const std::string& name, const ImportResult& result);

/// The reverse of name_of.
std::optional<Outcome> parse_outcome(std::string_view name);

}  // namespace larmor::ingest
