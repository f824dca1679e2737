#include "index/search/search_index.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "index/search/embedded/embedded_index.h"
#include "index/search/opensearch/opensearch_index.h"
#include "index/search/parse_query.h"
#include "index/search/tests/folder.h"
#include "index/search/tests/given.h"
#include "index/search/tests/stand_in.h"

namespace larmor::index::search {
namespace {

using testing::document_of;
using ::testing::ElementsAre;
using testing::Given;
using ::testing::IsEmpty;
using testing::StandIn;
using testing::value_of;

template <typename T>
T must_be(Result<T> result) {
    if (!result) throw std::runtime_error(result.error().message);
    return *std::move(result);
}

}  // namespace

enum class Driver : std::uint8_t { Embedded, OpenSearch };

/// What every driver promises.
class SearchIndexTest : public ::testing::TestWithParam<Driver> {
protected:
    void SetUp() override {
        if (GetParam() == Driver::Embedded) {
            index_ = must_be(embedded::open_embedded_index(folder_.path() / "search.sqlite"));
            return;
        }
        stand_in_ = StandIn::start();
        if (!stand_in_) GTEST_SKIP() << "OpenSearch's API description is not installed";
        index_ = opensearch::make_opensearch_index(stand_in_->address());
        must_be(index_->wanted());
    }

    Target::Applied apply(const Given& given) {
        return must_be(index_->apply(document_of(given)));
    }
    Answer ask(const std::string& json) {
        if (stand_in_) stand_in_->refresh("larmor-search");
        return must_be(index_->search(must_be(parse_query(json))));
    }
    std::vector<std::string> find(const std::string& json,
                                  std::string_view keyword = "StudyInstanceUID") {
        std::vector<std::string> found;
        for (const Hit& hit : ask(json).hits) found.push_back(value_of(hit, keyword));
        return found;
    }

    testing::Folder folder_;
    std::unique_ptr<StandIn> stand_in_;
    std::unique_ptr<SearchIndex> index_;
};

TEST_P(SearchIndexTest, SaysWhatItHasOfAStudyAndASeries) {
    apply({});
    apply({.id = std::string(32, 'b'),
           .series = "1.2.1.2",
           .modality = "SR",
           .instances = {"1.2.1.2.1"}});
    const Answer studies = ask("{}");
    ASSERT_EQ(studies.hits.size(), 1U);
    EXPECT_EQ(studies.total, 1U);
    EXPECT_TRUE(studies.total_is_exact);
    const Hit& study = studies.hits[0];
    EXPECT_EQ(value_of(study, "PatientName"), "MISTER^CT");
    EXPECT_EQ(value_of(study, "Modality"), "");
    EXPECT_THAT(study.modalities, ElementsAre("CT", "SR"));
    EXPECT_EQ(study.series, 2);
    EXPECT_EQ(study.instances, 3);
    const Answer series =
        ask(R"({"level":"series","filters":{"Modality":"CT"},"sort":{"by":"Modality"}})");
    ASSERT_EQ(series.hits.size(), 1U);
    EXPECT_EQ(series.hits[0].instances, 2);
    EXPECT_EQ(series.hits[0].image_set_id, std::string(32, 'a'));
    EXPECT_EQ(value_of(series.hits[0], "ProtocolName"), "routine");
}

// Names of PS3.5 sections H.3.1 and I.2, and what their letters are in other cases.
TEST_P(SearchIndexTest, FindsANameByAnyPartInAnyCaseAndScript) {
    apply({.patient_name = "Yamada^Tarou=山田^太郎=やまだ^たろう"});
    apply({.id = std::string(32, 'b'),
           .patient_name = "Hong^Gildong=洪^吉洞=홍^길동",
           .study = "1.2.2",
           .series = "1.2.2.1"});
    apply({.id = std::string(32, 'c'),
           .patient_name = "Διονυσιος",
           .study = "1.2.3",
           .series = "1.2.3.1"});
    const auto named = [&](const std::string& name) {
        return find(R"({"filters":{"PatientName":")" + name + "\"}}");
    };
    for (const char* name : {"yamada", "TAROU", "mad", "Yamada^T", "tarou yamada", "山田", "田",
                             "太郎", "やまだ", "たろ", "ＹＡＭＡＤＡ"}) {
        EXPECT_THAT(named(name), ElementsAre("1.2.1")) << name;
        EXPECT_THAT(find(R"({"text":")" + std::string(name) + "\"}"), ElementsAre("1.2.1"));
    }
    for (const char* name : {"hong", "洪", "길동", "홍", "吉洞"}) {
        EXPECT_THAT(named(name), ElementsAre("1.2.2")) << name;
    }
    for (const char* name : {"ΔΙΟΝΥΣΙΟΣ", "διονύσιος", "νυσ"}) {
        EXPECT_THAT(named(name), ElementsAre("1.2.3")) << name;
    }
    for (const char* name : {"yamada hong", "田山", "chest"}) {
        EXPECT_THAT(named(name), IsEmpty()) << name;
    }
}

