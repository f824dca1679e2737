#pragma once
#include <cstdint>
#include <functional>
#include <map>

#include "db/transaction.h"
#include "objects/local/segment_format.h"
#include "objects/object_store.h"

namespace larmor::objects::local {

/// What the rows say of one segment: the part of its file that counts.
struct StoredSegment {
    bool is_sealed = false;
    std::uint64_t bytes = 0;  ///< of the file that count: to its end, or to the last record's
};

/// What a copy of the rows, by another process or on another disk, says of the store.
struct StoredRows {
    StoreId store{};
    std::map<std::int64_t, StoredSegment> segments;  ///< those that have a file to copy
    std::uint64_t objects = 0;
};

/// Errors: Corrupt where the store has no identity.
Result<StoredRows> read_stored_rows(db::Snapshot& rows);

/// Every object, in the order of numbers.
Result<void> for_each_object(db::Snapshot& rows,
                             const std::function<Result<void>(const ObjectLocation&)>& f);

}  // namespace larmor::objects::local
