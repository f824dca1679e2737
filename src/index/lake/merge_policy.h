#pragma once
#include <set>
#include <span>
#include <string>
#include <vector>

#include "index/lake/manifest.h"

namespace larmor::index::lake {

/// A file that has so many rows is left alone unless a row of it changes.
inline constexpr std::int64_t kFileRowsMax = 1'000'000;

/// Which files of one table and month are written again, together with `new_rows`: those that
/// lose a row, and small ones beside them. After it each file has more than twice the rows of
/// the next smaller one, but for those that would have become larger than `rows_max`: R rows
/// are in at most log2(rows_max) + 2 R / rows_max + 1 files, and a row is copied about as often
/// as its file can double.
std::vector<DataFile> files_to_merge(std::vector<DataFile> files,
                                     const std::set<std::string>& touched,
                                     std::int64_t new_rows, std::int64_t rows_max);

}  // namespace larmor::index::lake
