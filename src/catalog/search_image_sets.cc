#include "catalog/catalog.h"
#include "catalog/image_set_statement.h"
#include "catalog/read_rows.h"

namespace larmor::catalog {
namespace {

/// Into the memory of the hit before: a page has some thousand texts.
void read_hit(const db::Query& query, ImageSetHit& hit) {
    hit.image_set = read_image_set(query);
    hit.study.study_instance_uid = query.text(11);
    hit.study.study_date = query.text(12);
    hit.study.study_time = query.text(13);
    hit.study.accession_number = query.text(14);
    hit.study.study_id = query.text(15);
    hit.study.study_description = query.text(16);
    hit.patient.patient_id = query.text(17);
    hit.patient.patient_name = query.text(18);
    hit.patient.patient_birth_date = query.text(19);
    hit.patient.patient_sex = query.text(20);
    hit.number_of_study_related_series = query.int64(21);
    hit.number_of_study_related_instances = query.int64(22);
    hit.series.series_instance_uid = query.text(23);
    hit.series.modality = query.text(24);
    hit.series.series_number = query.optional_int64(25);
    hit.series.body_part_examined = query.text(26);
}

/// So many are read and sorted in less time than it takes to come to a page in any order.
constexpr std::int64_t kFewRows = 1000;

void bind_values(db::Query& rows, const Clause& clause) {
    for (std::size_t i = 0; i < clause.values.size(); ++i) {
        std::visit([&](const auto& value) { rows.bind_at(static_cast<int>(i) + 1, value); },
                   clause.values[i]);
    }
}

/// A library knows how its rows are spread by counting; PostgreSQL by its statistics.
Result<FirstRows> choose_first_rows(db::Snapshot& snapshot, const ImageSetQuery& query) {
    if (snapshot.dialect() != db::Dialect::Sqlite) return FirstRows::InOrder;
    for (const FirstRows first : narrowing_rows(query)) {
        const Clause clause = find_many_first_rows(query, first, kFewRows);
        TRY(db::Query rows, snapshot.prepare(clause.sql));
        bind_values(rows, clause);
        TRY(const bool are_many, rows.next());
        if (!are_many) return first;
    }
    return FirstRows::InOrder;
}

}  // namespace

ImageSetQuery::Position ImageSetHit::position(ImageSetQuery::Order order) const {
    const auto microseconds = [](Time time) { return time.time_since_epoch().count(); };
    switch (order) {
        case ImageSetQuery::Order::Updated:
            return {microseconds(image_set.updated), image_set.row};
        case ImageSetQuery::Order::Created:
            return {microseconds(image_set.created), image_set.row};
        case ImageSetQuery::Order::StudyDateAndTime:
            break;
    }
    return {0, image_set.row};
}

Result<bool> Catalog::search_image_sets(
    db::Snapshot& snapshot, const ImageSetQuery& query,
    const std::function<void(const ImageSetHit&)>& take) const {
    TRY(const FirstRows first, choose_first_rows(snapshot, query));
    const Clause clause = image_set_statement(query, snapshot.dialect(), first);
    TRY(db::Query rows, snapshot.prepare(clause.sql));
    bind_values(rows, clause);
    ImageSetHit hit;
    for (std::size_t taken = 0;; ++taken) {
        TRY(const bool found, rows.next());
        if (!found) return false;
        if (taken == query.limit) return true;
        read_hit(rows, hit);
        take(hit);
    }
}

}  // namespace larmor::catalog
