#pragma once
#include <cstdint>
#include <string_view>

#include "catalog/records.h"
#include "db/transaction.h"

namespace larmor::catalog {

/// Zeros where it is NULL. Errors: Corrupt (a wrong length).
Result<Sha256> read_hash(const db::Query& query, int column);

/// Columns and tables of a StoredInstance: append WHERE and ORDER BY. Aliases: i instances,
/// s series, t studies, m image_sets, p prepared_instances.
extern const std::string_view kSelectInstance;
/// The row that the query stands on. Errors: Corrupt (a hash of a wrong length).
Result<StoredInstance> read_instance(const db::Query& query);
Result<std::vector<StoredInstance>> read_instances(db::Query& query);

extern const std::string_view kSelectImageSet;  ///< alias m
ImageSet read_image_set(const db::Query& query);

/// Errors: NotFound; of a series also where it has no primary image set.
Result<StoredStudy> load_study(db::Snapshot& snapshot, std::int64_t row);
Result<StoredSeries> load_series(db::Snapshot& snapshot, std::int64_t row);
/// The series that an image set is in, with it in place of the primary one.
Result<StoredSeries> load_series_of(db::Snapshot& snapshot, std::int64_t image_set);

}  // namespace larmor::catalog
