#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "catalog/attribute.h"
#include "db/database.h"

namespace larmor::catalog {

/// The words of a name in all its groups, for fuzzy matching: without regard to case, to the
/// marks on Latin, Greek and Cyrillic letters, and to the width of characters; each once,
/// sorted. `Müller-Lüdenscheid^Änne=山田` is `anne`, `ludenscheid`, `muller`, `山田`. UTF-8 in
/// and out;
/// `*` and `?` stay in their words.
std::vector<std::string> name_words(std::string_view name);

/// How person_name_words and person_name_groups say which name of the study it is.
std::int64_t name_words_number(Attribute attribute);

/// What literal matching compares with: the folded name and, where it has several, its groups.
std::vector<std::string> name_groups(std::string_view name);

/// Records the words and groups of both names of a study that has none yet.
Result<void> insert_name_words(db::Transaction& tx, std::int64_t study,
                               std::string_view patient_name,
                               std::string_view referring_physician_name);

/// The same for every study without them, a bounded number in a transaction: what was there
/// before this version. Blocks.
Result<void> index_missing_name_words(db::Database& database);

}  // namespace larmor::catalog
