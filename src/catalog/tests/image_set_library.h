#pragma once
#include <string>
#include <vector>

#include "catalog/image_set_statement.h"
#include "catalog/tests/catalog_library.h"

namespace larmor::catalog::testing {

/// A library of image sets, and what SearchImageSets finds in it.
class ImageSetLibrary : public CatalogTest {
protected:
    /// An image set of its own: the study, the series and the instance have numbers.
    void store(const std::string& study, const std::string& patient, const std::string& date,
               const std::string& time, const std::string& series = ".1") {
        InstanceRecord made =
            record("1.2." + study, "1.2." + study + series, "1.2." + study + series + ".1");
        made.patient.patient_id = patient;
        made.study.study_date = date;
        made.study.study_time = time;
        made.study.accession_number = "A" + study;
        made.study.study_id = "S" + study;
        insert(made);
        clock_.advance(std::chrono::seconds(1));
    }
    Page<ImageSetHit> search(const ImageSetQuery& query) {
        return read([&](db::Snapshot& s) -> Result<Page<ImageSetHit>> {
            Page<ImageSetHit> page;
            TRY(page.more, catalog_->search_image_sets(s, query, [&](const ImageSetHit& hit) {
                page.items.push_back(hit);
            }));
            return page;
        });
    }
    /// What a page is made of, with one more than it.
    std::vector<std::int64_t> rows_of(const ImageSetQuery& query, FirstRows first) {
        return read([&](db::Snapshot& snapshot) -> Result<std::vector<std::int64_t>> {
            const Clause clause = image_set_statement(query, snapshot.dialect(), first);
            TRY(db::Query rows, snapshot.prepare(clause.sql));
            bind(rows, clause);
            std::vector<std::int64_t> found;
            for (;;) {
                TRY(const bool row, rows.next());
                if (!row) return found;
                found.push_back(rows.int64(0));
            }
        });
    }
    static void bind(db::Query& rows, const Clause& clause) {
        for (std::size_t i = 0; i < clause.values.size(); ++i) {
            std::visit([&](const auto& value) { rows.bind_at(static_cast<int>(i) + 1, value); },
                       clause.values[i]);
        }
    }
};

}  // namespace larmor::catalog::testing
