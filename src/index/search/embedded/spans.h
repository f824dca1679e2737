#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "index/search/embedded/found.h"

namespace larmor::index::search::embedded {

/// Up to so many kinds of instances with one value are sorted by the UIDs of their image sets;
/// of more the image sets are walked in the order of their UIDs, and most have such a kind.
inline constexpr std::int64_t kSortedKindsMax = 1000;

/// An order by one column that has an index; what is equal in it follows by UIDs, and rows
/// without a value come last.
struct Order {
    std::string column;        ///< `s."Modality"`, `k."Rows"`
    bool is_number = false;    ///< its values are; else texts
    bool is_of_kinds = false;  ///< it is one of instance_kinds
    bool reads_kinds = false;  ///< rows are kinds with their image sets; else image sets
    bool is_descending = false;
    std::string_view hits = "1";  ///< how many a row stands for
};

/// Rows that stand together in an order: all that have one value; or several, which are fewer
/// than there are hits on a page; or those without a value, where there is no first and last.
struct Span {
    std::optional<Clause::Value> first;
    std::optional<Clause::Value> last;
    bool is_of_one() const { return first == last; }
};

struct Spans {
    std::size_t passed = 0;  ///< hits before the first span
    std::vector<Span> spans;
};

/// Whether hits of which many match are found along an order of one column.
bool walks_along_values(const Query& query, const Matching& matching, const Found& found);

/// The spans that have the hits from `offset` to before `end`, up to which rows are counted
/// along the index: values before the page are never sorted. Errors: those of the database.
Result<Spans> find_spans(db::Snapshot& snapshot, const Matching& matching, const Order& order,
                         std::size_t offset, std::size_t end);

/// `FROM ... WHERE ... ORDER BY ...` of what matches in a span, with the names of Matching.
/// Errors: those of the database.
Result<void> append_rows(Clause& clause, db::Snapshot& snapshot, const Matching& matching,
                         const Order& order, const Span& span);

}  // namespace larmor::index::search::embedded