TEST_P(SearchIndexTest, FindsEveryWordOfATextWhereverItIs) {
    apply({.study_description = "CT Thorax/Abdomen nativ"});
    apply({.id = std::string(32, 'b'),
           .study = "1.2.2",
           .study_description = "胸部単純",
           .series = "1.2.2.1",
           .protocol = "head"});
    EXPECT_THAT(find(R"({"text":"abdom mister"})"), ElementsAre("1.2.1"));
    EXPECT_THAT(find(R"({"text":"ABDOMEN thorax"})"), ElementsAre("1.2.1"));
    EXPECT_THAT(find(R"({"text":"単純 head"})"), ElementsAre("1.2.2"));
    EXPECT_THAT(find(R"({"text":"bdomen"})"), IsEmpty());
    EXPECT_THAT(find(R"({"text":"abdomen head"})"), IsEmpty());
    EXPECT_THAT(find(R"({"text":"p1"})"), ElementsAre("1.2.1", "1.2.2"));
}

TEST_P(SearchIndexTest, FiltersAndRangesAllHoldForOneSeries) {
    apply({});
    apply(
        {.id = std::string(32, 'b'), .series = "1.2.1.2", .modality = "MR", .protocol = "T1"});
    apply({.id = std::string(32, 'c'),
           .study = "1.2.2",
           .study_date = "20210102",
           .series = "1.2.2.1",
           .modality = "US",
           .series_number = "-10",
           .instances = {"1.2.2.1.7"}});
    EXPECT_THAT(find(R"({"filters":{"Modality":["MR","US"]}})"), ElementsAre("1.2.2", "1.2.1"));
    EXPECT_THAT(find(R"({"filters":{"Modality":"MR","ProtocolName":"routine"}})"), IsEmpty());
    EXPECT_THAT(
        find(R"({"filters":{"Modality":["a","b","c","d","e","f","g","h","i\"","US"]}})"),
        ElementsAre("1.2.2"));
    EXPECT_THAT(find(R"({"filters":{"SeriesNumber":[1,2,3,4,5,6,7,8,9,-10]}})"),
                ElementsAre("1.2.2"));
    EXPECT_THAT(find(R"({"ranges":{"StudyDate":{"from":"20200131","to":"20201231"}}})"),
                ElementsAre("1.2.1"));
    EXPECT_THAT(find(R"({"ranges":{"StudyDate":{"from":"20200201"}}})"), ElementsAre("1.2.2"));
    EXPECT_THAT(find(R"({"filters":{"StudyDate":"2020.01.31"}})"), ElementsAre("1.2.1"));
    EXPECT_THAT(find(R"({"ranges":{"SeriesNumber":{}}})"), ElementsAre("1.2.2"));
    EXPECT_THAT(find(R"({"ranges":{"SeriesNumber":{"from":-9}}})"), IsEmpty());
    EXPECT_THAT(find(R"({"filters":{"SOPInstanceUID":"1.2.2.1.7"}})"), ElementsAre("1.2.2"));
}

