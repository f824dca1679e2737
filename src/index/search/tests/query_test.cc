#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "index/search/answer_json.h"
#include "index/search/highlight.h"
#include "index/search/parse_query.h"
#include "index/search/words.h"

namespace larmor::index::search {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string error_of(const std::string& json) {
    const auto query = parse_query(json);
    return query ? "none" : query.error().message;
}

std::string marked(std::string_view keyword, std::string_view value, const std::string& json) {
    std::string text;
    for (const auto& piece :
         highlight(*find_field(keyword), value, parse_query(json).value())) {
        text += piece.is_match ? "[" + piece.text + "]" : piece.text;
    }
    return text;
}

}  // namespace

TEST(SearchWords, OfNamesAreFoundByAnyPart) {
    EXPECT_THAT(words_of_name("Ng^Ali"), ElementsAre("ali", "g", "i", "li", "ng"));
    EXPECT_THAT(words_of_name("山田^太"), ElementsAre("太", "山田", "田"));
}

TEST(SearchWords, OfTextAreLettersAndDigits) {
    EXPECT_THAT(words_of("CT-Thorax/Abd. (2.5mm)_é"),
                ElementsAre("2", "5mm", "abd", "ct", "e", "thorax"));
    EXPECT_THAT(words_of_text("胸部 CT"), ElementsAre("ct", "胸部", "部"));
    EXPECT_THAT(words_of("*?\"' "), ElementsAre());
}

TEST(SearchQuery, NamesTheMemberThatIsWrong) {
    EXPECT_THAT(error_of("[]"), HasSubstr("an object"));
    EXPECT_THAT(error_of("{"), HasSubstr("no JSON"));
    EXPECT_THAT(error_of(R"({"txt":"a"})"), HasSubstr("txt is not known"));
    EXPECT_THAT(error_of(R"({"level":"patient"})"), HasSubstr("level"));
    EXPECT_THAT(error_of(R"({"filters":{"Modalty":"CT"}})"), HasSubstr("filters.Modalty"));
    EXPECT_THAT(error_of(R"({"filters":{"StudyDate":"2020"}})"),
                HasSubstr("filters.StudyDate"));
    EXPECT_THAT(error_of(R"({"filters":{"Modality":[]}})"), HasSubstr("filters.Modality"));
    EXPECT_THAT(error_of(R"({"ranges":{"Modality":{"from":"A"}}})"),
                HasSubstr("ranges.Modality"));
    EXPECT_THAT(error_of(R"({"ranges":{"StudyDate":{"until":"20200101"}}})"),
                HasSubstr("ranges.StudyDate.until"));
    EXPECT_THAT(error_of(R"({"facets":["PatientName"]})"), HasSubstr("facets.PatientName"));
    EXPECT_THAT(error_of(R"({"facets":["SOPClassUID"]})"), HasSubstr("below the level study"));
    EXPECT_THAT(error_of(R"({"sort":[{"by":"Modality"}]})"), HasSubstr("sort.Modality"));
    EXPECT_THAT(error_of(R"({"sort":[{"by":"StudyDate","order":"up"}]})"),
                HasSubstr("sort.order"));
    EXPECT_THAT(error_of(R"({"limit":1001})"), HasSubstr("limit"));
    EXPECT_THAT(error_of(R"({"offset":9990,"limit":20})"), HasSubstr("offset and limit"));
    EXPECT_THAT(error_of(R"({"filters":{"SeriesNumber":"one"}})"),
                HasSubstr("filters.SeriesNumber"));
    std::string many = R"({"text":")";
    for (int i = 0; i < 17; ++i) many += "w" + std::to_string(i) + " ";
    EXPECT_THAT(error_of(many + "\"}"), HasSubstr("text has more than 16"));
}

TEST(SearchQuery, ErrorsNeverHoldValues) {
    EXPECT_THAT(error_of(R"({"filters":{"PatientBirthDate":"SECRET"}})"),
                Not(HasSubstr("SECRET")));
    EXPECT_THAT(error_of(R"({"text":7})"), HasSubstr("text"));
}

TEST(SearchHighlight, MarksTheWordsThatWereLookedFor) {
    EXPECT_EQ(marked("PatientName", "Yamada^Tarou=山田^太郎", R"({"text":"mad 郎"})"),
              "[Yamada]^Tarou=山田^[太郎]");
    EXPECT_EQ(marked("StudyDescription", "CT Abdomen <b>", R"({"text":"abd"})"),
              "CT [Abdomen] <b>");
    EXPECT_EQ(marked("StudyDescription", "CT Abdomen", R"({"text":"domen"})"), "");
    EXPECT_EQ(marked("StudyDescription", "Ng", R"({"filters":{"PatientName":"ng"}})"), "");
    EXPECT_EQ(marked("PatientName", "Ng", R"({"filters":{"PatientName":"ng"}})"), "[Ng]");
}

// By hand from docs/operating/search.md.
TEST(SearchAnswer, IsWrittenAsTheDocumentSays) {
    const auto query =
        parse_query(R"({"text":"ng","facets":"Modality","highlight":true})").value();
    Answer answer;
    answer.total = 1;
    answer.hits.push_back({.values = {{find_field("PatientName"), "Ng"}},
                           .modalities = {"CT", "SR"},
                           .series = 2,
                           .instances = 5,
                           .image_set_id = {}});
    answer.facets = {{{"CT", 1}}};
    EXPECT_EQ(to_json(query, answer),
              R"({"level":"study","total":{"value":1,"relation":"exact"},"hits":[)"
              R"({"PatientName":"Ng","ModalitiesInStudy":["CT","SR"],)"
              R"("NumberOfStudyRelatedSeries":2,"NumberOfStudyRelatedInstances":5,)"
              R"("highlights":{"PatientName":[{"text":"Ng","match":true}]}}],)"
              R"("facets":{"Modality":[{"value":"CT","count":1}]}})");
}

}  // namespace larmor::index::search
