#pragma once
#include "db/transaction.h"
#include "index/search/set_row.h"
#include "index/target.h"

namespace larmor::index::search::embedded {

/// Puts the rows of an image set in the place of older ones, and makes what it and others of
/// its study are together anew. One that was read before what is there changes nothing.
Result<Target::Applied> write_set(db::Transaction& tx, const ImageSetDocument& document,
                                  const SetRow& row);

/// Words as a column of `words` has them.
std::string joined(const std::vector<std::string>& words);

}  // namespace larmor::index::search::embedded
