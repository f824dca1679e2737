#pragma once
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "catalog/row_numbers.h"
#include "catalog/shared_objects.h"
#include "db/transaction.h"

namespace larmor::catalog {

/// From one image set into another of the same series, where they come with `version`.
struct RowCopy {
    std::int64_t from = 0;
    std::int64_t into = 0;
    std::int64_t version = 0;
};

/// The rows of these instances, or of all where none is named, in the order in which they came.
/// Errors: NotFound that names the one that is not there.
Result<std::vector<std::int64_t>> rows_to_copy(db::Transaction& tx, std::int64_t image_set,
                                               const std::vector<std::string>& instances);

/// What was copied: behind which row the new ones are, and which one is made of which.
struct CopiedRows {
    NewRows rows;
    std::vector<std::pair<std::int64_t, std::int64_t>> pairs;  ///< from, into
    std::vector<std::int64_t> pending;  ///< new ones that are still to be prepared
};
/// Copies instances with their other encodings, what was prepared of them, and what they say in
/// conflict; all of them point at the same objects. `rows` is of rows_to_copy. Where they are
/// all that the image set has (Part::All), a few statements do it whatever their number.
enum class Part : bool { Some, All };
Result<CopiedRows> copy_rows(db::Transaction& tx, const RowNumbers& numbers,
                             const RowCopy& copy, const std::vector<std::int64_t>& rows,
                             Part part);

}  // namespace larmor::catalog
