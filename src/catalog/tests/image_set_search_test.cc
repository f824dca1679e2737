#include "catalog/tests/image_set_library.h"

namespace larmor::catalog {
namespace {

using testing::must;
using Order = ImageSetQuery::Order;
using Direction = ImageSetQuery::Direction;

class ImageSetSearch : public testing::ImageSetLibrary {
protected:
    /// Series Instance UIDs without their beginning, in the order of the page.
    std::vector<std::string> found(const ImageSetQuery& query) {
        const auto page = search(query);
        std::vector<std::string> names;
        for (const auto& hit : page.items) {
            names.push_back(hit.series.series_instance_uid.substr(4));
        }
        return names;
    }
    /// Of what finds the rows of the page, without what reads them afterwards.
    std::string plan(const ImageSetQuery& query, FirstRows first = FirstRows::InOrder) {
        const Clause clause = image_set_statement(query, db::Dialect::Sqlite, first);
        return read([&](db::Snapshot& snapshot) -> Result<std::string> {
            TRY(db::Query rows, snapshot.prepare("EXPLAIN QUERY PLAN " + clause.sql));
            bind(rows, clause);
            TRY_VOID(rows.next());
            EXPECT_EQ(rows.string(3), "CO-ROUTINE p");
            std::string steps;
            for (;;) {
                TRY(const bool row, rows.next());
                if (!row || rows.string(3) == "SCAN p") return steps;
                steps += rows.string(3) + '\n';
            }
        });
    }
    using Names = std::vector<std::string>;
};

TEST_P(ImageSetSearch, MatchesEachAttributeExactly) {
    store("1", "P1", "20240101", "080000");
    store("2", "P2", "20240102", "090000");
    store("2", "P2", "20240102", "090000", ".2");
    EXPECT_EQ(found({}), (Names{"2.2", "2.1", "1.1"})) << "latest first";
    EXPECT_EQ(found({.patient_id = "P1"}), Names{"1.1"});
    EXPECT_EQ(found({.patient_id = "P"}), Names{});
    EXPECT_EQ(found({.accession_number = "A2"}), (Names{"2.2", "2.1"}));
    EXPECT_EQ(found({.study_id = "S1"}), Names{"1.1"});
    EXPECT_EQ(found({.study_instance_uid = "1.2.2"}), (Names{"2.2", "2.1"}));
    EXPECT_EQ(found({.series_instance_uid = "1.2.2.2"}), Names{"2.2"});
    EXPECT_EQ(found({.patient_id = "P2", .series_instance_uid = "1.2.1.1"}), Names{});
}

TEST_P(ImageSetSearch, AHitHasItsStudyAndItsSeries) {
    store("1", "P1", "20240101", "080000");
    store("1", "P1", "20240101", "080000", ".2");
    const auto page = search({.series_instance_uid = "1.2.1.1"});
    ASSERT_EQ(page.items.size(), 1U);
    const ImageSetHit& hit = page.items.front();
    EXPECT_EQ(hit.patient.patient_name, "Doe^Jane");
    EXPECT_EQ(hit.study.study_description, "Head");
    EXPECT_EQ(hit.series.modality, "CT");
    EXPECT_EQ(hit.series.series_number, 3);
    EXPECT_EQ(hit.number_of_study_related_series, 2);
    EXPECT_EQ(hit.number_of_study_related_instances, 2);
    EXPECT_EQ(hit.image_set.latest_version, 1);
}

TEST_P(ImageSetSearch, BothEndsOfATimeCount) {
    const Time first = clock_.now();
    store("1", "P1", "20240101", "080000");
    const Time second = clock_.now();
    store("2", "P1", "20240101", "080000");
    store("3", "P1", "20240101", "080000");
    EXPECT_EQ(found({.created = {.from = second}}), (Names{"3.1", "2.1"}));
    EXPECT_EQ(found({.created = {.to = second}}), (Names{"2.1", "1.1"}));
    EXPECT_EQ(found({.updated = {.from = first, .to = first}}), Names{"1.1"});
}

TEST_P(ImageSetSearch, AMomentWithoutATimeIsTheWholeDay) {
    store("1", "P1", "20240101", "235959.999999");
    store("2", "P1", "20240102", "101530");
    store("3", "P1", "20240103", "");
    store("4", "P1", "", "");
    const auto between = [&](ImageSetQuery::Moment from, ImageSetQuery::Moment to) {
        return found({.studied_from = std::move(from),
                      .studied_to = std::move(to),
                      .order = Order::StudyDateAndTime,
                      .direction = Direction::Ascending});
    };
    EXPECT_EQ(between({"20240101", ""}, {"20240101", ""}), Names{"1.1"});
    EXPECT_EQ(between({"20240101", ""}, {"20240103", ""}), (Names{"1.1", "2.1", "3.1"}));
    EXPECT_EQ(between({"20240102", "1015"}, {"20240102", "1015"}), Names{"2.1"})
        << "a shortened time is all moments that begin so";
    EXPECT_EQ(between({"20240102", "101531"}, {"20240103", ""}), Names{"3.1"});
    EXPECT_EQ(found({.studied_to = ImageSetQuery::Moment{"20240101", ""}}), Names{"1.1"})
        << "what has no date is in no range";
}

TEST_P(ImageSetSearch, PagesHaveEachImageSetOnceInEveryOrder) {
    for (int study = 1; study <= 9; ++study) {
        // Three studies share each moment, so that rows decide between them.
        store(std::to_string(study), "P1", "2024010" + std::to_string(study % 3 + 1), "0800");
    }
    for (const Order order : {Order::Updated, Order::Created, Order::StudyDateAndTime}) {
        for (const Direction direction : {Direction::Ascending, Direction::Descending}) {
            ImageSetQuery query{.order = order, .direction = direction, .limit = 20};
            const auto whole = found(query);
            ASSERT_EQ(whole.size(), 9U);
            query.limit = 2;
            Names paged;
            for (;;) {
                const auto page = search(query);
                for (const auto& hit : page.items) {
                    paged.push_back(hit.series.series_instance_uid.substr(4));
                }
                if (!page.more) break;
                query.after = page.items.back().position(order);
            }
            EXPECT_EQ(paged, whole);
        }
    }
}

// Which rows come first is by how many there are: with few, as here, never those of the order.
TEST_P(ImageSetSearch, APageIsTheSameWhicheverRowsAreLookedAtFirst) {
    std::vector<Time> stored;
    for (int study = 1; study <= 9; ++study) {
        stored.push_back(clock_.now());
        store(std::to_string(study), "P1", "2024010" + std::to_string(study % 3 + 1), "0800");
        if (study % 3 != 0) continue;
        InstanceRecord other = record("1.2.1", "1.2.1.1", "1.2.1.1." + std::to_string(study));
        other.patient.patient_id = "P1";
        insert(other, Placement::NonPrimary);
    }
    const ImageSetQuery::Times middle{.from = stored[1], .to = stored[7]};
    for (const Order order : {Order::Updated, Order::Created, Order::StudyDateAndTime}) {
        ImageSetQuery query{.created = middle,
                            .updated = middle,
                            .studied_from = ImageSetQuery::Moment{"20240102", ""},
                            .studied_to = ImageSetQuery::Moment{"20240103", ""},
                            .order = order,
                            .limit = 3};
        const auto first_page = search(query);
        ASSERT_TRUE(first_page.more);
        query.after = first_page.items.front().position(order);
        for (const auto is_primary : {std::optional<bool>(), std::optional(true)}) {
            query.is_primary = is_primary;
            const auto expected = rows_of(query, FirstRows::InOrder);
            ASSERT_FALSE(expected.empty());
            for (const FirstRows first : narrowing_rows(query)) {
                EXPECT_EQ(rows_of(query, first), expected);
            }
        }
    }
    ImageSetQuery conflicts{.is_primary = false};
    EXPECT_EQ(rows_of(conflicts, FirstRows::NotPrimary),
              rows_of(conflicts, FirstRows::InOrder));
    EXPECT_EQ(rows_of(conflicts, FirstRows::NotPrimary).size(), 1U);
}

TEST_P(ImageSetSearch, ADeletedImageSetIsNotFoundAndAConflictIsNotPrimary) {
    store("1", "P1", "20240101", "0800");
    InstanceRecord other = record("1.2.1", "1.2.1.1", "1.2.1.1.1");
    other.patient.patient_id = "P1";
    insert(other, Placement::NonPrimary);
    EXPECT_EQ(search({.patient_id = "P1"}).items.size(), 2U);
    const auto primary = search({.is_primary = true});
    ASSERT_EQ(primary.items.size(), 1U);
    EXPECT_TRUE(primary.items.front().image_set.is_primary);
    const auto others = search({.is_primary = false});
    ASSERT_EQ(others.items.size(), 1U);
    EXPECT_FALSE(others.items.front().image_set.is_primary);

    must(database_->write_and_wait([&](db::Transaction& tx) {
        return catalog_->delete_image_set(tx, others.items.front().image_set.id, "who",
                                          clock_.now() + std::chrono::hours(1));
    }));
    EXPECT_EQ(search({.patient_id = "P1"}).items.size(), 1U);
}

/// What SQLite says that it will do.
class ImageSetPlan : public ImageSetSearch {};

TEST_P(ImageSetPlan, ReadsNoMoreThanItsPageAtAMillionInstances) {
    const auto reads = [&](const ImageSetQuery& query, std::string_view step) {
        const auto steps = plan(query);
        EXPECT_NE(steps.find(step), std::string::npos) << steps;
        EXPECT_EQ(steps.find("TEMP B-TREE FOR ORDER BY"), std::string::npos) << steps;
    };
    reads({}, "SCAN m USING INDEX image_sets_updated");
    reads({.order = Order::Created}, "SCAN m USING INDEX image_sets_created");
    reads({.updated = {.from = clock_.now()}},
          "SEARCH m USING INDEX image_sets_updated (updated>?)");
    reads({.after = ImageSetQuery::Position{7, ImageSetRow{7}}},
          "SEARCH m USING INDEX image_sets_updated");
    reads({.studied_from = ImageSetQuery::Moment{"20240101", ""},
           .order = Order::StudyDateAndTime},
          "SEARCH t USING COVERING INDEX studies_latest ((study_date,study_time_key)>");
    for (const auto& [query, step] :
         std::initializer_list<std::pair<ImageSetQuery, std::string_view>>{
             {{.patient_id = "1"},
              "SEARCH t USING COVERING INDEX studies_patient (patient_id=?)"},
             {{.study_id = "1"}, "SEARCH t USING COVERING INDEX studies_study_id (study_id=?)"},
             {{.series_instance_uid = "1"},
              "SEARCH s USING COVERING INDEX series_uid (series_instance_uid=?)"}}) {
        const auto steps = plan(query);
        EXPECT_NE(steps.find(step), std::string::npos) << steps;
        EXPECT_EQ(steps.find("SCAN "), std::string::npos) << steps;
    }
}

TEST_P(ImageSetPlan, LooksAtFewRowsFirstAndSortsThem) {
    const ImageSetQuery::Times some{.from = clock_.now(), .to = clock_.now()};
    const auto looks_at = [&](const ImageSetQuery& query, FirstRows first,
                              std::string_view step) {
        EXPECT_EQ(narrowing_rows(query), std::vector{first});
        const auto steps = plan(query, first);
        EXPECT_TRUE(steps.starts_with(step)) << steps;
        // Where they are many, along the order instead.
        const auto in_order = plan(query);
        EXPECT_EQ(in_order.find("ORDER BY"), std::string::npos) << in_order;
    };
    looks_at({.created = some}, FirstRows::Created,
             "CO-ROUTINE m\n"
             "SEARCH m USING INDEX image_sets_created (created>? AND created<?)\n"
             "SCAN m\nUSE TEMP B-TREE FOR ORDER BY\n");
    looks_at({.created = some, .after = ImageSetQuery::Position{7, ImageSetRow{7}}},
             FirstRows::Created,
             "CO-ROUTINE m\n"
             "SEARCH m USING INDEX image_sets_created (created>? AND created<?)\n"
             "SCAN m\nUSE TEMP B-TREE FOR ORDER BY\n");
    looks_at({.updated = some, .order = Order::Created}, FirstRows::Updated,
             "CO-ROUTINE m\n"
             "SEARCH m USING INDEX image_sets_updated (updated>? AND updated<?)\n"
             "SCAN m\nUSE TEMP B-TREE FOR ORDER BY\n");
    looks_at({.studied_from = ImageSetQuery::Moment{"20240101", ""}}, FirstRows::Studied,
             "SEARCH t USING COVERING INDEX studies_latest ((study_date,study_time_key)>");
    looks_at({.is_primary = false}, FirstRows::NotPrimary,
             "SCAN m USING INDEX image_sets_not_primary");
}

LARMOR_EACH_DRIVER(ImageSetSearch);
INSTANTIATE_TEST_SUITE_P(Drivers, ImageSetPlan, ::testing::Values(db::Dialect::Sqlite),
                         db::testing::name_of_driver);

}  // namespace
}  // namespace larmor::catalog
