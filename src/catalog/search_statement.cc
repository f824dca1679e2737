#include "catalog/search_statement.h"

#include <algorithm>
#include <optional>

namespace larmor::catalog {
namespace {

/// A date and the time that goes with it.
constexpr std::pair<Attribute, Attribute> kMoments[] = {
    {Attribute::StudyDate, Attribute::StudyTime},
    {Attribute::PerformedProcedureStepStartDate, Attribute::PerformedProcedureStepStartTime},
};

const Condition* find_range(const SearchQuery& query, Attribute attribute) {
    const auto found = std::ranges::find_if(query.conditions, [&](const Condition& condition) {
        return condition.attribute == attribute && condition.kind == Condition::Kind::Range;
    });
    return found == query.conditions.end() ? nullptr : &*found;
}

/// The ranges of a date and its time that are to be matched as one.
struct Moments {
    const Condition* dates = nullptr;
    const Condition* times = nullptr;
};
std::optional<Moments> moments_of(const SearchQuery& query, Attribute attribute) {
    if (!query.combine_dates_and_times) return std::nullopt;
    for (const auto& [date, time] : kMoments) {
        if (attribute != date && attribute != time) continue;
        const Moments found{find_range(query, date), find_range(query, time)};
        if (found.dates != nullptr && found.times != nullptr &&
            found.dates->from.empty() == found.times->from.empty() &&
            found.dates->to.empty() == found.times->to.empty()) {
            return found;
        }
    }
    return std::nullopt;
}

/// The dates' own range, which an index knows, and the times on its first and last day.
std::string in_moments(Clause& clause, const Moments& moments) {
    const std::string date(column_of(moments.dates->attribute));
    const std::string time(column_of(moments.times->attribute));
    std::string sql = in_range(clause, date, *moments.dates);
    if (!moments.dates->from.empty()) {
        sql += " AND (" + date + " > " + clause.parameter(moments.dates->from) + " OR " + time +
               " >= " + clause.parameter(moments.times->from) + ")";
    }
    if (!moments.dates->to.empty()) {
        sql += " AND (" + date + " < " + clause.parameter(moments.dates->to) + " OR " + time +
               " <= " + clause.parameter(moments.times->to) + ")";
    }
    return sql;
}

/// Keys of RequestAttributesSequence: one item matches all of them (PS3.4 section C.2.2.2.6).
void add_request_conditions(Clause& clause, const SearchQuery& query) {
    std::string item;
    for (const auto& condition : query.conditions) {
        if (info_of(condition.attribute).sequence_tag == 0) continue;
        item += item.empty() ? "(" : " AND (";
        item += matches(clause, condition) + ")";
    }
    if (!item.empty()) {
        clause.both("s.id IN (SELECT r.series FROM series_requests r WHERE " + item + ")");
    }
}

/// The column as SQLite takes no index for: it has no statistics that would tell it.
std::string not_by_index(const Clause& clause, std::string_view column) {
    std::string sql(column);
    if (clause.dialect == db::Dialect::Sqlite) sql.insert(0, "+");
    return sql;
}

/// On any series of the study that readers see. Exact values are looked up in study_modalities
/// first, which knows each in one step, but also series that were deleted.
std::string modality_matches(Clause& clause, const Condition& condition) {
    std::string sql;
    if (condition.kind == Condition::Kind::Exact) {
        sql = "EXISTS (SELECT 1 FROM study_modalities y WHERE " +
              column_matches(clause, "y.modality", condition) +
              " AND y.study_date = t.study_date AND y.study_time_key = t.study_time_key"
              " AND y.study = t.id) AND ";
    }
    return sql +
           "EXISTS (SELECT 1 FROM series x JOIN image_sets xm ON xm.id = x.image_set"
           " WHERE x.study = t.id AND xm.state = 0 AND (" +
           // Not by walking all series of the modality for each study.
           column_matches(clause, not_by_index(clause, "x.modality"), condition) + "))";
}

/// Conditions that few studies meet: their series and instances are best found from above.
bool starts_at_studies(const SearchQuery& query) {
    using enum Attribute;
    constexpr Attribute kOfFew[] = {StudyDate,   AccessionNumber, ReferringPhysicianName,
                                    PatientName, PatientID,       StudyInstanceUID};
    constexpr Attribute kOfFewer[] = {SeriesInstanceUID, SOPInstanceUID,
                                      ScheduledProcedureStepID, RequestedProcedureID};
    const auto is_asked_for = [&](Attribute attribute) {
        return std::ranges::find(query.conditions, attribute, &Condition::attribute) !=
               query.conditions.end();
    };
    return (query.study || std::ranges::any_of(kOfFew, is_asked_for)) && !query.series &&
           std::ranges::none_of(kOfFewer, is_asked_for);
}

Result<void> add_conditions(Clause& clause, const SearchQuery& query, Level level) {
    for (const auto& condition : query.conditions) {
        const auto& info = info_of(condition.attribute);
        if (info.matching == Matching::None || info.level > level) {
            return fail(ErrorCode::InvalidInput,
                        std::string(info.keyword) + " is no matching key of this search");
        }
        if (info.sequence_tag != 0) continue;
        if (const auto moments = moments_of(query, condition.attribute)) {
            // Once for the pair.
            if (&condition == moments->dates) clause.both(in_moments(clause, *moments));
        } else if (condition.attribute == Attribute::ModalitiesInStudy) {
            clause.both(modality_matches(clause, condition));
        } else if (info.level == Level::Series && starts_at_studies(query)) {
            // As above: the series of the study are few, those of all studies are not.
            const auto column = not_by_index(clause, column_of(condition.attribute));
            clause.both(column_matches(clause, column, condition));
        } else {
            clause.both(matches(clause, condition));
        }
    }
    add_request_conditions(clause, query);
    if (query.study) clause.both("t.id = " + clause.parameter(number_of(*query.study)));
    if (query.series && level != Level::Study) {
        clause.both("s.id = " + clause.parameter(number_of(*query.series)));
    }
    return {};
}

/// The modality where nothing but it and the study's date and time is asked for:
/// study_modalities then has the results in their order, however rare or common it is.
const Condition* modality_in_order(const SearchQuery& query) {
    const Condition* modality = nullptr;
    for (const auto& condition : query.conditions) {
        if (condition.attribute == Attribute::ModalitiesInStudy) {
            modality = &condition;
        } else if (condition.attribute != Attribute::StudyDate &&
                   condition.attribute != Attribute::StudyTime) {
            return nullptr;
        }
    }
    const bool is_one = modality != nullptr && modality->kind == Condition::Kind::Exact &&
                        modality->values.size() == 1;
    return is_one && !query.study ? modality : nullptr;
}

/// CROSS JOIN with ON fixes the order: without statistics SQLite would start at the studies.
/// Others know no such thing, and need none.
void leave_order_to_planner(std::string& sql) {
    constexpr std::string_view kFixed = " CROSS JOIN ";
    for (auto at = sql.find(kFixed); at != std::string::npos; at = sql.find(kFixed, at)) {
        sql.replace(at, kFixed.size(), " JOIN ");
    }
}

Clause studies_of_modality(const SearchQuery& query, const Condition& modality) {
    Clause clause{
        "SELECT t.id FROM study_modalities z CROSS JOIN studies t ON t.id = z.study"
        " WHERE t.number_of_instances > 0",
        {}};
    clause.both(column_matches(clause, "z.modality", modality));
    for (const auto& condition : query.conditions) {
        if (condition.attribute == Attribute::StudyDate) {
            clause.both(column_matches(clause, "z.study_date", condition));
        }
    }
    return clause;
}

/// What is there of a level, and the order of its results.
struct Scope {
    Clause clause;
    std::string_view order;
};
Scope scope_of(const SearchQuery& query, Level level) {
    if (level == Level::Study) {
        if (const Condition* modality = modality_in_order(query)) {
            return {studies_of_modality(query, *modality),
                    " ORDER BY z.study_date DESC, z.study_time_key DESC, z.study DESC"};
        }
        return {{"SELECT t.id FROM studies t WHERE t.number_of_instances > 0", {}},
                " ORDER BY t.study_date DESC, t.study_time_key DESC, t.id DESC"};
    }
    const bool from_above = starts_at_studies(query);
    if (level == Level::Series) {
        return {
            {from_above ? "SELECT s.id FROM studies t CROSS JOIN series s ON s.study = t.id"
                          " CROSS JOIN image_sets m ON m.id = s.image_set"
                          " WHERE m.state = 0 AND m.latest_version > 0"
                        : "SELECT s.id FROM series s JOIN image_sets m ON m.id = s.image_set"
                          " JOIN studies t ON t.id = s.study"
                          " WHERE m.state = 0 AND m.latest_version > 0",
             {}},
            " ORDER BY s.id"};
    }
    return {
        {from_above ? "SELECT i.id FROM studies t CROSS JOIN series s ON s.study = t.id"
                      " CROSS JOIN image_sets m ON m.id = s.image_set"
                      " CROSS JOIN instances i ON i.image_set = m.id AND i.series = s.id"
                      " WHERE m.state = 0"
                    : "SELECT i.id FROM instances i JOIN series s ON s.id = i.series"
                      " AND s.image_set = i.image_set JOIN image_sets m ON m.id = s.image_set"
                      " JOIN studies t ON t.id = s.study WHERE m.state = 0",
         {}},
        " ORDER BY i.id"};
}

}  // namespace

Result<Clause> search_statement(const SearchQuery& query, Level level, db::Dialect dialect) {
    Scope scope = scope_of(query, level);
    Clause clause = std::move(scope.clause);
    clause.dialect = dialect;
    if (dialect == db::Dialect::Postgres) leave_order_to_planner(clause.sql);
    TRY_VOID(add_conditions(clause, query, level));
    clause.sql += scope.order;
    // One more than asked for tells whether there is a next page.
    const auto bounded = [](std::size_t count) {
        return static_cast<std::int64_t>(std::min<std::size_t>(count, 1ULL << 31));
    };
    clause.sql += " LIMIT " + clause.parameter(bounded(query.limit) + 1);
    clause.sql += " OFFSET " + clause.parameter(bounded(query.offset));
    return clause;
}

}  // namespace larmor::catalog
