#pragma once
#include <string>

#include "catalog/deletion.h"

namespace larmor::catalog {

/// Appends `{"id":...}`: what /v1/deletions and `larmor deleted` tell of a deletion.
void append_deletion_json(std::string& json, const Deletion& deletion);

}  // namespace larmor::catalog
