#include "api/search_query.h"

namespace larmor::api {
namespace {

using dicom::Tag;
using testing::ElementsAre;

SearchQuery parsed(std::string_view query) {
    auto result = parse_search_query(query);
    EXPECT_TRUE(result) << query << ": " << (result ? "" : result.error().message);
    return result ? *std::move(result) : SearchQuery{};
}

TEST(SearchQuery, TakesKeywordsAndTags) {
    const auto query = parsed("PatientID=17&0020000D=1.2.3");
    ASSERT_EQ(query.keys.size(), 2U);
    EXPECT_THAT(query.keys[0].path, ElementsAre(Tag(0x0010, 0x0020)));
    EXPECT_EQ(query.keys[0].vr, dicom::vr::LO);
    EXPECT_THAT(query.keys[0].values, ElementsAre("17"));
    EXPECT_THAT(query.keys[1].path, ElementsAre(Tag(0x0020, 0x000d)));
    EXPECT_EQ(query.keys[1].vr, dicom::vr::UI);
}

TEST(SearchQuery, GoesIntoSequences) {
    const auto query = parsed(
        "RequestAttributesSequence.ScheduledProcedureStepID=SPS1&"
        "00400275.00401001=RP*");
    ASSERT_EQ(query.keys.size(), 2U);
    EXPECT_THAT(query.keys[0].path, ElementsAre(Tag(0x0040, 0x0275), Tag(0x0040, 0x0009)));
    EXPECT_THAT(query.keys[1].path, ElementsAre(Tag(0x0040, 0x0275), Tag(0x0040, 0x1001)));
    EXPECT_THAT(query.keys[1].values, ElementsAre("RP*"));
    EXPECT_FALSE(parse_search_query("PatientID.PatientName=X"));
}

TEST(SearchQuery, DecodesAndTrimsValues) {
    const auto query = parsed("PatientName=%20M%C3%BCller%5EJ*+&StudyDescription=a+b");
    ASSERT_EQ(query.keys.size(), 2U);
    EXPECT_THAT(query.keys[0].values, ElementsAre("M\xc3\xbcller^J*"));
    EXPECT_THAT(query.keys[1].values, ElementsAre("a b"));
}

TEST(SearchQuery, SplitsListsOfUids) {
    for (const auto* value : {"1.2,3.4,5", "1.2%2C3.4%2C5", "1.2%5C3.4%5C5", "1.2,,3.4,5,"}) {
        const auto query = parsed(std::string("StudyInstanceUID=") + value);
        ASSERT_EQ(query.keys.size(), 1U);
        EXPECT_THAT(query.keys[0].values, ElementsAre("1.2", "3.4", "5")) << value;
    }
}

TEST(SearchQuery, KeepsCommasOfOtherValues) {
    EXPECT_THAT(parsed("StudyDescription=head,%20neck").keys[0].values,
                ElementsAre("head, neck"));
}

TEST(SearchQuery, NoValueAndAStarAskForTheAttributeOnly) {
    const auto query = parsed("PatientName=&StudyDate=*&StudyID");
    EXPECT_TRUE(query.keys.empty());
    EXPECT_THAT(query.include,
                ElementsAre(ElementsAre(Tag(0x0010, 0x0010)), ElementsAre(Tag(0x0008, 0x0020)),
                            ElementsAre(Tag(0x0020, 0x0010))));
}

TEST(SearchQuery, ReadsIncludefieldInAllItsForms) {
    const auto query = parsed("includefield=PatientSex,00081030&includefield=0008103E");
    EXPECT_THAT(query.include,
                ElementsAre(ElementsAre(Tag(0x0010, 0x0040)), ElementsAre(Tag(0x0008, 0x1030)),
                            ElementsAre(Tag(0x0008, 0x103e))));
    EXPECT_TRUE(parsed("includefield=all").include_all);
    // PS3.18 section 8.3.4.3: beside `all` there are no others.
    EXPECT_FALSE(parse_search_query("includefield=all&includefield=PatientSex"));
}

TEST(SearchQuery, ReadsPagingAndSwitches) {
    const auto query = parsed("limit=25&offset=50&fuzzymatching=true&emptyvaluematching=true");
    EXPECT_EQ(query.limit, 25U);
    EXPECT_EQ(query.offset, 50U);
    EXPECT_TRUE(query.fuzzy);
    EXPECT_FALSE(parsed("").limit);
    for (const auto* bad : {"limit=", "limit=-1", "limit=1.5", "offset=x", "fuzzymatching=yes",
                            "limit=99999999999999999999"}) {
        const auto result = parse_search_query(bad);
        ASSERT_FALSE(result) << bad;
        EXPECT_EQ(result.error().code, ErrorCode::InvalidInput);
    }
}

TEST(SearchQuery, AnEmptyValueMatchesOnlyWhenAskedTo) {
    EXPECT_THAT(parsed("AccessionNumber=%22%22&emptyvaluematching=true").keys[0].values,
                ElementsAre(""));
    EXPECT_THAT(parsed("AccessionNumber=%22%22").keys[0].values, ElementsAre("\"\""));
}

TEST(SearchQuery, RefusesValuesThatCannotMatch) {
    for (const auto* bad :
         {"StudyDate=2020", "StudyDate=20201301", "StudyDate=20200100", "StudyDate=-",
          "StudyDate=20200101-x", "StudyTime=25", "StudyTime=1", "StudyTime=101010.1234567",
          "StudyInstanceUID=abc", "StudyInstanceUID=1.2.*", "StudyInstanceUID=..",
          "SeriesNumber=one", "RequestAttributesSequence=x", "PixelData=x"}) {
        const auto result = parse_search_query(bad);
        ASSERT_FALSE(result) << bad;
        EXPECT_EQ(result.error().code, ErrorCode::InvalidInput) << bad;
    }
}

TEST(SearchQuery, NeverRepeatsAValueInItsError) {
    const auto result = parse_search_query("StudyDate=Secret%5EPatient");
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().message.find("Secret"), std::string::npos);
    EXPECT_THAT(result.error().message, testing::HasSubstr("StudyDate"));
}

TEST(SearchQuery, RefusesAnAttributeGivenTwice) {
    EXPECT_FALSE(parse_search_query("PatientID=1&PatientID=2"));
    EXPECT_FALSE(parse_search_query("PatientID=1&00100020=2"));
}

TEST(SearchQuery, ReportsWhatItIgnores) {
    // PS3.18 section 8.3.1: unsupported parameters are ignored; a Warning header tells.
    const auto query = parsed("_=1716&PatientNam=x&a%0D%0Ab=1");
    EXPECT_TRUE(query.keys.empty());
    EXPECT_THAT(query.ignored, ElementsAre("_", "PatientNam", "a??b"));
}

TEST(SearchQuery, RefusesWrongEscapesAndText) {
    EXPECT_FALSE(parse_search_query("PatientID=%zz"));
    EXPECT_FALSE(parse_search_query("PatientID=%ff"));
    EXPECT_FALSE(parse_search_query("PatientID=%00"));
}

TEST(SearchQuery, BoundsTheParametersAndThePath) {
    std::string query;
    for (std::size_t i = 0; i < kQueryParametersMax; ++i) {
        query += "x=1&";
    }
    EXPECT_TRUE(parse_search_query(query));
    EXPECT_EQ(parse_search_query(query + "x=1").error().code, ErrorCode::LimitExceeded);
    EXPECT_FALSE(
        parse_attribute("00400275.00400275.00400275.00400275.00400275.00400275."
                        "00400275.00400275.00400009"));
}

TEST(ValueRange, ReadsBothEnds) {
    EXPECT_EQ(parse_date_range("20200101-20201231")->from, "20200101");
    EXPECT_EQ(parse_date_range("20200101-20201231")->to, "20201231");
    EXPECT_EQ(parse_date_range("-20201231")->from, "");
    EXPECT_EQ(parse_date_range("20200101-")->to, "");
    EXPECT_EQ(parse_date_range("20200101")->to, "20200101");
    EXPECT_EQ(parse_time_range("0900-173000.5")->to, "173000.5");
    EXPECT_FALSE(parse_date_range("20200101-20200102-20200103"));
}

}  // namespace
}  // namespace larmor::api
