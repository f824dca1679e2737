#pragma once
#include <cstdint>
#include <string>

#include "db/check.h"

namespace larmor::fsck {

using Observer = db::CheckObserver;
using Finding = db::Finding;
using Summary = db::CheckSummary;
/// `note`, `error`.
std::string_view name_of(db::Severity severity);

/// What checks the objects of a library, as its driver does it.
class ObjectCheck {
public:
    virtual ~ObjectCheck() = default;
    /// Every object's bytes, and what lies beside them, against rows.
    virtual Result<void> check(db::Check& check) = 0;
    /// Removes what uploads left.
    virtual Result<void> remove_leftovers(db::Database& database) = 0;
};

struct CheckOptions {
    ObjectCheck& objects;
    bool repair = false;  ///< leftovers removed, counts made anew: nothing that could lose data
};

/// Checks a library that nobody else has open, and whose object store is not open either:
/// the database's own integrity, rows against rows, rows against objects, every object against
/// its checksums, files against rows, numbers of events. Changes nothing unless it is told to
/// repair. Memory: a page of rows, an entry a segment, and a bit an object up to 16 MiB.
/// Errors: of the database, where it can't be read at all; damage is a finding.
Result<Summary> check(db::Database& database, const CheckOptions& options, Observer& observer);

}  // namespace larmor::fsck
