// Where a page is in the order of an attribute, and that rows of one value come out of an index
// in the order of hits, whatever else SQLite could do.
#include "index/search/embedded/spans.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

#include "db/sqlite/sqlite_database.h"
#include "dicom/tags.h"
#include "index/search/embedded/embedded_index.h"
#include "index/search/tests/check_given.h"
#include "index/search/tests/folder.h"

namespace larmor::index::search::embedded {

// What made an index before there were indexes of orders.
std::string_view schema_text();
std::string_view instance_kinds_text();

namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::must_be;
using ::testing::Not;

using Value = Clause::Value;

Query query_of(Level level) {
    return {.level = level, .words = {}, .filters = {}, .ranges = {}, .facets = {}, .sort = {}};
}

/// Hits before, then `CT`, `CT..MR` for those between, `-` for those without.
std::vector<std::string> names_of(const Spans& found) {
    const auto name = [](const std::optional<Value>& value) -> std::string {
        if (!value) return "-";
        const auto* const number = std::get_if<std::int64_t>(&*value);
        return number != nullptr ? std::to_string(*number) : std::get<std::string>(*value);
    };
    std::vector<std::string> names{std::to_string(found.passed)};
    for (const Span& span : found.spans) {
        names.push_back(name(span.first) + (span.is_of_one() ? "" : ".." + name(span.last)));
    }
    return names;
}

}  // namespace

class SpansTest : public ::testing::Test {
protected:
    SpansTest() {
        must_be(open_embedded_index(file()));
        database_ = must_be(db::sqlite::open_sqlite({.path = file()}));
    }
    std::filesystem::path file() const { return folder_.path() / "search.sqlite"; }

    void run(const std::string& sql) {
        const auto done = database_->write_and_wait(
            [&](db::Transaction& tx) { return tx.run_script(sql + ';'); });
        if (!done) throw std::runtime_error(sql + ": " + done.error().message);
    }
    /// Image sets with these values of an attribute, as SQL has them, in the order of UIDs.
    void put_sets(const std::string& keyword, const std::vector<std::string>& values) {
        for (const auto& value : values) {
            const auto number = std::to_string(++sets_);
            run("INSERT INTO image_sets (datastore_id, image_set_id, epoch, sequence, version,"
                " is_deleted, is_shown, instances, \"StudyInstanceUID\", \"SeriesInstanceUID\","
                " \"" +
                keyword + "\") VALUES ('d', '" + number + "', 1, 1, 1, 0, 1, 2, '1." + number +
                "', '1." + number + ".1', " + value + ")");
        }
    }
    Spans spans(const Order& order, std::size_t offset, std::size_t end) {
        const Query query = query_of(Level::Series);
        const Matching matching(query);
        return must_be(database_->read([&](db::Snapshot& snapshot) {
            return find_spans(snapshot, matching, order, offset, end);
        }));
    }
    std::string plan(const Query& query, const Order& order, const Span& span) {
        const Matching matching(query);
        return must_be(database_->read([&](db::Snapshot& snapshot) -> Result<std::string> {
            Clause clause;
            clause.sql = "EXPLAIN QUERY PLAN SELECT s.id, s.instances, s.\"PatientName\" ";
            TRY_VOID(append_rows(clause, snapshot, matching, order, span));
            TRY(db::Query rows, clause.prepare(snapshot));
            std::string steps;
            for (;;) {
                TRY(const bool row, rows.next());
                if (!row) return steps;
                steps += rows.string(3) + '\n';
            }
        }));
    }

    const testing::Folder folder_;
    std::unique_ptr<db::Database> database_;
    int sets_ = 0;
};

TEST_F(SpansTest, APageIsInTheValuesThatItsHitsHaveInBothDirections) {
    put_sets("Modality", {"'CT'", "'CT'", "'CT'", "NULL", "'MR'", "'MR'", "'PT'", "'US'",
                          "NULL", "NULL", "'US'", "''"});
    Order order{.column = "s.\"Modality\""};
    // "", CT CT CT, MR MR, PT, US US, and three without.
    EXPECT_THAT(names_of(spans(order, 0, 1)), ElementsAre("0", ""));
    EXPECT_THAT(names_of(spans(order, 1, 3)), ElementsAre("1", "CT"));
    EXPECT_THAT(names_of(spans(order, 3, 5)), ElementsAre("1", "CT", "MR"));
    EXPECT_THAT(names_of(spans(order, 4, 8)), ElementsAre("4", "MR", "PT", "US"));
    EXPECT_THAT(names_of(spans(order, 2, 8)), ElementsAre("1", "CT", "MR..PT", "US"));
    EXPECT_THAT(names_of(spans(order, 8, 100)), ElementsAre("7", "US", "-"));
    EXPECT_THAT(names_of(spans(order, 11, 12)), ElementsAre("9", "-"));
    EXPECT_THAT(spans(order, 12, 20).spans, IsEmpty());
    order.is_descending = true;
    EXPECT_THAT(names_of(spans(order, 0, 2)), ElementsAre("0", "US"));
    EXPECT_THAT(names_of(spans(order, 1, 6)), ElementsAre("0", "US", "PT..MR", "CT"));
    EXPECT_THAT(names_of(spans(order, 8, 10)), ElementsAre("8", "", "-"));
    // Two instances each.
    order.hits = "s.instances";
    EXPECT_THAT(names_of(spans(order, 4, 6)), ElementsAre("4", "PT"));
}

