#pragma once
#include <cstdint>
#include <filesystem>
#include <string>

#include "db/database.h"

namespace larmor::fsck {

enum class Severity : std::uint8_t {
    Note,   ///< space or leftovers: nothing is wrong with what is stored
    Error,  ///< something is lost, or says something wrong
};
/// `note`, `error`.
std::string_view name_of(Severity severity);

/// What can be made good without losing anything.
enum class Repair : std::uint8_t { None, Counts, Leftovers };

struct Finding {
    Severity severity = Severity::Error;
    std::string where;  ///< segment and byte, key, UID, row: never a patient's name
    std::string what;
    Repair repair = Repair::None;
};

/// Told of findings as they are made; called on the checking thread.
class Observer {
public:
    virtual ~Observer() = default;
    virtual void found(const Finding& finding) = 0;
    /// Of the objects, in bytes.
    virtual void progress(std::uint64_t checked, std::uint64_t total) = 0;
};

struct Summary {
    std::uint64_t instances = 0;
    std::uint64_t objects = 0;
    std::uint64_t bytes = 0;       ///< of the objects
    std::uint64_t dead_bytes = 0;  ///< of segment files, before their ends: without a row
    std::uint64_t errors = 0;
    std::uint64_t notes = 0;
    std::uint64_t repaired = 0;         ///< of the findings, of both kinds
    std::uint64_t repaired_errors = 0;  ///< of them, errors
    std::uint64_t unrepaired_errors() const { return errors - repaired_errors; }
};

struct CheckOptions {
    std::filesystem::path objects;  ///< the folder of the object store
    bool repair = false;  ///< leftovers removed, counts made anew: nothing that could lose data
};

/// Checks a library that nobody else has open, and whose object store is not open either:
/// the database's own integrity, rows against rows, rows against objects, every object against
/// its checksums, files against rows, numbers of events. Changes nothing unless it is told to
/// repair. Memory: a page of rows, an entry a segment, and a bit an object up to 16 MiB.
/// Errors: of the database, where it can't be read at all; damage is a finding.
Result<Summary> check(db::Database& database, const CheckOptions& options, Observer& observer);

}  // namespace larmor::fsck
