#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "catalog/edit.h"
#include "db/transaction.h"
#include "edits/rules.h"

namespace larmor::catalog {

/// What is said of patient, study and series: data elements of DICOM JSON by tag (`00100020`),
/// in one form, so that they can be compared. UIDs are not among them.
using StatedColumns = std::map<std::string, std::string>;

/// As the catalog shows study and series of an image set.
Result<StatedColumns> shown_columns(db::Transaction& tx, const PlacedImageSet& of);
/// As these instances of an image set say it, edits included, each once. One that was stored in
/// conflict before such things were kept says nothing.
Result<std::set<StatedColumns>> stated_columns(db::Transaction& tx, const PlacedImageSet& of,
                                               const std::vector<std::int64_t>& rows);
/// By what the columns would be made if it were the primary image set: as they were before its
/// first edit. Nothing where that is not known.
Result<std::optional<std::string>> columns_before_edits(db::Transaction& tx,
                                                        const PlacedImageSet& of,
                                                        std::int64_t row);

/// The tags of which one of the instances says something else than `shown`. Study: only those
/// of patient and study.
enum class Compared : bool { Study, All };
std::vector<std::string> differing_tags(const std::set<StatedColumns>& stated,
                                        const StatedColumns& shown, Compared compared);
/// Changes that make `tags` what `shown` has.
Result<edits::Changes> changes_to(const StatedColumns& shown,
                                  const std::vector<std::string>& tags, std::int64_t version,
                                  Time time);
/// `PatientID, StudyDate`.
std::string keywords_of(const std::vector<std::string>& tags);

}  // namespace larmor::catalog