TEST_F(SpansTest, NumbersAreInTheOrderOfNumbers) {
    put_sets("SeriesNumber", {"10", "9", "-3", "NULL"});
    const Order order{.column = "s.\"SeriesNumber\"", .is_number = true};
    EXPECT_THAT(names_of(spans(order, 0, 4)), ElementsAre("0", "-3", "9..10", "-"));
}

TEST_F(SpansTest, ImageSetsOfOneValueComeOutOfAnIndexInTheOrderOfHits) {
    for (const Field& field : fields_of_sets()) {
        // They have indexes of their own, with few image sets of each.
        if (field.tag == dicom::tags::SeriesInstanceUID ||
            field.tag == dicom::tags::StudyDate) {
            continue;
        }
        SCOPED_TRACE(field.keyword);
        Query query = query_of(Level::Series);
        query.filters.push_back({&known_field(dicom::tags::Modality), {"CT"}});
        query.filters.push_back({&known_field(dicom::tags::PatientID), {"1"}});
        const Order order{.column = column("s", field),
                          .is_number = field.kind == FieldKind::Number};
        const Value value = order.is_number ? Value(std::int64_t{1}) : Value(std::string("1"));
        for (const Span& span : {Span{value, value}, Span{}}) {
            const std::string steps = plan(query, order, span);
            EXPECT_THAT(steps, HasSubstr("SEARCH s USING INDEX image_sets_by_"));
            EXPECT_THAT(steps, HasSubstr(std::string(field.keyword) + "=?"));
            EXPECT_THAT(steps, Not(HasSubstr("TEMP B-TREE")));
        }
    }
}

TEST_F(SpansTest, FewKindsOfOneValueAreSortedAndForManyImageSetsAreWalkedInTheirOrder) {
    run("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i <= " +
        std::to_string(kSortedKindsMax) +
        ") INSERT INTO instance_kinds (image_set, position, instances, \"Rows\", first_number)"
        " SELECT i, 1, 1, 512, 1 FROM n; INSERT INTO instance_kinds (image_set, position,"
        " instances, \"Rows\", first_number) VALUES (1, 2, 1, 64, 2)");
    Query query = query_of(Level::Instance);
    query.filters.push_back({&known_field(dicom::tags::SOPClassUID), {"1.2"}});
    for (const std::string name : {"Rows", "first_number"}) {
        const Order order{.column = "k.\"" + name + '"',
                          .is_number = true,
                          .is_of_kinds = true,
                          .reads_kinds = true};
        const bool is_of_rows = name == "Rows";
        const Value many = std::int64_t{is_of_rows ? 512 : 1};
        const Value few = std::int64_t{is_of_rows ? 64 : 2};
        EXPECT_THAT(plan(query, order, {many, many}),
                    AllOf(HasSubstr("SCAN s USING INDEX image_sets_by_study\nSEARCH k USING "
                                    "PRIMARY KEY (image_set=?)"),
                          Not(HasSubstr("TEMP B-TREE"))));
        for (const Span& span : {Span{few, few}, Span{few, many}}) {
            EXPECT_THAT(plan(query, order, span),
                        AllOf(HasSubstr("SEARCH k USING INDEX instance_kinds_by_"),
                              HasSubstr('(' + name), HasSubstr("SEARCH s USING INTEGER")));
        }
    }
}

TEST(SearchOrders, AnIndexOfBeforeGetsThem) {
    const testing::Folder folder;
    const auto file = folder.path() / "search.sqlite";
    {
        const std::array migrations = {
            db::Migration{
                .name = "20261130T120000_search_tables", .sql = schema_text(), .postgres = {}},
            db::Migration{.name = "20261130T170000_instance_kinds",
                          .sql = instance_kinds_text(),
                          .postgres = {}}};
        const std::array sets = {
            db::MigrationSet{.module = "index_search", .migrations = migrations}};
        const auto migrated = must_be(db::sqlite::open_sqlite({.path = file}))->migrate(sets);
        ASSERT_TRUE(migrated) << migrated.error().message;
    }
    must_be(open_embedded_index(file));
    const auto database = must_be(db::sqlite::open_sqlite({.path = file}));
    const auto indexes = must_be(database->read([](db::Snapshot& snapshot) {
        return snapshot
            .prepare(
                "SELECT count(*) FROM sqlite_schema WHERE name LIKE "
                "'image_sets_by_%' OR name LIKE 'instance_kinds_by_%'")
            .and_then([](db::Query rows) -> Result<std::int64_t> {
                TRY_VOID(rows.next());
                return rows.int64(0);
            });
    }));
    EXPECT_EQ(indexes, 22 + 6);
}

}  // namespace larmor::index::search::embedded
