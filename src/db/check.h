#pragma once
#include <cstdint>
#include <limits>
#include <string>

#include "db/database.h"

namespace larmor::db {

enum class Severity : std::uint8_t {
    Note,   ///< space or leftovers: nothing is wrong with what is stored
    Error,  ///< something is lost, or says something wrong
};

/// What can be made good without losing anything.
enum class Repair : std::uint8_t { None, Counts, Leftovers };

struct Finding {
    Severity severity = Severity::Error;
    std::string where;  ///< segment and byte, key, UID, row: never a patient's name
    std::string what;
    Repair repair = Repair::None;
};

/// Told of findings as they are made; called on the checking thread.
class CheckObserver {
public:
    virtual ~CheckObserver() = default;
    virtual void found(const Finding& finding) = 0;
    /// Of the objects, in bytes.
    virtual void progress(std::uint64_t checked, std::uint64_t total) = 0;
};

struct CheckSummary {
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

/// What the checks of the modules share: the rows, a page at a time, and whom they tell.
class Check {
public:
    Check(Database& database, CheckObserver& observer)
        : database_(database), observer_(observer) {}

    Database& database() { return database_; }
    CheckObserver& observer() { return observer_; }
    CheckSummary& summary() { return summary_; }

    void error(std::string where, std::string what, Repair repair = Repair::None) {
        tell({Severity::Error, std::move(where), std::move(what), repair});
    }
    void note(std::string where, std::string what, Repair repair = Repair::None) {
        tell({Severity::Note, std::move(where), std::move(what), repair});
    }
    /// How many findings of this kind there are.
    std::uint64_t to_repair(Repair repair) const {
        return repair == Repair::Counts ? counts_ : leftovers_;
    }

    /// Calls `row(query)`, which gives false to stop, for every row of `sql`: it takes the
    /// last key as ?1 and the rows of a page as ?2, and gives the key as its first column. Each
    /// page is a snapshot of its own: `row` must be quick.
    template <typename F>
    Result<void> for_each_row(std::string_view sql, F row,
                              std::int64_t after = std::numeric_limits<std::int64_t>::min()) {
        constexpr std::int64_t kPage = 1000;
        for (;;) {
            std::int64_t rows = 0;
            bool go_on = true;
            TRY_VOID(database_.read([&](Snapshot& snapshot) -> Result<void> {
                TRY(Query query, snapshot.prepare(sql));
                query.bind(after, kPage);
                while (go_on) {
                    TRY(const bool there, query.next());
                    if (!there) break;
                    ++rows;
                    after = query.int64(0);
                    go_on = row(query);
                }
                return {};
            }));
            if (!go_on || rows < kPage) return {};
        }
    }
    /// The one number that `sql` gives.
    Result<std::int64_t> number(std::string_view sql) {
        return database_.read([&](Snapshot& snapshot) -> Result<std::int64_t> {
            TRY(Query query, snapshot.prepare(sql));
            TRY(const bool row, query.next());
            return row ? query.int64(0) : 0;
        });
    }

private:
    void tell(const Finding& finding) {
        ++(finding.severity == Severity::Error ? summary_.errors : summary_.notes);
        if (finding.repair == Repair::Counts) ++counts_;
        if (finding.repair == Repair::Leftovers) ++leftovers_;
        observer_.found(finding);
    }

    Database& database_;
    CheckObserver& observer_;
    CheckSummary summary_;
    std::uint64_t counts_ = 0;
    std::uint64_t leftovers_ = 0;
};

}  // namespace larmor::db
