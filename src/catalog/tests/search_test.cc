#include <random>
#include <set>

#include "catalog/tests/catalog_library.h"

namespace larmor::catalog {
namespace {

using testing::CatalogTest;
using testing::must;

/// PS3.4 section C.2.2.2.4, written the slow and obvious way.
bool matches_wildcard(std::string_view text, std::string_view pattern) {
    if (pattern.empty()) return text.empty();
    if (pattern[0] == '*') {
        return matches_wildcard(text, pattern.substr(1)) ||
               (!text.empty() && matches_wildcard(text.substr(1), pattern));
    }
    return !text.empty() && (pattern[0] == '?' || pattern[0] == text[0]) &&
           matches_wildcard(text.substr(1), pattern.substr(1));
}

class Search : public CatalogTest {
protected:
    SearchQuery query(std::initializer_list<std::pair<Attribute, std::string_view>> keys,
                      MatchingOptions options = {}) {
        SearchQuery result;
        result.limit = 1000;
        for (const auto& [attribute, value] : keys) {
            if (auto condition = must(parse_condition(attribute, value, options))) {
                result.conditions.push_back(*condition);
            }
        }
        return result;
    }
    std::vector<std::string> studies(const SearchQuery& search) {
        std::vector<std::string> uids;
        for (const auto& hit :
             read([&](db::Snapshot& s) { return catalog_->search_studies(s, search); }).items) {
            uids.push_back(hit.study.study_instance_uid);
        }
        return uids;
    }
    std::vector<std::string> series_of(const SearchQuery& search) {
        std::vector<std::string> uids;
        for (const auto& hit :
             read([&](db::Snapshot& s) { return catalog_->search_series(s, search); }).items) {
            EXPECT_EQ(hit.series.study_instance_uid, hit.study.study.study_instance_uid);
            uids.push_back(hit.series.series.series_instance_uid);
        }
        return uids;
    }
    std::vector<std::string> instances(const SearchQuery& search) {
        std::vector<std::string> uids;
        for (const auto& hit : read([&](db::Snapshot& s) {
                                   return catalog_->search_instances(s, search);
                               }).items) {
            uids.push_back(hit.instance.attributes.sop_instance_uid);
        }
        return uids;
    }
};

using Uids = std::vector<std::string>;

TEST_P(Search, AgreesWithBruteForceOnWildcardsAndRanges) {
    // Letters that SQL's LIKE and GLOB would take for their own wildcards are among them.
    std::mt19937 random(20260102);
    const std::string alphabet = "abAB%_[\\";
    const auto pick = [&](std::size_t count) { return random() % count; };
    struct Made {
        std::string uid;
        std::string accession;
        std::string date;
    };
    std::vector<Made> made;
    must(database_->write_and_wait([&](db::Transaction& tx) -> Result<void> {
        for (int i = 0; i < 300; ++i) {
            const std::string uid = "1.9." + std::to_string(i);
            auto one = record(uid, uid + ".1", uid + ".1.1");
            one.study.accession_number.clear();
            for (std::size_t n = pick(5); n > 0; --n) {
                one.study.accession_number += alphabet[pick(alphabet.size())];
            }
            one.study.study_date =
                pick(10) == 0 ? "" : "202601" + std::to_string(10 + pick(20));
            made.push_back({uid, one.study.accession_number, one.study.study_date});
            TRY_VOID(catalog_->insert_instance(tx, one));
        }
        return {};
    }));

    std::size_t hits = 0;
    for (int round = 0; round < 200; ++round) {
        std::string pattern;
        for (std::size_t n = 1 + pick(4); n > 0; --n) {
            pattern += pick(3) == 0   ? '*'
                       : pick(4) == 0 ? '?'
                                      : alphabet[pick(alphabet.size())];
        }
        std::string range;
        if (pick(2) == 0) range = "202601" + std::to_string(10 + pick(20));
        range += '-';
        if (pick(2) == 0 || range.size() == 1)
            range += "202601" + std::to_string(10 + pick(20));
        const auto dash = range.find('-');
        const std::string from = range.substr(0, dash);
        const std::string to = range.substr(dash + 1);

        std::set<std::string> expected;
        for (const auto& study : made) {
            const bool by_name = pattern.find_first_not_of('*') == std::string::npos ||
                                 matches_wildcard(study.accession, pattern);
            const bool by_date = !study.date.empty() && (from.empty() || study.date >= from) &&
                                 (to.empty() || study.date <= to);
            if (by_name && by_date) expected.insert(study.uid);
        }
        const auto found = studies(
            query({{Attribute::AccessionNumber, pattern}, {Attribute::StudyDate, range}}));
        EXPECT_EQ(std::set<std::string>(found.begin(), found.end()), expected)
            << "AccessionNumber=" << pattern << " StudyDate=" << range;
        EXPECT_EQ(found.size(), expected.size());
        hits += expected.size();
    }
    EXPECT_GT(hits, 500U) << "the patterns must find something";
}

TEST_P(Search, ARangeOfDatesAndOneOfTimesAreOneRangeOfMomentsWhereAskedFor) {
    // The example of PS3.4 section C.2.2.2.5: from July 5, 10:00 to July 7, 18:00.
    for (const auto& [uid, date, time] : {std::tuple{"1", "20060705", "0900"},
                                          {"2", "20060705", "1000"},
                                          {"3", "20060706", "0300"},
                                          {"4", "20060707", "1800"},
                                          {"5", "20060707", "1801"},
                                          {"6", "20060706", "1200"},
                                          {"7", "20060706", ""}}) {
        auto one = record(uid, std::string(uid) + ".1", std::string(uid) + ".1.1");
        one.study.study_date = date;
        one.study.study_time = time;
        insert(one);
    }
    const auto found = [&](std::string_view dates, std::string_view times, bool combined) {
        auto search = query({{Attribute::StudyDate, dates}, {Attribute::StudyTime, times}});
        search.combine_dates_and_times = combined;
        auto uids = studies(search);
        std::ranges::sort(uids);
        return uids;
    };
    EXPECT_EQ(found("20060705-20060707", "1000-1800", true), (Uids{"2", "3", "4", "6", "7"}));
    EXPECT_EQ(found("20060705-20060707", "1000-1800", false), (Uids{"2", "4", "6"}));
    EXPECT_EQ(found("20060706-", "0400-", true), (Uids{"4", "5", "6"}));
    EXPECT_EQ(found("-20060705", "-0900", true), (Uids{"1"}));
    // Not both of one form: each for itself.
    EXPECT_EQ(found("20060705-20060707", "1000-", true), (Uids{"2", "4", "5", "6"}));
    EXPECT_EQ(found("20060705-20060707", "18", true), (Uids{"4", "5"}));
    EXPECT_EQ(found("20060706", "0000-0500", true), (Uids{"3"}));
}

TEST_P(Search, OrdersStudiesLatestFirstAndPagesThemStably) {
    const std::array<std::pair<const char*, const char*>, 5> when = {{{"20260101", "1000"},
                                                                      {"20260103", "0900"},
                                                                      {"", ""},
                                                                      {"20260103", "093000.5"},
                                                                      {"20260103", "09"}}};
    for (std::size_t i = 0; i < when.size(); ++i) {
        auto one = record("1." + std::to_string(i), "1.1." + std::to_string(i),
                          "1.1.1." + std::to_string(i));
        one.study.study_date = when[i].first;
        one.study.study_time = when[i].second;
        insert(one);
    }
    const Uids expected = {"1.3", "1.4", "1.1", "1.0", "1.2"};
    EXPECT_EQ(studies(query({})), expected);

    Uids paged;
    for (std::size_t offset = 0; offset < 6; offset += 2) {
        auto search = query({});
        search.limit = 2;
        search.offset = offset;
        const auto page =
            read([&](db::Snapshot& s) { return catalog_->search_studies(s, search); });
        EXPECT_EQ(page.more, offset < 3) << offset;
        for (const auto& hit : page.items) paged.push_back(hit.study.study_instance_uid);
    }
    EXPECT_EQ(paged, expected);
    auto none = query({});
    none.limit = 0;
    EXPECT_TRUE(studies(none).empty());
}

TEST_P(Search, MatchesNamesWithoutRegardToCaseAndByEachGroup) {
    auto japanese = record("1.1", "1.1.1", "1.1.1.1");
    japanese.patient.patient_name = "Yamada^Tarou=山田^太郎=やまだ^たろう";
    insert(japanese);
    auto german = record("1.2", "1.2.1", "1.2.1.1");
    german.patient.patient_name = "Müller^Änne^^Dr.";
    insert(german);
    insert(record("1.3", "1.3.1", "1.3.1.1"));  // Doe^Jane

    const auto by_name = [&](std::string_view name) {
        return studies(query({{Attribute::PatientName, name}}));
    };
    EXPECT_EQ(by_name("DOE^JANE"), Uids{"1.3"});
    EXPECT_EQ(by_name("doe^jane^^"), Uids{"1.3"});
    EXPECT_EQ(by_name("doe"), Uids{});
    EXPECT_EQ(by_name("doe*"), Uids{"1.3"});
    EXPECT_EQ(by_name("MÜLLER^ä*"), Uids{"1.2"});
    EXPECT_EQ(by_name("m?ller*"), Uids{"1.2"});
    EXPECT_EQ(by_name("山田^太郎"), Uids{"1.1"});
    EXPECT_EQ(by_name("山田*"), Uids{"1.1"});
    EXPECT_EQ(by_name("やまだ^たろう"), Uids{"1.1"});
    EXPECT_EQ(by_name("yamada^tarou"), Uids{"1.1"});
    EXPECT_EQ(by_name("*tarou"), Uids{"1.1"});
}

TEST_P(Search, MatchesNamesFuzzilyByTheBeginningsOfWords) {
    auto japanese = record("1.1", "1.1.1", "1.1.1.1");
    japanese.patient.patient_name = "Yamada^Tarou=山田^太郎=やまだ^たろう";
    insert(japanese);
    auto german = record("1.2", "1.2.1", "1.2.1.1");
    german.patient.patient_name = "Müller-Lüdenscheid^Änne Maria^^Dr.";
    german.study.referring_physician_name = "Šimůnek^Jiří";
    insert(german);
    insert(record("1.3", "1.3.1", "1.3.1.1"));  // Doe^Jane, House^Gregory

    const auto fuzzy = [&](Attribute attribute, std::string_view name) {
        auto found = studies(query({{attribute, name}}, {.fuzzy_names = true}));
        std::ranges::sort(found);
        return found;
    };
    for (const auto* name : {"ludenscheid", "LÜDEN", "anne", "Maria^Müll", "mull* ann", "dr",
                             "m?ller", "Ａｎｎｅ"}) {
        EXPECT_EQ(fuzzy(Attribute::PatientName, name), Uids{"1.2"}) << name;
    }
    for (const auto* name : {"tarou yamada", "yama", "太郎", "山田^太", "たろう", "=山田"}) {
        EXPECT_EQ(fuzzy(Attribute::PatientName, name), Uids{"1.1"}) << name;
    }
    for (const auto* name : {"ane", "doe jim", "simunek", "tarouyamada", "だ"}) {
        EXPECT_EQ(fuzzy(Attribute::PatientName, name), Uids{}) << name;
    }
    EXPECT_EQ(fuzzy(Attribute::PatientName, "J^D"), Uids{"1.3"});
    EXPECT_EQ(fuzzy(Attribute::PatientName, "^*"), (Uids{"1.1", "1.2", "1.3"}));
    EXPECT_EQ(fuzzy(Attribute::ReferringPhysicianName, "jiri simu"), Uids{"1.2"});
    EXPECT_EQ(fuzzy(Attribute::ReferringPhysicianName, "greg"), (Uids{"1.1", "1.3"}));
    EXPECT_FALSE(parse_condition(Attribute::PatientName, "a b c d e f g h i j k l m n o p q",
                                 {.fuzzy_names = true}));
}

TEST_P(Search, TheWordsOfOlderStudiesAreAddedWhenTheCatalogIsOpened) {
    insert(record("1.3", "1.3.1", "1.3.1.1"));
    const auto by_word = [&] {
        return studies(query({{Attribute::PatientName, "jane"}}, {.fuzzy_names = true}));
    };
    must(database_->write_and_wait([](db::Transaction& tx) {
        return tx.run_script(
            "DELETE FROM person_name_words; UPDATE studies SET"
            " names_indexed = 0");
    }));
    EXPECT_EQ(by_word(), Uids{});
    open();
    EXPECT_EQ(by_word(), Uids{"1.3"});
    must(database_->write_and_wait([](db::Transaction& tx) {
        return tx.run_script("DELETE FROM image_sets; DELETE FROM series; DELETE FROM studies");
    }));
    EXPECT_EQ(read([](db::Snapshot& s) -> Result<std::int64_t> {
                  TRY(db::Query left, s.prepare("SELECT count(*) FROM person_name_words"));
                  TRY_VOID(left.next());
                  return left.int64(0);
              }),
              0);
}

TEST_P(Search, FindsStudiesByWhatTheirSeriesAre) {
    insert(record("1.1", "1.1.1", "1.1.1.1"));  // CT
    auto mr = record("1.1", "1.1.2", "1.1.2.1");
    mr.series.modality = "MR";
    insert(mr);
    auto pet = record("1.2", "1.2.1", "1.2.1.1");
    pet.series.modality = "PT";
    insert(pet);
    auto hidden = record("1.2", "1.2.2", "1.2.1.1");  // a conflict, never a primary
    hidden.series.modality = "MR";
    insert(hidden, Placement::NonPrimary);

    const auto by_modality = [&](std::string_view value) {
        auto found = studies(query({{Attribute::ModalitiesInStudy, value}}));
        std::ranges::sort(found);
        return found;
    };
    EXPECT_EQ(by_modality("MR"), Uids{"1.1"});
    EXPECT_EQ(by_modality("CT\\PT"), (Uids{"1.1", "1.2"}));
    EXPECT_EQ(by_modality("P*"), Uids{"1.2"});
    EXPECT_EQ(by_modality("US"), Uids{});
    EXPECT_EQ(study("1.1").modalities_in_study, (Uids{"CT", "MR"}));
    EXPECT_EQ(study("1.2").modalities_in_study, Uids{"PT"});
}

TEST_P(Search, KeysOfOneSequenceMatchTogetherInOneItem) {
    auto one = record("1.1", "1.1.1", "1.1.1.1");
    one.series.requests = {{"SPS1", "RP1"}, {"SPS2", "RP2"}};
    insert(one);
    insert(record("1.1", "1.1.2", "1.1.2.1"));
    const auto found = [&](std::string_view step, std::string_view procedure) {
        return series_of(query({{Attribute::ScheduledProcedureStepID, step},
                                {Attribute::RequestedProcedureID, procedure}}));
    };
    EXPECT_EQ(found("SPS2", "RP2"), Uids{"1.1.1"});
    EXPECT_EQ(found("SPS2", ""), Uids{"1.1.1"});
    EXPECT_EQ(found("SPS1", "RP2"), Uids{});
    EXPECT_EQ(found("SPS*", "RP?"), Uids{"1.1.1"});
    EXPECT_EQ(series("1.1.1", "1.1").series.requests, one.series.requests);
}

TEST_P(Search, FindsWhatIsEmptyWhereAskedFor) {
    insert(record("1.1", "1.1.1", "1.1.1.1"));
    auto bare = record("1.2", "1.2.1", "1.2.1.1");
    bare.study.study_date.clear();
    bare.study.study_time.clear();
    bare.study.accession_number.clear();
    bare.patient.patient_name.clear();
    bare.series.series_number.reset();
    bare.series.body_part_examined = "HEAD";
    insert(bare);
    using A = Attribute;
    for (const auto attribute :
         {A::StudyDate, A::StudyTime, A::AccessionNumber, A::PatientName, A::SeriesNumber}) {
        const auto search = query({{attribute, R"("")"}}, {.empty_values = true});
        EXPECT_EQ(series_of(search), Uids{"1.2.1"}) << info_of(attribute).keyword;
    }
    EXPECT_EQ(studies(query({{A::AccessionNumber, R"("")"}})), Uids{}) << "a text otherwise";
    EXPECT_FALSE(parse_condition(A::StudyDate, R"("")"));
}

TEST_P(Search, MatchesEveryKeyOfSeriesAndInstances) {
    auto one = record("1.1", "1.1.1", "1.1.1.1");
    one.series.performed_procedure_step_start_date = "20260105";
    one.series.performed_procedure_step_start_time = "120000";
    one.series.requests = {{"SPS1", "RP1"}, {"XPS2", "RP2"}};
    one.series.body_part_examined = "HEAD";
    one.series.laterality = "L";
    one.series.series_date = "2026.01.05";
    one.instance.number_of_frames = 12;
    insert(one);
    insert(record("1.1", "1.1.2", "1.1.2.1"));

    using A = Attribute;
    const std::initializer_list<std::pair<A, std::string_view>> series_keys = {
        {A::PerformedProcedureStepStartDate, "20260101-20260131"},
        {A::PerformedProcedureStepStartTime, "12"},
        {A::ScheduledProcedureStepID, "SPS?"},
        {A::RequestedProcedureID, "RP1"},
        {A::BodyPartExamined, "HEAD"},
        {A::Laterality, "L"},
        {A::SeriesDate, "20260105"},
        {A::SeriesInstanceUID, "1.1.1,7.7"}};
    for (const auto& key : series_keys) {
        EXPECT_EQ(series_of(query({key})), Uids{"1.1.1"}) << key.second;
        EXPECT_EQ(instances(query({key})), Uids{"1.1.1.1"}) << key.second;
    }
    for (const auto& key : std::initializer_list<std::pair<A, std::string_view>>{
             {A::Modality, "CT"}, {A::SeriesNumber, "3"}, {A::SeriesDescription, "th*"}}) {
        EXPECT_EQ(series_of(query({key})), (Uids{"1.1.1", "1.1.2"})) << key.second;
    }
    for (const auto& key : std::initializer_list<std::pair<A, std::string_view>>{
             {A::NumberOfFrames, "12"}, {A::SOPInstanceUID, "1.1.1.1"}}) {
        EXPECT_EQ(instances(query({key})), Uids{"1.1.1.1"}) << key.second;
    }
    for (const auto& key : std::initializer_list<std::pair<A, std::string_view>>{
             {A::SOPClassUID, "1.2.840.10008.5.1.4.1.1.2"},
             {A::Rows, "512"},
             {A::Columns, "256"},
             {A::BitsAllocated, "16"},
             {A::InstanceNumber, "1"},
             {A::PatientID, "P1"},
             {A::IssuerOfPatientID, "H"},
             {A::StudyID, "S1"},
             {A::StudyDescription, "H*d"},
             {A::ReferringPhysicianName, "HOUSE*"},
             {A::PatientBirthDate, "-19991231"},
             {A::PatientSex, "F"},
             {A::StudyInstanceUID, "1.1"},
             {A::StudyTime, "1015-1020"},
             {A::AccessionNumber, "A1"}}) {
        EXPECT_EQ(instances(query({key})).size(), 2U) << key.second;
    }
    EXPECT_EQ(studies(query({{A::StudyTime, "1016-1020"}})), Uids{});
    EXPECT_EQ(studies(query({{A::PatientID, "p1"}})), Uids{}) << "ids have a case";
}

TEST_P(Search, StaysInsideAStudyOrSeriesWhenAsked) {
    insert(record("1.1", "1.1.1", "1"));
    insert(record("1.1", "1.1.2", "2"));
    insert(record("1.2", "1.2.1", "3"));
    auto in_study = query({});
    in_study.study = study("1.1").row;
    EXPECT_EQ(series_of(in_study), (Uids{"1.1.1", "1.1.2"}));
    EXPECT_EQ(instances(in_study), (Uids{"1", "2"}));
    auto in_series = in_study;
    in_series.series = series("1.1.2", "1.1").row;
    EXPECT_EQ(instances(in_series), Uids{"2"});
}

TEST_P(Search, SeesPrimaryInstancesOnly) {
    insert(record());
    insert(record(), Placement::NonPrimary);
    EXPECT_EQ(instances(query({})).size(), 1U);
    EXPECT_EQ(series_of(query({})).size(), 1U);
}

TEST_P(Search, RefusesAKeyBelowItsLevel) {
    insert(record());
    const auto outcome = database_->read([&](db::Snapshot& s) {
        return catalog_->search_studies(s, query({{Attribute::SOPInstanceUID, "1.2"}}));
    });
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().code, ErrorCode::InvalidInput);
}

TEST_P(Search, ListsOfManyLengthsAreFine) {
    insert(record("1.1", "1.1.1", "1"));
    insert(record("1.2", "1.2.1", "2"));
    std::string list = "1.1";
    for (int i = 0; i < 999; ++i) {
        if (i == 2 || i == 5 || i == 998) {
            EXPECT_EQ(studies(query({{Attribute::StudyInstanceUID, list}})), Uids{"1.1"});
        }
        list += ",9." + std::to_string(i);
    }
}

LARMOR_EACH_DRIVER(Search);

}  // namespace
}  // namespace larmor::catalog
