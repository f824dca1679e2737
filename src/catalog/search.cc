#include <unordered_map>

#include "catalog/catalog_impl.h"
#include "catalog/read_rows.h"
#include "catalog/search_statement.h"

namespace larmor::catalog {
namespace {

/// Rows of the page and whether there are more.
Result<Page<std::int64_t>> find_rows(db::Snapshot& snapshot, const SearchQuery& search,
                                     Level level) {
    TRY(const Clause clause, search_statement(search, level, snapshot.dialect()));
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

/// The page of a search, each row loaded by `load`.
template <typename Item, typename Load>
Result<Page<Item>> load_page(db::Snapshot& snapshot, const SearchQuery& query, Level level,
                             Load load) {
    TRY(const auto rows, find_rows(snapshot, query, level));
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
    return load_page<StoredStudy>(snapshot, query, Level::Study,
                                  [&](std::int64_t row) { return load_study(snapshot, row); });
}

Result<Page<SeriesHit>> Catalog::search_series(db::Snapshot& snapshot,
                                               const SearchQuery& query) const {
    Parents parents(snapshot);
    return load_page<SeriesHit>(snapshot, query, Level::Series,
                                [&](std::int64_t row) -> Result<SeriesHit> {
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
        snapshot, query, Level::Instance, [&](std::int64_t row) -> Result<InstanceHit> {
            InstanceHit hit;
            TRY(hit.instance, find_instance(snapshot, InstanceRow{row}));
            TRY(hit.series, parents.series(hit.instance.series));
            TRY(hit.study, parents.study(hit.instance.study));
            return hit;
        });
}

}  // namespace larmor::catalog
