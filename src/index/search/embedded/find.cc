#include "index/search/embedded/find.h"

#include <algorithm>

#include "dicom/tags.h"
#include "index/search/embedded/clause.h"

namespace larmor::index::search::embedded {
namespace {

namespace tags = dicom::tags;

/// Rows of `image_sets s`, or of `studies t` where nothing below a study is asked for, or of
/// both image sets and `instances i`.
class Finding {
public:
    Finding(db::Snapshot& snapshot, const Query& query)
        : snapshot_(snapshot),
          query_(query),
          asks_below_study_(has_words(query) || has_conditions_of(query, Level::Series) ||
                            has_conditions_of(query, Level::Instance)),
          asks_instances_(has_conditions_of(query, Level::Instance)) {}

    Result<Answer> run() {
        TRY_VOID(count());
        if (query_.limit > 0 && answer_.total > 0) TRY_VOID(read_hits());
        for (const auto& [field, values_max] : query_.facets) {
            TRY(auto values, facet(*field, values_max));
            answer_.facets.push_back(std::move(values));
        }
        return std::move(answer_);
    }

private:
    /// `FROM image_sets s ... WHERE ...` of what matches.
    void append_sets(Clause& clause) const {
        clause.sql += "FROM image_sets s WHERE s.is_shown = 1";
        append_set_conditions(clause);
        if (!asks_instances_) return;
        // By the UID's index, or by looking through the instances of each image set.
        if (has_sop_instance_uid(query_)) {
            clause.sql += " AND s.id IN (SELECT i.image_set FROM instances i WHERE 1";
        } else {
            clause.sql += " AND EXISTS (SELECT 1 FROM instances i WHERE i.image_set = s.id";
        }
        append_instance_conditions(clause, query_, "i");
        clause.sql += ')';
    }
    void append_set_conditions(Clause& clause) const {
        append_conditions(clause, query_, "s");
        append_words(clause, query_);
    }
    void append_studies(Clause& clause) const {
        clause.sql += "FROM studies t WHERE 1";
        append_conditions(clause, query_, "t");
    }
    /// Image sets first: they are in the order of the hits, and their conditions leave few.
    void append_instances(Clause& clause) const {
        clause.sql += has_sop_instance_uid(query_)
                          ? "FROM instances i CROSS JOIN image_sets s ON s.id = i.image_set"
                          : "FROM image_sets s CROSS JOIN instances i ON i.image_set = s.id";
        clause.sql += " WHERE s.is_shown = 1";
        append_set_conditions(clause);
        append_instance_conditions(clause, query_, "i");
    }

    Result<void> count() {
        Clause clause;
        const std::string up_to = std::to_string(query_.total_up_to + 1);
        if (query_.level == Level::Study && !asks_below_study_) {
            clause.sql = "SELECT count(*) FROM (SELECT 1 ";
            append_studies(clause);
        } else if (query_.level == Level::Study) {
            clause.sql = "SELECT count(*) FROM (SELECT DISTINCT s.study ";
            append_sets(clause);
        } else if (query_.level == Level::Series) {
            clause.sql = "SELECT count(*) FROM (SELECT 1 ";
            append_sets(clause);
        } else if (asks_instances_) {
            clause.sql = "SELECT count(*) FROM (SELECT 1 ";
            append_instances(clause);
        } else {
            clause.sql = "SELECT coalesce(sum(n), 0) FROM (SELECT s.instances n ";
            append_sets(clause);
        }
        clause.sql += " LIMIT " + up_to + ")";
        TRY(db::Query rows, clause.prepare(snapshot_));
        TRY_VOID(rows.next());
        const auto counted = static_cast<std::size_t>(rows.int64(0));
        answer_.total = std::min(counted, query_.total_up_to);
        answer_.total_is_exact = counted <= query_.total_up_to;
        return {};
    }

    std::string alias_of(const Field& field) const {
        if (field.level == Level::Instance) return "i";
        return query_.level == Level::Study ? "t" : "s";
    }

    /// What is equal in all that is asked for is ordered by UID, so that pages fit together.
    void append_order(Clause& clause) const {
        clause.sql += " ORDER BY ";
        const auto add = [&](const Field& field, bool is_descending) {
            // What is absent comes last; NULL is the least of all values.
            clause.sql += column(alias_of(field), field);
            clause.sql += is_descending ? " DESC, " : " ASC NULLS LAST, ";
        };
        for (const Sort& sort : query_.sort) add(*sort.field, sort.is_descending);
        if (query_.sort.empty()) {
            add(known_field(tags::StudyDate), true);
            add(known_field(tags::StudyTime), true);
        }
        const auto by_uid = [&](dicom::Tag tag) {
            const Field& field = known_field(tag);
            clause.sql += column(alias_of(field), field) + ", ";
        };
        by_uid(tags::StudyInstanceUID);
        if (query_.level >= Level::Series) by_uid(tags::SeriesInstanceUID);
        if (query_.level >= Level::Instance) {
            by_uid(tags::InstanceNumber);
            by_uid(tags::SOPInstanceUID);
        }
        clause.sql.resize(clause.sql.size() - 2);
        clause.sql += " LIMIT " + std::to_string(query_.limit) + " OFFSET " +
                      std::to_string(query_.offset);
    }

