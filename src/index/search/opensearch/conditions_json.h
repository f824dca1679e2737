#pragma once
#include <string>
#include <string_view>

#include "index/search/query.h"

namespace larmor::index::search::opensearch {

/// Where a document has its instances, each an object of its own to the engine ("nested").
inline constexpr std::string_view kInstancePath = "instance";

inline bool is_of_instances(const Field& field) {
    return field.level == Level::Instance;
}

/// What a document calls an attribute: `Modality`, `instance.Rows`.
std::string name_in_document(const Field& field);

/// Finds the documents that match a query: those of which one instance meets all that is asked
/// of instances.
std::string conditions_json(const Query& query);

/// Finds the instances that meet all that is asked of instances, where the engine looks at
/// them.
std::string instance_conditions_json(const Query& query);

}  // namespace larmor::index::search::opensearch