TEST_P(SearchIndexTest, CountsFacetsInHitsOfTheLevel) {
    apply({});
    apply({.id = std::string(32, 'b'), .series = "1.2.1.2"});
    apply(
        {.id = std::string(32, 'c'), .study = "1.2.2", .series = "1.2.2.1", .modality = "MR"});
    apply({.id = std::string(32, 'e'), .study = "1.2.3", .series = "1.2.3.1"});
    const auto facets = [&](const std::string& level) {
        std::vector<std::string> lines;
        const auto answer = ask(R"({"level":")" + level + R"(","facets":"Modality"})");
        for (const auto& one : answer.facets.at(0)) {
            lines.push_back(one.value + " " + std::to_string(one.count));
        }
        return lines;
    };
    EXPECT_THAT(facets("study"), ElementsAre("CT 2", "MR 1"));
    EXPECT_THAT(facets("series"), ElementsAre("CT 3", "MR 1"));
    const auto some = ask(
        R"({"filters":{"StudyInstanceUID":"1.2.2"},"facets":["StudyDescription","Modality"]})");
    ASSERT_EQ(some.facets.size(), 2U);
    EXPECT_EQ(some.facets[0].at(0).count, 1);
    EXPECT_EQ(some.facets[1].at(0).value, "MR");
}

TEST_P(SearchIndexTest, WhatIsAskedOfInstancesHoldsForOneOfThem) {
    apply({.rows = {"64", "512"}});
    apply({.id = std::string(32, 'b'),
           .study = "1.2.2",
           .series = "1.2.2.1",
           .modality = "MR",
           .instances = {"1.2.2.1.1", "1.2.2.1.2", "1.2.2.1.3"},
           .rows = {"512", "", "64"}});
    const std::string uid = "SOPInstanceUID";
    const auto instances = [&](const std::string& rest) {
        return find(R"({"level":"instance",)" + rest + "}", uid);
    };
    const std::string first_of_512 =
        R"("filters":{"Rows":512},"ranges":{"InstanceNumber":{"to":1}})";
    EXPECT_THAT(instances(first_of_512), ElementsAre("1.2.2.1.1"));
    EXPECT_THAT(find("{" + first_of_512 + "}"), ElementsAre("1.2.2"));
    EXPECT_THAT(find(R"({"level":"series",)" + first_of_512 + "}", "SeriesInstanceUID"),
                ElementsAre("1.2.2.1"));
    EXPECT_THAT(instances(R"("filters":{"SOPInstanceUID":["1.2.1.1.2","1.2.2.1.1"],)"
                          R"("SOPClassUID":"1.2.840.10008.5.1.4.1.1.2"})"),
                ElementsAre("1.2.1.1.2", "1.2.2.1.1"));
    EXPECT_THAT(instances(R"("ranges":{"Rows":{}},"text":"chest")"),
                ElementsAre("1.2.1.1.1", "1.2.1.1.2", "1.2.2.1.1", "1.2.2.1.3"));
    EXPECT_THAT(find(R"({"filters":{"Rows":63}})"), IsEmpty());
}