    std::vector<const Field*> shown_fields() const {
        std::vector<const Field*> shown;
        for (const Field& field : fields()) {
            if (field.level <= query_.level) shown.push_back(&field);
        }
        return shown;
    }

    /// Studies of which one image set matches.
    void append_matching_studies(Clause& clause) const {
        if (!asks_below_study_) return append_studies(clause);
        // A list of words is made anew for each study that is walked by.
        if (answer_.total_is_exact || has_words(query_)) {
            clause.sql += "FROM studies t WHERE t.id IN (SELECT s.study ";
            append_sets(clause);
        } else {
            // Where many match, the first page is found by walking in its order.
            clause.sql += "FROM studies t WHERE EXISTS (SELECT 1 ";
            append_sets(clause);
            clause.sql += " AND s.study = t.id";
        }
        clause.sql += ')';
    }

    Result<void> read_hits() {
        const auto shown = shown_fields();
        Clause clause;
        clause.sql = query_.level == Level::Study ? "SELECT t.modalities, t.series, t.instances"
                                                  : "SELECT s.image_set_id, 1, s.instances";
        for (const Field* const field : shown) {
            clause.sql += ", " + column(alias_of(*field), *field);
        }
        clause.sql += ' ';
        if (query_.level == Level::Study) append_matching_studies(clause);
        if (query_.level == Level::Series) append_sets(clause);
        if (query_.level == Level::Instance) append_instances(clause);
        append_order(clause);
        TRY(db::Query rows, clause.prepare(snapshot_));
        for (;;) {
            TRY(const bool row, rows.next());
            if (!row) return {};
            answer_.hits.push_back(hit_of(rows, shown));
        }
    }

    Hit hit_of(const db::Query& row, const std::vector<const Field*>& shown) const {
        Hit hit;
        if (query_.level == Level::Study) {
            std::string_view rest = row.text(0);
            while (!rest.empty()) {
                const auto end = std::min(rest.find('\\'), rest.size());
                hit.modalities.emplace_back(rest.substr(0, end));
                rest.remove_prefix(std::min(end + 1, rest.size()));
            }
        } else {
            hit.image_set_id = row.string(0);
        }
        hit.series = row.int64(1);
        hit.instances = row.int64(2);
        int number = 3;
        for (const Field* const field : shown) {
            if (!row.is_null(number)) {
                hit.values.emplace_back(field, field->kind == FieldKind::Number
                                                   ? std::to_string(row.int64(number))
                                                   : row.string(number));
            }
            ++number;
        }
        return hit;
    }

    Result<std::vector<FacetValue>> facet(const Field& field, std::size_t values_max) {
        const bool of_studies =
            query_.level == Level::Study && !asks_below_study_ && field.level <= Level::Study;
        const std::string alias = field.level == Level::Instance ? "i" : of_studies ? "t" : "s";
        const std::string value = column(alias, field);
        Clause clause;
        clause.sql = "SELECT " + value + ", ";
        if (of_studies) {
            clause.sql += "count(*) n ";
            append_studies(clause);
        } else if (query_.level == Level::Study) {
            clause.sql += "count(DISTINCT s.study) n ";
            append_sets(clause);
        } else if (query_.level == Level::Series) {
            clause.sql += "count(*) n ";
            append_sets(clause);
        } else if (asks_instances_ || field.level == Level::Instance) {
            clause.sql += "count(*) n ";
            append_instances(clause);
        } else {
            clause.sql += "sum(s.instances) n ";
            append_sets(clause);
        }
        clause.sql += " AND " + value + " IS NOT NULL GROUP BY 1 ORDER BY n DESC, 1 LIMIT " +
                      std::to_string(values_max);
        TRY(db::Query rows, clause.prepare(snapshot_));
        std::vector<FacetValue> values;
        for (;;) {
            TRY(const bool row, rows.next());
            if (!row) return values;
            values.push_back({rows.string(0), rows.int64(1)});
        }
    }

    db::Snapshot& snapshot_;
    const Query& query_;
    const bool asks_below_study_;
    const bool asks_instances_;
    Answer answer_;
};

}  // namespace

Result<Answer> find(db::Snapshot& snapshot, const Query& query) {
    return Finding(snapshot, query).run();
}

}  // namespace larmor::index::search::embedded
