#include "catalog/search_statement.h"
#include "catalog/tests/catalog_library.h"

namespace larmor::catalog {
namespace {

using testing::CatalogTest;
using testing::must;
using A = Attribute;
using Keys = std::initializer_list<std::pair<A, std::string_view>>;

/// What SQLite says it will do, a step a line: at a million instances the plan decides.
class SearchPlan : public CatalogTest {
protected:
    std::string plan(Level level, Keys keys, MatchingOptions options = {}) {
        SearchQuery search;
        search.combine_dates_and_times = true;
        for (const auto& [attribute, value] : keys) {
            search.conditions.push_back(
                must(parse_condition(attribute, value, options)).value());
        }
        const Clause clause = must(search_statement(search, level, db::Dialect::Sqlite));
        return read([&](db::Snapshot& snapshot) -> Result<std::string> {
            TRY(db::Query query, snapshot.prepare("EXPLAIN QUERY PLAN " + clause.sql));
            for (std::size_t i = 0; i < clause.values.size(); ++i) {
                std::visit(
                    [&](const auto& value) { query.bind_at(static_cast<int>(i) + 1, value); },
                    clause.values[i]);
            }
            std::string steps;
            for (;;) {
                TRY(const bool row, query.next());
                if (!row) return steps;
                steps += query.string(3) + '\n';
            }
        });
    }
    static bool sorts(std::string_view plan) {
        return plan.find("TEMP B-TREE FOR ORDER BY") != std::string_view::npos;
    }
    /// Reads a whole table, or a whole index of it, where not even the order needs that.
    static bool scans(std::string_view plan) {
        return plan.find("SCAN ") != std::string_view::npos;
    }
};

TEST_P(SearchPlan, TheListOfStudiesAndItsDatesAreReadInTheirOrder) {
    const auto all = plan(Level::Study, {});
    EXPECT_NE(all.find("SCAN t USING INDEX studies_latest"), std::string::npos) << all;
    EXPECT_FALSE(sorts(all)) << all;
    for (const auto& keys :
         {Keys{{A::StudyDate, "20240101-20240131"}}, Keys{{A::StudyDate, "20240101"}},
          Keys{{A::StudyDate, "20240101-20240131"}, {A::StudyTime, "1000-1200"}}}) {
        const auto dates = plan(Level::Study, keys);
        EXPECT_NE(dates.find("SEARCH t USING INDEX studies_latest"), std::string::npos)
            << dates;
        EXPECT_FALSE(sorts(dates)) << dates;
    }
}

TEST_P(SearchPlan, AModalityIsReadInTheOrderOfResults) {
    for (const auto& keys :
         {Keys{{A::ModalitiesInStudy, "MR"}},
          Keys{{A::ModalitiesInStudy, "MR"}, {A::StudyDate, "20240101-20240131"}}}) {
        const auto steps = plan(Level::Study, keys);
        EXPECT_NE(steps.find("SEARCH z USING PRIMARY KEY (modality=?"), std::string::npos)
            << steps;
        EXPECT_NE(steps.find("SEARCH x USING INDEX sqlite_autoindex_series_1 (study=?)"),
                  std::string::npos)
            << steps;
        EXPECT_FALSE(scans(steps)) << steps;
        EXPECT_FALSE(sorts(steps)) << steps;
    }
    const auto several = plan(Level::Study, {{A::ModalitiesInStudy, "MR,CT"}});
    EXPECT_NE(several.find("study_modalities_study (study=? AND modality=?"), std::string::npos)
        << several;
}

TEST_P(SearchPlan, NamesIdentifiersAndTheirBeginningsAreLookedUp) {
    for (const auto& keys :
         {Keys{{A::PatientName, "Doe^Jane"}}, Keys{{A::PatientName, "doe*"}},
          Keys{{A::PatientName, "doe*"}, {A::StudyDate, "20240101-"}},
          Keys{{A::ReferringPhysicianName, "House*"}}, Keys{{A::PatientID, "17"}},
          Keys{{A::PatientID, "17*"}}, Keys{{A::AccessionNumber, "A1?"}},
          Keys{{A::StudyInstanceUID, "1.2,1.3"}}}) {
        for (const Level level : {Level::Study, Level::Series, Level::Instance}) {
            const auto steps = plan(level, keys);
            EXPECT_FALSE(scans(steps)) << keys.begin()->second << '\n' << steps;
        }
    }
    const auto words =
        plan(Level::Study, {{A::PatientName, "jane doe"}}, {.fuzzy_names = true});
    EXPECT_NE(words.find("SEARCH w USING PRIMARY KEY (attribute=? AND word>? AND word<?)"),
              std::string::npos)
        << words;
    EXPECT_FALSE(scans(words)) << words;
}

TEST_P(SearchPlan, SeriesAndInstancesAreFoundFromWhatIsRare) {
    for (const auto& keys :
         {Keys{{A::SeriesInstanceUID, "1.2"}}, Keys{{A::ScheduledProcedureStepID, "SPS1"}},
          Keys{{A::RequestedProcedureID, "RP*"}}, Keys{{A::Modality, "SR"}},
          Keys{{A::PerformedProcedureStepStartDate, "20240101-20240102"}},
          Keys{{A::StudyDate, "20240101"}, {A::Modality, "CT"}}}) {
        for (const Level level : {Level::Series, Level::Instance}) {
            const auto steps = plan(level, keys);
            EXPECT_FALSE(scans(steps)) << keys.begin()->second << '\n' << steps;
        }
    }
    EXPECT_FALSE(scans(plan(Level::Instance, {{A::SOPInstanceUID, "1.2"}})));
    const auto within =
        plan(Level::Instance, {{A::StudyDate, "20240101"}, {A::Modality, "CT"}});
    EXPECT_NE(within.find("SEARCH s USING INDEX sqlite_autoindex_series_1 (study=?)"),
              std::string::npos)
        << within;
}

TEST_P(SearchPlan, StudyModalitiesFollowsSeriesAndStudies) {
    insert(record("1.1", "1.1.1", "1.1.1.1"));
    insert(record("1.1", "1.1.2", "1.1.2.1"));
    const auto rows = [&] {
        return read([](db::Snapshot& snapshot) -> Result<std::string> {
            TRY(db::Query query, snapshot.prepare("SELECT modality, study_date, study_time_key"
                                                  " FROM study_modalities"));
            std::string all;
            for (;;) {
                TRY(const bool row, query.next());
                if (!row) return all;
                all += query.string(0) + ' ' + query.string(1) + ' ' + query.string(2) + '\n';
            }
        });
    };
    EXPECT_EQ(rows(), "CT 20260102 101500.000000\n");
    const auto run = [&](std::string_view sql) {
        must(database_->write_and_wait(
            [&](db::Transaction& tx) { return tx.run_script(std::string(sql)); }));
    };
    run("UPDATE studies SET study_date = '20250101'");
    run("UPDATE series SET modality = 'MR' WHERE series_instance_uid = '1.1.2'");
    EXPECT_EQ(rows(), "CT 20250101 101500.000000\nMR 20250101 101500.000000\n");
}

// The plans are SQLite's.
INSTANTIATE_TEST_SUITE_P(Drivers, SearchPlan, ::testing::Values(db::Dialect::Sqlite),
                         db::testing::name_of_driver);

}  // namespace
}  // namespace larmor::catalog