TEST_P(SearchIndexTest, InstancesAreSortedPagedAndCountedOverAllSeries) {
    apply({.rows = {"64", "512"}});
    apply({.id = std::string(32, 'b'),
           .study = "1.2.2",
           .series = "1.2.2.1",
           .modality = "MR",
           .instances = {"1.2.2.1.1", "1.2.2.1.2", "1.2.2.1.3"},
           .rows = {"512", "", "64"}});
    const auto sorted = [&](const std::string& sort, const std::string& rest = "") {
        return find(R"({"level":"instance","sort":)" + sort + rest + "}", "SOPInstanceUID");
    };
    EXPECT_THAT(sorted(R"({"by":"Rows"})"),
                ElementsAre("1.2.1.1.1", "1.2.2.1.3", "1.2.1.1.2", "1.2.2.1.1", "1.2.2.1.2"));
    EXPECT_THAT(sorted(R"([{"by":"InstanceNumber","order":"descending"},{"by":"Rows"}])"),
                ElementsAre("1.2.2.1.3", "1.2.1.1.2", "1.2.2.1.2", "1.2.1.1.1", "1.2.2.1.1"));
    EXPECT_THAT(sorted(R"({"by":"SOPInstanceUID","order":"descending"})", R"(,"limit":2)"),
                ElementsAre("1.2.2.1.3", "1.2.2.1.2"));
    EXPECT_THAT(sorted(R"({"by":"Modality","order":"descending"})", R"(,"limit":2,"offset":2)"),
                ElementsAre("1.2.2.1.3", "1.2.1.1.1"));
    const Answer counted = ask(
        R"({"level":"instance","totalUpTo":4,"limit":0,"facets":["Modality","SOPClassUID"]})");
    EXPECT_EQ(counted.total, 4U);
    EXPECT_FALSE(counted.total_is_exact);
    EXPECT_EQ(counted.facets.at(0).at(0).value, "MR");
    EXPECT_EQ(counted.facets.at(0).at(0).count, 3);
    EXPECT_EQ(counted.facets.at(1).at(0).count, 5);
    const Answer some = ask(
        R"({"level":"instance","filters":{"Rows":64},"facets":["Modality","SOPClassUID"]})");
    EXPECT_EQ(some.total, 2U);
    EXPECT_EQ(some.facets.at(0).at(1).count, 1);
    EXPECT_EQ(some.facets.at(1).at(0).count, 2);
    ASSERT_EQ(some.hits.size(), 2U);
    EXPECT_EQ(some.hits[0].image_set_id, std::string(32, 'a'));
    EXPECT_EQ(value_of(some.hits[0], "Rows"), "64");
    EXPECT_EQ(value_of(some.hits[0], "PatientName"), "MISTER^CT");
}

TEST_P(SearchIndexTest, PagesFitTogetherInEveryOrder) {
    for (int i = 0; i < 7; ++i) {
        const std::string number = std::to_string(i);
        apply({.id = std::string(31, 'a') + number,
               .patient_name = i == 3 ? "" : "N" + std::to_string(i % 3),
               .study = "1.2." + number,
               .study_date = i == 5 ? "" : "2020010" + std::to_string(i / 2),
               .series = "1.2." + number + ".1"});
    }
    EXPECT_THAT(find("{}"),
                ElementsAre("1.2.6", "1.2.4", "1.2.2", "1.2.3", "1.2.0", "1.2.1", "1.2.5"));
    // Where more match than are counted, hits are found in another way.
    for (const char* all : {R"("filters":{"Modality":"CT"})", R"("text":"chest")"}) {
        EXPECT_THAT(find("{" + std::string(all) + R"(,"totalUpTo":3,"limit":4,"offset":1})"),
                    ElementsAre("1.2.4", "1.2.2", "1.2.3", "1.2.0"))
            << all;
    }
    const std::string by_name = R"("sort":[{"by":"PatientName"},)"
                                R"({"by":"StudyDate","order":"descending"}])";
    std::vector<std::string> pages;
    for (const int offset : {0, 3, 6}) {
        const auto page =
            find("{" + by_name + R"(,"limit":3,"offset":)" + std::to_string(offset) + "}");
        pages.insert(pages.end(), page.begin(), page.end());
    }
    EXPECT_THAT(pages,
                ElementsAre("1.2.6", "1.2.0", "1.2.4", "1.2.1", "1.2.2", "1.2.5", "1.2.3"));
    const Answer some = ask(R"({"limit":2,"totalUpTo":3})");
    EXPECT_EQ(some.total, 3U);
    EXPECT_FALSE(some.total_is_exact);
    EXPECT_TRUE(ask(R"({"limit":0,"totalUpTo":7})").total_is_exact);
    EXPECT_FALSE(ask(R"({"level":"series","totalUpTo":6})").total_is_exact);
}

