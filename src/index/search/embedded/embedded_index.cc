#include "index/search/embedded/embedded_index.h"

#include <algorithm>
#include <array>

#include "db/sqlite/sqlite_database.h"
#include "index/search/embedded/compare.h"
#include "index/search/embedded/find.h"
#include "index/search/embedded/write_set.h"

namespace larmor::index::search::embedded {

std::string_view schema_text();
std::string_view instance_kinds_text();
std::string_view orders_text();

namespace {

class Embedded final : public SearchIndex {
public:
    Embedded(std::unique_ptr<db::Database> database, Levels levels)
        : SearchIndex(levels), database_(std::move(database)) {}

    Result<bool> has_applied(std::string_view datastore_id, std::string_view image_set_id,
                             std::int64_t version) override {
        return database_->read([&](db::Snapshot& snapshot) -> Result<bool> {
            TRY(db::Query query,
                snapshot.prepare("SELECT 1 FROM image_sets WHERE datastore_id = ?1"
                                 " AND image_set_id = ?2 AND version >= ?3"));
            query.bind(datastore_id, image_set_id, version);
            return query.next();
        });
    }

    Result<Applied> apply(const ImageSetDocument& document) override {
        TRY_VOID(check_wanted(document));
        // Words are cut before the one writer is taken.
        const SetRow row = make_set_row(document);
        return database_->write_and_wait([&](db::Transaction& tx) {
            tx.on_commit([this] { facets_.note_change(); });
            return write_set(tx, document, row);
        });
    }

    Result<Answer> search(const Query& query) override {
        const std::uint64_t changes = facets_.changes();
        return database_->read(
            [&](db::Snapshot& snapshot) { return find(snapshot, query, facets_, changes); });
    }

    Result<std::vector<std::string>> list_studies(std::string_view after,
                                                  std::size_t limit) override {
        return database_->read([&](db::Snapshot& snapshot) {
            return embedded::list_studies(snapshot, after, limit);
        });
    }
    Result<std::vector<Drift>> compare(std::span<const StudyDocuments> studies) override {
        for (const auto& study : studies) TRY_VOID(check_wanted(study));
        TRY(auto drift, database_->read([&](db::Snapshot& snapshot) {
            return embedded::compare(snapshot, studies);
        }));
        const bool has_rest = std::ranges::any_of(studies, [](const StudyDocuments& study) {
            return study.study_instance_uid.empty();
        });
        if (!has_rest) return drift;
        TRY(const bool words_are_good, database_->write_and_wait(check_words));
        if (!words_are_good) {
            drift.push_back({.study_instance_uid = "", .table = "words_index", .different = 1});
        }
        return drift;
    }
    Result<Applied> repair(const StudyDocuments& study) override {
        TRY_VOID(check_wanted(study));
        return database_->write_and_wait([&](db::Transaction& tx) {
            tx.on_commit([this] { facets_.note_change(); });
            return embedded::repair(tx, study);
        });
    }

    Result<bool> needs_rebuild() override {
        return database_->read([](db::Snapshot& snapshot) -> Result<bool> {
            TRY(db::Query query, snapshot.prepare("SELECT 1 FROM state WHERE is_filled = 0"));
            return query.next();
        });
    }
    Result<void> note_rebuild() override {
        return database_->write_and_wait([](db::Transaction& tx) -> Result<void> {
            TRY_VOID(tx.run("UPDATE state SET is_filled = 1"));
            return {};
        });
    }

private:
    Result<void> check_wanted(const ImageSetDocument& document) const {
        if (document.wanted == wanted_of_levels()) return {};
        return fail(ErrorCode::Conflict, "the document has other attributes than wanted");
    }
    Result<void> check_wanted(const StudyDocuments& study) const {
        for (const auto& document : study.image_sets) TRY_VOID(check_wanted(document));
        return {};
    }

    FacetCache facets_;
    // Its writer, which notes changes, ends before.
    const std::unique_ptr<db::Database> database_;
};

}  // namespace

Result<std::unique_ptr<SearchIndex>> open_embedded_index(std::filesystem::path file,
                                                         Levels levels) {
    const std::array migrations = {
        db::Migration{
            .name = "20261130T120000_search_tables", .sql = schema_text(), .postgres = {}},
        db::Migration{.name = "20261130T170000_instance_kinds",
                      .sql = instance_kinds_text(),
                      .postgres = {}},
        db::Migration{.name = "20261130T210000_orders", .sql = orders_text(), .postgres = {}}};
    const std::array sets = {
        db::MigrationSet{.module = "index_search", .migrations = migrations}};
    TRY(auto database, db::sqlite::open_sqlite({.path = std::move(file)}));
    TRY_VOID(database->migrate(sets));
    return std::make_unique<Embedded>(std::move(database), levels);
}

}  // namespace larmor::index::search::embedded
