#include "catalog/image_set_statement.h"

#include "catalog/folding.h"

namespace larmor::catalog {
namespace {

using Order = ImageSetQuery::Order;
using Direction = ImageSetQuery::Direction;

/// Around the numbers of a page's rows, so that what is only passed over or sorted away is read
/// from an index or one table, and not joined.
constexpr std::string_view kColumns =
    "SELECT m.id, m.image_set_id, m.study, m.series, m.is_primary, m.state, m.workflow_status,"
    " m.latest_version, m.created, m.updated, m.edited_version,"
    " t.study_instance_uid, t.study_date, t.study_time, t.accession_number, t.study_id,"
    " t.study_description, t.patient_id, t.patient_name, t.patient_birth_date, t.patient_sex,"
    " t.number_of_series, t.number_of_instances, s.series_instance_uid, s.modality,"
    " s.series_number, s.body_part_examined FROM (";
/// As the indexes of the orders have it.
constexpr std::string_view kIsFound = " AND m.state < 2 AND m.latest_version > 0";
constexpr std::string_view kJoined =
    ") p CROSS JOIN image_sets m CROSS JOIN studies t CROSS JOIN series s"
    " WHERE m.id = p.id AND t.id = m.study AND s.id = m.series";

bool names_study(const ImageSetQuery& query) {
    return query.patient_id || query.accession_number || query.study_id ||
           query.study_instance_uid;
}

bool has_range(const ImageSetQuery::Times& times) {
    return times.from != Time::min() || times.to != Time::max();
}
bool has_moments(const ImageSetQuery& query) {
    return query.studied_from || query.studied_to;
}

/// Those that the page is found with. SQLite takes the tables of a CROSS JOIN in their order:
/// what narrows most comes first.
std::string_view tables_of(const ImageSetQuery& query, FirstRows first) {
    const bool by_date = query.order == Order::StudyDateAndTime;
    if (query.series_instance_uid) {
        return " FROM series s CROSS JOIN image_sets m CROSS JOIN studies t"
               " WHERE m.series = s.id AND t.id = m.study";
    }
    if (first == FirstRows::Studied || names_study(query) ||
        (first == FirstRows::InOrder && by_date)) {
        return " FROM studies t CROSS JOIN image_sets m WHERE m.study = t.id";
    }
    if (by_date || has_moments(query)) {
        return " FROM image_sets m CROSS JOIN studies t WHERE t.id = m.study";
    }
    return " FROM image_sets m WHERE 1 = 1";
}

std::int64_t microseconds(Time time) {
    return time.time_since_epoch().count();
}

/// First the end that the rows come from: what a walk of an index passes over fails there.
void add_times(Clause& clause, const std::string& column, const ImageSetQuery::Times& times,
               Direction direction) {
    const auto add_from = [&] {
        if (times.from == Time::min()) return;
        clause.both(column + " >= " + clause.parameter(microseconds(times.from)));
    };
    if (direction == Direction::Ascending) add_from();
    if (times.to != Time::max()) {
        clause.both(column + " <= " + clause.parameter(microseconds(times.to)));
    }
    if (direction == Direction::Descending) add_from();
}

/// As `study_time_key` compares: the whole day where there is no time.
std::string first_key(const ImageSetQuery::Moment& moment) {
    return moment.time.empty() ? std::string() : time_key(moment.time);
}
std::string last_key(const ImageSetQuery::Moment& moment) {
    return moment.time.empty() ? "999999.999999" : time_key_last(moment.time);
}

void add_moments(Clause& clause, const ImageSetQuery& query) {
    const auto limit = [&](std::string_view comparison, const std::string& date,
                           const std::string& key) {
        clause.both("(t.study_date, t.study_time_key) " + std::string(comparison) + " (" +
                    clause.parameter(date) + ", " + clause.parameter(key) + ")");
    };
    if (query.studied_from) {
        limit(">=", query.studied_from->date, first_key(*query.studied_from));
        // An empty date comes before all others.
    }
    if (query.studied_to) {
        limit("<=", query.studied_to->date, last_key(*query.studied_to));
        if (!query.studied_from) clause.both("t.study_date > ''");
    }
}

void add_equal(Clause& clause, std::string_view column,
               const std::optional<std::string>& value) {
    if (value) clause.both(std::string(column) + " = " + clause.parameter(*value));
}

std::string_view key_of(Order order) {
    return order == Order::Created ? "m.created" : "m.updated";
}

/// What comes behind the last one of the page before.
void add_position(Clause& clause, const ImageSetQuery& query, const std::string& hint) {
    if (!query.after) return;
    const bool rises = query.direction == Direction::Ascending;
    const std::string row = clause.parameter(number_of(query.after->row));
    const std::string comparison = rises ? " > " : " < ";
    if (query.order != Order::StudyDateAndTime) {
        const std::string key = clause.parameter(query.after->key);
        clause.both("(" + hint + std::string(key_of(query.order)) + ", m.id)" + comparison +
                    "(" + key + ", " + row + ")");
        return;
    }
    // Its study's moment is looked up, since it says something of a patient and tokens are seen
    // in logs of URLs. The first condition is a range of the index, the second exact.
    const auto of_last = [&](const std::string& column) {
        return "(SELECT x." + column +
               " FROM image_sets y JOIN studies x ON x.id = y.study WHERE y.id = " + row + ")";
    };
    const std::string date = of_last("study_date");
    const std::string time = of_last("study_time_key");
    clause.both("t.study_date" + std::string(rises ? " >= " : " <= ") + date);
    clause.both("t.study_date <> " + date + " OR t.study_time_key" + comparison + time +
                " OR (t.study_time_key = " + time + " AND m.id" + comparison + row + ")");
}

std::string_view way_of(const ImageSetQuery& query) {
    return query.direction == Direction::Ascending ? "" : " DESC";
}

/// Rows that are sorted by one time after they were found by the other: SQLite sorts the first
/// of them in less than half the time when most come behind those that it already has, and
/// what was created late was mostly updated late.
bool are_nearly_sorted(const ImageSetQuery& query, db::Dialect dialect, FirstRows first) {
    return dialect == db::Dialect::Sqlite && query.order != Order::StudyDateAndTime &&
           (first == FirstRows::Created || first == FirstRows::Updated);
}

std::string order_of(const ImageSetQuery& query, const std::string& hint) {
    const std::string way(way_of(query));
    const std::string keys = query.order == Order::StudyDateAndTime
                                 ? "t.study_date" + way + ", t.study_time_key" + way
                                 : std::string(key_of(query.order)) + way;
    return " ORDER BY " + hint + keys + ", m.id" + way;
}

}  // namespace

std::vector<FirstRows> narrowing_rows(const ImageSetQuery& query) {
    std::vector<FirstRows> rows;
    if (query.series_instance_uid || names_study(query)) return rows;
    if (query.is_primary == false) rows.push_back(FirstRows::NotPrimary);
    if (has_range(query.created) && query.order != Order::Created) {
        rows.push_back(FirstRows::Created);
    }
    if (has_range(query.updated) && query.order != Order::Updated) {
        rows.push_back(FirstRows::Updated);
    }
    if (has_moments(query) && query.order != Order::StudyDateAndTime) {
        rows.push_back(FirstRows::Studied);
    }
    return rows;
}

Clause find_many_first_rows(const ImageSetQuery& query, FirstRows first, std::int64_t many) {
    Clause clause;
    clause.sql = "SELECT 1 FROM ";
    clause.sql +=
        first == FirstRows::Studied ? "studies t WHERE 1 = 1" : "image_sets m WHERE 1 = 1";
    if (first != FirstRows::Studied) clause.sql += kIsFound;
    switch (first) {
        case FirstRows::Created:
            add_times(clause, "m.created", query.created, query.direction);
            break;
        case FirstRows::Updated:
            add_times(clause, "m.updated", query.updated, query.direction);
            break;
        case FirstRows::Studied:
            add_moments(clause, query);
            break;
        case FirstRows::NotPrimary:
            clause.both("m.is_primary = 0");
            break;
        case FirstRows::InOrder:
            break;
    }
    clause.sql += " LIMIT 1 OFFSET " + clause.parameter(many - 1);
    return clause;
}

Clause image_set_statement(const ImageSetQuery& query, db::Dialect dialect, FirstRows first) {
    // A plus sign keeps SQLite from an index.
    const auto hint = [&](FirstRows rows, bool is_order) -> std::string {
        const bool is_free = dialect == db::Dialect::Postgres || first == rows ||
                             (first == FirstRows::InOrder && is_order);
        return is_free ? "" : "+";
    };
    Clause clause;
    clause.dialect = dialect;
    const bool nearly_sorted = are_nearly_sorted(query, dialect, first);
    clause.sql = std::string(kColumns) + "SELECT m.id";
    if (nearly_sorted) clause.sql += " FROM (SELECT m.id, m.created, m.updated";
    clause.sql += tables_of(query, first);
    clause.sql += kIsFound;
    add_equal(clause, "t.patient_id", query.patient_id);
    add_equal(clause, "t.accession_number", query.accession_number);
    add_equal(clause, "t.study_id", query.study_id);
    add_equal(clause, "t.study_instance_uid", query.study_instance_uid);
    add_equal(clause, "s.series_instance_uid", query.series_instance_uid);
    if (query.is_primary) {
        clause.both(*query.is_primary ? "m.is_primary = 1" : "m.is_primary = 0");
    }
    const bool by_created = query.order == Order::Created;
    add_times(clause, hint(FirstRows::Created, by_created) + "m.created", query.created,
              query.direction);
    const bool by_updated = query.order == Order::Updated;
    add_times(clause, hint(FirstRows::Updated, by_updated) + "m.updated", query.updated,
              query.direction);
    add_moments(clause, query);
    add_position(clause, query, hint(FirstRows::InOrder, false));
    if (nearly_sorted) {
        clause.sql +=
            first == FirstRows::Created ? " ORDER BY m.created" : " ORDER BY m.updated";
        clause.sql += way_of(query);
        clause.sql += " LIMIT -1) m";  // without a limit SQLite would drop this order
    }
    clause.sql += order_of(query, hint(FirstRows::InOrder, false)) + " LIMIT " +
                  clause.parameter(static_cast<std::int64_t>(query.limit + 1));
    clause.sql += kJoined;
    // SQLite walks the tables of a CROSS JOIN in their order, so that the rows of the page stay
    // in theirs; sorting them with all of their columns would take as long as reading them.
    if (dialect == db::Dialect::Postgres) clause.sql += order_of(query, "");
    return clause;
}

}  // namespace larmor::catalog
