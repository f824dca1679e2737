#pragma once
#include <limits>
#include <optional>
#include <type_traits>

#include "fsck/fsck.h"

namespace larmor::fsck {

/// What the checks share: where they look and whom they tell.
class Context {
public:
    Context(db::Database& database, const CheckOptions& options, Observer& observer)
        : database_(database), options_(options), observer_(observer) {}

    db::Database& database() { return database_; }
    const CheckOptions& options() const { return options_; }
    Observer& observer() { return observer_; }
    Summary& summary() { return summary_; }

    void error(std::string where, std::string what, Repair repair = Repair::None) {
        tell({Severity::Error, std::move(where), std::move(what), repair});
    }
    void note(std::string where, std::string what, Repair repair = Repair::None) {
        tell({Severity::Note, std::move(where), std::move(what), repair});
    }
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
            TRY_VOID(database_.read([&](db::Snapshot& snapshot) -> Result<void> {
                TRY(db::Query query, snapshot.prepare(sql));
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
        return database_.read([&](db::Snapshot& snapshot) -> Result<std::int64_t> {
            TRY(db::Query query, snapshot.prepare(sql));
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

    db::Database& database_;
    const CheckOptions& options_;
    Observer& observer_;
    Summary summary_;
    std::uint64_t counts_ = 0;
    std::uint64_t leftovers_ = 0;
};

/// Image sets, series, studies and instances among each other, and their counts.
Result<void> check_catalog(Context& context);
/// Every row that points at an object finds its row, and every object is pointed at.
Result<void> check_pointers(Context& context);
/// Every object's bytes; segments, files and uploads against rows.
Result<void> check_objects(Context& context);
/// The numbers of events rise without gaps.
Result<void> check_events(Context& context);

/// Counts made anew, leftovers of uploads removed, where the checks found such.
Result<void> repair(Context& context);

}  // namespace larmor::fsck
