#include <algorithm>
#include <bit>
#include <unordered_map>

#include "catalog/catalog_impl.h"
#include "catalog/name_words.h"
#include "catalog/read_rows.h"

namespace larmor::catalog {
namespace {

using Value = std::variant<std::int64_t, std::string>;

/// A WHERE clause that grows, with its parameters.
struct Clause {
    std::string sql;
    std::vector<Value> values;

    /// `?7`, for a value that is bound later.
    std::string parameter(Value value) {
        values.push_back(std::move(value));
        return "?" + std::to_string(values.size());
    }
    void both(const std::string& condition) { sql += " AND (" + condition + ")"; }
};

/// Where an attribute is matched; the aliases are those of read_rows.h.
std::string_view column_of(Attribute attribute) {
    switch (attribute) {
        case Attribute::StudyDate:
            return "t.study_date";
        case Attribute::StudyTime:
            return "t.study_time_key";
        case Attribute::AccessionNumber:
            return "t.accession_number";
        case Attribute::ReferringPhysicianName:
            return "t.referring_physician_name_folded";
        case Attribute::StudyDescription:
            return "t.study_description";
        case Attribute::PatientName:
            return "t.patient_name_folded";
        case Attribute::PatientID:
            return "t.patient_id";
        case Attribute::IssuerOfPatientID:
            return "t.issuer_of_patient_id";
        case Attribute::PatientBirthDate:
            return "t.patient_birth_date";
        case Attribute::PatientSex:
            return "t.patient_sex";
        case Attribute::StudyInstanceUID:
            return "t.study_instance_uid";
        case Attribute::StudyID:
            return "t.study_id";
        case Attribute::Modality:
            return "s.modality";
        case Attribute::SeriesDescription:
            return "s.series_description";
        case Attribute::BodyPartExamined:
            return "s.body_part_examined";
        case Attribute::Laterality:
            return "s.laterality";
        case Attribute::SeriesInstanceUID:
            return "s.series_instance_uid";
        case Attribute::SeriesNumber:
            return "s.series_number";
        case Attribute::SeriesDate:
            return "s.series_date";
        case Attribute::PerformedProcedureStepStartDate:
            return "s.pps_start_date";
        case Attribute::PerformedProcedureStepStartTime:
            return "s.pps_start_time_key";
        case Attribute::ScheduledProcedureStepID:
            return "r.scheduled_procedure_step_id";
        case Attribute::RequestedProcedureID:
            return "r.requested_procedure_id";
        case Attribute::SOPClassUID:
            return "i.sop_class_uid";
        case Attribute::SOPInstanceUID:
            return "i.sop_instance_uid";
        case Attribute::InstanceNumber:
            return "i.instance_number";
        case Attribute::NumberOfFrames:
            return "i.number_of_frames";
        case Attribute::Rows:
            return "i.rows";
        case Attribute::Columns:
            return "i.columns";
        case Attribute::BitsAllocated:
            return "i.bits_allocated";
        case Attribute::ModalitiesInStudy:
            return "x.modality";
        case Attribute::NumberOfStudyRelatedSeries:
        case Attribute::NumberOfStudyRelatedInstances:
        case Attribute::NumberOfSeriesRelatedInstances:
            break;
    }
    return {};
}

/// * and ? as LIKE has them; what LIKE has itself is escaped.
std::string to_like(std::string_view wildcard) {
    std::string like;
    for (const char c : wildcard) {
        if (c == '*') {
            like += '%';
        } else if (c == '?') {
            like += '_';
        } else {
            if (c == '%' || c == '_' || c == '\\') like += '\\';
            like += c;
        }
    }
    return like;
}

std::string like(Clause& clause, std::string_view column, std::string pattern) {
    return std::string(column) + " LIKE " + clause.parameter(std::move(pattern)) +
           " ESCAPE '\\'";
}

/// Any of the values. Their count is filled up to a power of two, so that few texts of SQL are
/// prepared for lists of all lengths.
template <typename T>
std::string any_of(Clause& clause, std::string_view column, const std::vector<T>& values) {
    if (values.size() == 1) {
        return std::string(column) + " = " + clause.parameter(values.front());
    }
    std::string sql = std::string(column) + " IN (";
    const std::size_t count = std::bit_ceil(values.size());
    for (std::size_t i = 0; i < count; ++i) {
        if (i > 0) sql += ", ";
        sql += clause.parameter(values[std::min(i, values.size() - 1)]);
    }
    return sql + ")";
}

/// A name matches as a whole or by one of its groups (alphabetic, ideographic, phonetic).
/// Source: PS3.5 section 6.2.1.
std::string name_matches(Clause& clause, std::string_view column, const Condition& condition) {
    const std::string pattern = to_like(condition.values.front());
    const std::string whole =
        condition.kind == Condition::Kind::Wildcard
            ? like(clause, column, pattern)
            : std::string(column) + " = " + clause.parameter(condition.values.front());
    return whole + " OR " + like(clause, column, pattern + "=%") + " OR " +
           like(clause, column, "%=" + pattern) + " OR " +
           like(clause, column, "%=" + pattern + "=%");
}

/// Every word begins one of the name's. Each by a range of person_name_words' key.
std::string words_match(Clause& clause, const Condition& condition) {
    // Behind all that begins with a word: no text in UTF-8 has this byte.
    constexpr char kBehindAll = '\xff';
    std::string sql;
    for (const std::string& word : condition.values) {
        if (!sql.empty()) sql += " AND ";
        sql += "t.id IN (SELECT w.study FROM person_name_words w WHERE w.attribute = ";
        sql += std::to_string(name_words_number(condition.attribute)) + " AND ";
        if (word.find_first_of("*?") != std::string::npos) {
            sql += like(clause, "w.word", to_like(word) + "%");
        } else {
            sql += "w.word >= " + clause.parameter(word);
            sql += " AND w.word < " + clause.parameter(word + kBehindAll);
        }
        sql += ")";
    }
    return sql;
}

std::string in_range(Clause& clause, std::string_view column, const Condition& condition) {
    const std::string name(column);
    std::string sql = name + " <> ''";
    if (!condition.from.empty())
        sql += " AND " + name + " >= " + clause.parameter(condition.from);
    if (!condition.to.empty()) sql += " AND " + name + " <= " + clause.parameter(condition.to);
    return sql;
}

std::string matches(Clause& clause, const Condition& condition) {
    const auto column = column_of(condition.attribute);
    if (condition.kind == Condition::Kind::Words) return words_match(clause, condition);
    if (info_of(condition.attribute).matching == Matching::Name &&
        condition.kind != Condition::Kind::Empty) {
        return name_matches(clause, column, condition);
    }
    switch (condition.kind) {
        case Condition::Kind::Exact:
            return any_of(clause, column, condition.values);
        case Condition::Kind::Wildcard:
            return like(clause, column, to_like(condition.values.front()));
        case Condition::Kind::Range:
        case Condition::Kind::Begins:
            return in_range(clause, column, condition);
        case Condition::Kind::Number:
            return any_of(clause, column, condition.numbers);
        case Condition::Kind::Empty:
            return info_of(condition.attribute).matching == Matching::Integer
                       ? std::string(column) + " IS NULL"
                       : std::string(column) + " = ''";
        case Condition::Kind::Words:
            break;  // above
    }
    return "0 = 1";
}

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

/// Errors: InvalidInput for a condition below the level of the search.
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
            clause.both(
                "EXISTS (SELECT 1 FROM series x JOIN image_sets xm ON xm.id = x.image_set"
                " WHERE x.study = t.id AND xm.state = 0 AND (" +
                matches(clause, condition) + "))");
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

/// Rows of the page and whether there are more.
Result<Page<std::int64_t>> find_rows(db::Snapshot& snapshot, Clause& clause,
                                     const SearchQuery& search) {
    // One more than asked for tells whether there is a next page.
    const auto bounded = [](std::size_t count) {
        return static_cast<std::int64_t>(std::min<std::size_t>(count, 1ULL << 31));
    };
    clause.sql += " LIMIT " + clause.parameter(bounded(search.limit) + 1);
    clause.sql += " OFFSET " + clause.parameter(bounded(search.offset));
    TRY(db::Query query, snapshot.prepare(clause.sql));
    for (std::size_t i = 0; i < clause.values.size(); ++i) {
        std::visit([&](const auto& value) { query.bind_at(static_cast<int>(i) + 1, value); },
                   clause.values[i]);
    }
    Page<std::int64_t> page;
    for (;;) {
        TRY(const bool row, query.next());
        if (!row) return page;
        if (page.items.size() == search.limit) {
            page.more = true;
            return page;
        }
        page.items.push_back(query.int64(0));
    }
}

/// Studies and series that many hits share, read once a search.
class Parents {
public:
    explicit Parents(db::Snapshot& snapshot) : snapshot_(snapshot) {}
    Result<StoredStudy> study(StudyRow row) {
        return remembered(studies_, number_of(row), load_study);
    }
    Result<StoredSeries> series(SeriesRow row) {
        return remembered(series_, number_of(row), load_series);
    }

private:
    template <typename T>
    Result<T> remembered(std::unordered_map<std::int64_t, T>& known, std::int64_t row,
                         Result<T> (*load)(db::Snapshot&, std::int64_t)) {
        if (const auto found = known.find(row); found != known.end()) return found->second;
        TRY(T loaded, load(snapshot_, row));
        return known.emplace(row, std::move(loaded)).first->second;
    }
    db::Snapshot& snapshot_;
    std::unordered_map<std::int64_t, StoredStudy> studies_;
    std::unordered_map<std::int64_t, StoredSeries> series_;
};

/// The page of a search: its rows in the given order, each loaded by `load`.
template <typename Item, typename Load>
Result<Page<Item>> load_page(db::Snapshot& snapshot, Clause clause, const SearchQuery& query,
                             Level level, std::string_view order, Load load) {
    TRY_VOID(add_conditions(clause, query, level));
    clause.sql += order;
    TRY(const auto rows, find_rows(snapshot, clause, query));
    Page<Item> page{.items = {}, .more = rows.more};
    page.items.reserve(rows.items.size());
    for (const std::int64_t row : rows.items) {
        TRY(Item item, load(row));
        page.items.push_back(std::move(item));
    }
    return page;
}

}  // namespace

Result<Page<StoredStudy>> Catalog::search_studies(db::Snapshot& snapshot,
                                                  const SearchQuery& query) const {
    return load_page<StoredStudy>(
        snapshot, {"SELECT t.id FROM studies t WHERE t.number_of_instances > 0", {}}, query,
        Level::Study, " ORDER BY t.study_date DESC, t.study_time_key DESC, t.id DESC",
        [&](std::int64_t row) { return load_study(snapshot, row); });
}

Result<Page<SeriesHit>> Catalog::search_series(db::Snapshot& snapshot,
                                               const SearchQuery& query) const {
    Parents parents(snapshot);
    return load_page<SeriesHit>(
        snapshot,
        {"SELECT s.id FROM series s JOIN image_sets m ON m.id = s.image_set"
         " JOIN studies t ON t.id = s.study WHERE m.state = 0 AND m.latest_version > 0",
         {}},
        query, Level::Series, " ORDER BY s.id", [&](std::int64_t row) -> Result<SeriesHit> {
            SeriesHit hit;
            TRY(hit.series, parents.series(SeriesRow{row}));
            TRY(hit.study, parents.study(hit.series.study));
            return hit;
        });
}

Result<Page<InstanceHit>> Catalog::search_instances(db::Snapshot& snapshot,
                                                    const SearchQuery& query) const {
    Parents parents(snapshot);
    return load_page<InstanceHit>(
        snapshot,
        {"SELECT i.id FROM instances i JOIN series s ON s.id = i.series"
         " AND s.image_set = i.image_set JOIN image_sets m ON m.id = s.image_set"
         " JOIN studies t ON t.id = s.study WHERE m.state = 0",
         {}},
        query, Level::Instance, " ORDER BY i.id", [&](std::int64_t row) -> Result<InstanceHit> {
            InstanceHit hit;
            TRY(hit.instance, find_instance(snapshot, InstanceRow{row}));
            TRY(hit.series, parents.series(hit.instance.series));
            TRY(hit.study, parents.study(hit.instance.study));
            return hit;
        });
}

}  // namespace larmor::catalog