// The engine forgets the version of what was deleted after a minute: a document must stay.
TEST_P(SearchIndexTest, WhatWasDeletedStaysDeletedWhenAnOlderDocumentComesLate) {
    apply({});
    apply({.version = 3, .sequence = 9, .is_deleted = true});
    if (stand_in_) stand_in_->ask("POST", "/_stand_in/let_pass?seconds=100");
    EXPECT_EQ(apply({.version = 2, .sequence = 5}), Target::Applied::Older);
    EXPECT_THAT(find("{}"), IsEmpty());
    EXPECT_TRUE(must_be(index_->has_applied(std::string(32, 'd'), std::string(32, 'a'), 3)));
    EXPECT_FALSE(must_be(index_->has_applied(std::string(32, 'd'), std::string(32, 'a'), 4)));
    EXPECT_FALSE(must_be(index_->has_applied(std::string(32, 'd'), std::string(32, 'b'), 1)));
    // Stored anew, or recovered.
    EXPECT_EQ(apply({.version = 4, .sequence = 12}), Target::Applied::Written);
    EXPECT_THAT(find("{}"), ElementsAre("1.2.1"));
}

TEST_P(SearchIndexTest, ImageSetsInConflictAreNotShownUntilTheyArePrimary) {
    apply({});
    Given conflict{.id = std::string(32, 'b'), .is_primary = false};
    apply(conflict);
    const Answer before = ask("{}");
    ASSERT_EQ(before.hits.size(), 1U);
    EXPECT_EQ(before.hits[0].series, 1);
    EXPECT_EQ(before.hits[0].instances, 2);
    apply({.version = 2, .sequence = 5, .is_primary = false});
    conflict.version = 2;
    conflict.sequence = 5;
    conflict.is_primary = true;
    conflict.instances = {"1.2.1.1.1"};
    apply(conflict);
    const Answer after = ask(R"({"level":"series"})");
    ASSERT_EQ(after.hits.size(), 1U);
    EXPECT_EQ(after.hits[0].image_set_id, std::string(32, 'b'));
    EXPECT_EQ(after.hits[0].instances, 1);
}

TEST_P(SearchIndexTest, AStudyThatGoesToAnotherPatientOrUidIsWhereItIsNow) {
    apply({});
    apply({.version = 2,
           .sequence = 4,
           .patient_id = "P2",
           .patient_name = "OTHER",
           .study = "1.2.9"});
    EXPECT_THAT(find(R"({"filters":{"PatientID":"P2"}})"), ElementsAre("1.2.9"));
    EXPECT_THAT(find(R"({"text":"mister"})"), IsEmpty());
    EXPECT_THAT(find("{}"), ElementsAre("1.2.9"));
}

TEST_P(SearchIndexTest, ValuesThatAreNoneLoseNoImageSet) {
    Given given{.study_date = "no date"};
    auto document = document_of(given);
    for (auto& value : document.series) value = std::string(5000, 'x') + "\"\\\n☃";
    document.series[0] = "CT";
    ASSERT_EQ(must_be(index_->apply(document)), Target::Applied::Written);
    const Answer answer = ask(R"({"level":"series"})");
    ASSERT_EQ(answer.hits.size(), 1U);
    EXPECT_EQ(value_of(answer.hits[0], "StudyDate"), "no date");
    EXPECT_EQ(value_of(answer.hits[0], "SeriesNumber"), "");
    EXPECT_EQ(value_of(answer.hits[0], "ProtocolName").size(), 1024U);
}

INSTANTIATE_TEST_SUITE_P(Drivers, SearchIndexTest,
                         ::testing::Values(Driver::Embedded, Driver::OpenSearch),
                         [](const auto& driver) {
                             return driver.param == Driver::Embedded ? "Embedded"
                                                                     : "OpenSearch";
                         });

}  // namespace larmor::index::search
