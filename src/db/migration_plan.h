#pragma once
#include <map>
#include <span>
#include <string>
#include <vector>

#include "db/migration.h"
#include "db/transaction.h"

namespace larmor::db {

/// What Database::migrate does, the same in every driver: they differ in how they keep others
/// out meanwhile.
class MigrationPlan {
public:
    /// With the texts for `dialect`.
    MigrationPlan(std::span<const MigrationSet> sets, Dialect dialect);

    /// Makes the table of what was applied, where it is missing.
    static Result<void> make_table(Transaction& tx);
    /// What is missing in the library. Errors: Conflict, as Database::migrate.
    Result<void> compare(Snapshot& snapshot);

    struct Step {
        std::string_view module;
        std::string_view name;
        std::string_view sql;
        std::string hash;
    };
    /// In the order in which they are run; what `compare` found to be missing.
    const std::vector<Step>& missing() const { return missing_; }
    /// Runs one and notes it. Errors name the step.
    static Result<void> apply(Transaction& tx, const Step& step);

private:
    std::span<const MigrationSet> sets_;
    std::vector<Step> steps_;
    std::vector<Step> missing_;
};

}  // namespace larmor::db
