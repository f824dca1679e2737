#include "catalog/catalog.h"
#include "catalog/image_set_statement.h"
#include "catalog/read_rows.h"

namespace larmor::catalog {
namespace {

ImageSetHit read_hit(const db::Query& query) {
    ImageSetHit hit;
    hit.image_set = read_image_set(query);
    hit.study.study_instance_uid = query.string(11);
    hit.study.study_date = query.string(12);
    hit.study.study_time = query.string(13);
    hit.study.accession_number = query.string(14);
    hit.study.study_id = query.string(15);
    hit.study.study_description = query.string(16);
    hit.patient.patient_id = query.string(17);
    hit.patient.patient_name = query.string(18);
    hit.patient.patient_birth_date = query.string(19);
    hit.patient.patient_sex = query.string(20);
    hit.number_of_study_related_series = query.int64(21);
    hit.number_of_study_related_instances = query.int64(22);
    hit.series.series_instance_uid = query.string(23);
    hit.series.modality = query.string(24);
    hit.series.series_number = query.optional_int64(25);
    hit.series.body_part_examined = query.string(26);
    return hit;
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
        const Clause clause = count_first_rows(query, first, kFewRows);
        TRY(db::Query rows, snapshot.prepare(clause.sql));
        bind_values(rows, clause);
        TRY_VOID(rows.next());
        if (rows.int64(0) < kFewRows) return first;
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

Result<Page<ImageSetHit>> Catalog::search_image_sets(db::Snapshot& snapshot,
                                                     const ImageSetQuery& query) const {
    TRY(const FirstRows first, choose_first_rows(snapshot, query));
    const Clause clause = image_set_statement(query, snapshot.dialect(), first);
    TRY(db::Query rows, snapshot.prepare(clause.sql));
    bind_values(rows, clause);
    Page<ImageSetHit> page;
    for (;;) {
        TRY(const bool found, rows.next());
        if (!found) return page;
        if (page.items.size() == query.limit) {
            page.more = true;
            return page;
        }
        page.items.push_back(read_hit(rows));
    }
}

}  // namespace larmor::catalog
