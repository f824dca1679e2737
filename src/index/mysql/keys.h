#pragma once
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "index/document.h"

namespace larmor::index::mysql {

/// As the sample names it.
inline constexpr std::string_view kDefaultIssuer = "DEFAULT_DOMAIN";

/// What table `conflict` says of image sets that are not primary.
inline constexpr int kConflictPriority = 1;
inline constexpr std::string_view kConflictType = "NON_PRIMARY";

// Under which keys the rows of a document are. A key that is longer than its column, which
// would lose the row, is its beginning and a hash of all of it, so that no two become one.

std::string issuer_key(const ImageSetDocument& document);
/// All without an id, who are different people, share one row.
std::string patient_key(const ImageSetDocument& document);
/// What the patient's row has: nothing for that one.
Values patient_values(const ImageSetDocument& document);

/// A key or a value of table `tag`.
std::string label_text(const std::string& text);
/// What table `imagetype` has of an instance: the values of its Image Type, each once. `at` is
/// its place among the instance's values; nothing where that column is not kept.
std::set<std::string> image_types(const InstanceDocument& instance,
                                  std::optional<std::size_t> at);

}  // namespace larmor::index::mysql
