#include "api/search_query.h"

namespace larmor::api {
namespace {

using catalog::Attribute;
using catalog::Condition;
using catalog::Level;
using testing::ElementsAre;
using testing::HasSubstr;

SearchRequest parsed_query(std::string_view query, Level level = Level::Instance) {
    auto result = parse_search_request(query, level);
    EXPECT_TRUE(result) << query << ": " << (result ? "" : result.error().message);
    return result ? *std::move(result) : SearchRequest{};
}

TEST(SearchRequest, TakesKeywordsAndTags) {
    const auto request = parsed_query("PatientID=17&0020000D=1.2.3");
    ASSERT_EQ(request.conditions.size(), 2U);
    EXPECT_EQ(request.conditions[0].attribute, Attribute::PatientID);
    EXPECT_THAT(request.conditions[0].values, ElementsAre("17"));
    EXPECT_EQ(request.conditions[1].attribute, Attribute::StudyInstanceUID);
}

TEST(SearchRequest, GoesIntoSequences) {
    const auto request = parsed_query(
        "RequestAttributesSequence.ScheduledProcedureStepID=SPS1&"
        "00400275.00401001=RP1");
    ASSERT_EQ(request.conditions.size(), 2U);
    EXPECT_EQ(request.conditions[0].attribute, Attribute::ScheduledProcedureStepID);
    EXPECT_EQ(request.conditions[1].attribute, Attribute::RequestedProcedureID);
}

TEST(SearchRequest, DecodesAndTrimsValues) {
    const auto request = parsed_query("StudyID=%20M%C3%BCller%5EJ*+&StudyDescription=a+b");
    ASSERT_EQ(request.conditions.size(), 2U);
    EXPECT_EQ(request.conditions[0].kind, Condition::Kind::Wildcard);
    EXPECT_THAT(request.conditions[0].values, ElementsAre("M\xc3\xbcller^J*"));
    EXPECT_THAT(request.conditions[1].values, ElementsAre("a b"));
}

TEST(SearchRequest, SplitsListsOfUids) {
    for (const auto* value : {"1.2,3.4,5", "1.2%2C3.4%2C5", "1.2%5C3.4%5C5"}) {
        const auto request = parsed_query(std::string("StudyInstanceUID=") + value);
        ASSERT_EQ(request.conditions.size(), 1U);
        EXPECT_THAT(request.conditions[0].values, ElementsAre("1.2", "3.4", "5")) << value;
    }
}

TEST(SearchRequest, ReadsRangesOfDates) {
    const auto request = parsed_query("StudyDate=20200101-20201231");
    ASSERT_EQ(request.conditions.size(), 1U);
    EXPECT_EQ(request.conditions[0].kind, Condition::Kind::Range);
    EXPECT_EQ(request.conditions[0].from, "20200101");
    EXPECT_EQ(request.conditions[0].to, "20201231");
}

TEST(SearchRequest, NoValueAndAStarAskForTheAttributeOnly) {
    const auto request = parsed_query("PatientName=&StudyDate=*&StudyID");
    EXPECT_TRUE(request.conditions.empty());
    EXPECT_THAT(request.include,
                ElementsAre(Attribute::PatientName, Attribute::StudyDate, Attribute::StudyID));
}

TEST(SearchRequest, ReadsIncludefieldInAllItsForms) {
    const auto request = parsed_query("includefield=PatientSex,00081030&includefield=0008103E");
    EXPECT_THAT(request.include, ElementsAre(Attribute::PatientSex, Attribute::StudyDescription,
                                             Attribute::SeriesDescription));
    EXPECT_TRUE(parsed_query("includefield=all").include_all);
    EXPECT_FALSE(parsed_query("includefield=all").fields.empty());
    EXPECT_TRUE(request.fields.empty()) << "the catalog has all of these";
    // PS3.18 section 8.3.4.3: beside `all` there are no others.
    EXPECT_FALSE(
        parse_search_request("includefield=all&includefield=PatientSex", Level::Study));
}

TEST(SearchRequest, FieldsWithoutAColumnComeFromTheMetadata) {
    const auto request = parsed_query(
        "includefield=ImageType,ReferencedStudySequence.00081155&includefield=00091001&"
        "00090010=ACME");
    EXPECT_TRUE(request.include.empty());
    EXPECT_TRUE(request.warnings.empty());
    for (const auto tag :
         {dicom::Tag(0x0008, 0x0008), dicom::Tag(0x0008, 0x1110), dicom::Tag(0x0009, 0x1001)}) {
        EXPECT_TRUE(request.fields.names(tag));
    }
}

TEST(SearchRequest, FieldsOfLowerLevelsAreNotReturned) {
    // PS3.18 sections 10.6.3.3.1 and 10.6.3.3.2.
    const auto request = parsed_query(
        "includefield=PatientAge,ProtocolName,Modality,ImageType,00091001", Level::Study);
    EXPECT_TRUE(request.fields.names(dicom::Tag(0x0010, 0x1010)));
    EXPECT_FALSE(request.fields.names(dicom::Tag(0x0018, 0x1030)));
    EXPECT_THAT(
        request.warnings,
        ElementsAre("The includefield ProtocolName is of a lower level and is not returned.",
                    "The includefield Modality is of a lower level and is not returned.",
                    "The includefield ImageType is of a lower level and is not returned.",
                    "The includefield 00091001 is of a lower level and is not returned."));
    EXPECT_EQ(
        parsed_query("includefield=ProtocolName,ImageType", Level::Series).warnings.size(), 1U);
    EXPECT_THAT(parsed_query("includefield=PatientNam").warnings,
                ElementsAre("The includefield PatientNam is unknown and was ignored."));
}

TEST(SearchRequest, ReadsPaging) {
    const auto request = parsed_query("limit=25&offset=50");
    EXPECT_EQ(request.limit, 25U);
    EXPECT_EQ(request.offset, 50U);
    EXPECT_FALSE(parsed_query("").limit);
    for (const auto* bad : {"limit=", "limit=-1", "limit=1.5", "offset=x", "fuzzymatching=yes",
                            "limit=99999999999999999999"}) {
        const auto result = parse_search_request(bad, Level::Study);
        ASSERT_FALSE(result) << bad;
        EXPECT_EQ(result.error().code, ErrorCode::InvalidInput);
    }
}

TEST(SearchRequest, MatchesNamesByTheirWordsWhereFuzzyMatchingIsAskedForAnywhere) {
    for (const auto* query : {"fuzzymatching=true&PatientName=M%C3%BCller%5EJo*&PatientID=a",
                              "PatientName=jo%20M%C3%BCller&00100020=a&fuzzymatching=true"}) {
        const auto request = parsed_query(query);
        ASSERT_EQ(request.conditions.size(), 2U) << query;
        EXPECT_EQ(request.conditions[0].kind, Condition::Kind::Words);
        EXPECT_THAT(request.conditions[0].values, ElementsAre("jo", "muller"));
        EXPECT_EQ(request.conditions[1].kind, Condition::Kind::Exact);
        EXPECT_TRUE(request.warnings.empty());
    }
    EXPECT_EQ(parsed_query("fuzzymatching=false&PatientName=a").conditions[0].kind,
              Condition::Kind::Exact);
    EXPECT_TRUE(parsed_query("fuzzymatching=true&PatientName=%5E*").conditions.empty());
}

TEST(SearchRequest, TwoQuotationMarksAreNoValueWhereAskedFor) {
    const auto request = parsed_query("StudyDate=%22%22&emptyvaluematching=true");
    ASSERT_EQ(request.conditions.size(), 1U);
    EXPECT_EQ(request.conditions[0].kind, Condition::Kind::Empty);
    EXPECT_TRUE(request.warnings.empty());
    EXPECT_FALSE(parse_search_request("StudyDate=%22%22", Level::Study));
}

TEST(SearchRequest, RefusesValuesThatCannotMatch) {
    for (const auto* bad :
         {"StudyDate=2020", "StudyDate=20200101-x", "StudyTime=25", "StudyInstanceUID=abc",
          "StudyInstanceUID=1.2.*", "SeriesNumber=one"}) {
        const auto result = parse_search_request(bad, Level::Instance);
        ASSERT_FALSE(result) << bad;
        EXPECT_EQ(result.error().code, ErrorCode::InvalidInput) << bad;
    }
}

TEST(SearchRequest, NeverRepeatsAValueInItsError) {
    const auto result = parse_search_request("StudyDate=Secret%5EPatient", Level::Study);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().message.find("Secret"), std::string::npos);
    EXPECT_THAT(result.error().message, HasSubstr("StudyDate"));
}

TEST(SearchRequest, RefusesAnAttributeGivenTwice) {
    EXPECT_FALSE(parse_search_request("PatientID=1&PatientID=2", Level::Study));
    EXPECT_FALSE(parse_search_request("PatientID=1&00100020=2", Level::Study));
}

TEST(SearchRequest, ReportsWhatItIgnores) {
    // PS3.18 section 8.3.1: unsupported parameters are ignored; a Warning header tells.
    const auto request = parsed_query("_=1716&PatientNam=x&ProtocolName=y&a%0D%0A%22b=1");
    EXPECT_TRUE(request.conditions.empty());
    EXPECT_THAT(request.warnings,
                ElementsAre("The parameter _ is unknown and was ignored.",
                            "The parameter PatientNam is unknown and was ignored.",
                            "The attribute ProtocolName is not matched and was ignored.",
                            "The parameter a???b is unknown and was ignored."));
}

TEST(SearchRequest, AttributesOfLowerLevelsAreIgnoredWithAWarning) {
    const auto request = parsed_query("Modality=CT&SOPClassUID=1.2", Level::Study);
    EXPECT_TRUE(request.conditions.empty());
    EXPECT_EQ(request.warnings.size(), 2U);
    EXPECT_EQ(parsed_query("Modality=CT", Level::Series).conditions.size(), 1U);
}

TEST(SearchRequest, RefusesWrongEscapesAndText) {
    EXPECT_FALSE(parse_search_request("PatientID=%zz", Level::Study));
    EXPECT_FALSE(parse_search_request("PatientID=%ff", Level::Study));
    EXPECT_FALSE(parse_search_request("PatientID=%00", Level::Study));
}

TEST(SearchRequest, BoundsTheParameters) {
    std::string query;
    for (int i = 0; i < 257; ++i) {
        query += "x=1&";
    }
    EXPECT_EQ(parse_search_request(query, Level::Study).error().code, ErrorCode::LimitExceeded);
}

}  // namespace
}  // namespace larmor::api
