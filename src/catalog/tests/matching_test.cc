#include <gtest/gtest.h>

#include "catalog/folding.h"
#include "catalog/query.h"

namespace larmor::catalog {
namespace {

using Kind = Condition::Kind;

Condition parsed(Attribute attribute, std::string_view value) {
    const auto condition = parse_condition(attribute, value);
    if (!condition || !*condition) {
        ADD_FAILURE() << value;
        return {.attribute = attribute};
    }
    return **condition;
}

TEST(Attributes, AreFoundByKeywordTagAndPath) {
    EXPECT_EQ(find_attribute("PatientName"), Attribute::PatientName);
    EXPECT_EQ(find_attribute("00100010"), Attribute::PatientName);
    EXPECT_EQ(find_attribute("0020000D"), Attribute::StudyInstanceUID);
    EXPECT_EQ(find_attribute("0020000d"), Attribute::StudyInstanceUID);
    EXPECT_EQ(find_attribute("00400275.00400009"), Attribute::ScheduledProcedureStepID);
    EXPECT_EQ(find_attribute("RequestAttributesSequence.RequestedProcedureID"),
              Attribute::RequestedProcedureID);
    for (const char* unknown : {"", "patientname", "RequestedProcedureID", "00400009",
                                "00081115.00400009", "0010001", "001000100", "PixelData"}) {
        EXPECT_EQ(find_attribute(unknown), std::nullopt) << unknown;
    }
}

TEST(Attributes, HaveEveryRequiredKeyOfTheStandard) {
    // PS3.18 tables 10.6.1-5, 10.6.3-3, 10.6.3-4 and 10.6.3-5, by tag; (0008,0005),
    // (0008,0056), (0008,0201) and (0008,1190) are made by whoever answers.
    for (const char* tag :
         {"00080020",          "00080030",          "00080050", "00080061", "00080090",
          "00100010",          "00100020",          "00100030", "00100040", "0020000D",
          "00200010",          "00201206",          "00201208", "00080060", "0008103E",
          "0020000E",          "00200011",          "00201209", "00400244", "00400245",
          "00400275.00400009", "00400275.00401001", "00080016", "00080018", "00200013",
          "00280010",          "00280011",          "00280100", "00280008"}) {
        EXPECT_TRUE(find_attribute(tag)) << tag;
    }
}

TEST(ParseCondition, NothingAndAStarMatchEverything) {
    for (const char* value : {"", "*", "**", "  "}) {
        const auto condition = parse_condition(Attribute::PatientName, value);
        ASSERT_TRUE(condition) << value;
        EXPECT_FALSE(*condition) << value;
    }
}

TEST(ParseCondition, ReadsUidLists) {
    for (const char* list : {"1.2,3.4", "1.2\\3.4", " 1.2 , 3.4"}) {
        EXPECT_EQ(parsed(Attribute::StudyInstanceUID, list).values,
                  (std::vector<std::string>{"1.2", "3.4"}));
    }
    for (const char* bad : {"1.2,abc", "1.2*", ","}) {
        EXPECT_FALSE(parse_condition(Attribute::StudyInstanceUID, bad)) << bad;
    }
    std::string many = "1";
    for (int i = 0; i < 1000; ++i) many += ",1";
    EXPECT_FALSE(parse_condition(Attribute::StudyInstanceUID, many));
}

TEST(ParseCondition, ReadsDatesAndRanges) {
    EXPECT_EQ(parsed(Attribute::StudyDate, "20260102").values,
              std::vector<std::string>{"20260102"});
    EXPECT_EQ(parsed(Attribute::StudyDate, "2026.01.02").values,
              std::vector<std::string>{"20260102"});
    const auto range = parsed(Attribute::StudyDate, "20260102-20260203");
    EXPECT_EQ(range.kind, Kind::Range);
    EXPECT_EQ(range.from, "20260102");
    EXPECT_EQ(range.to, "20260203");
    EXPECT_EQ(parsed(Attribute::StudyDate, "20260102-").to, "");
    EXPECT_EQ(parsed(Attribute::StudyDate, "-20260102").from, "");
    for (const char* bad :
         {"2026", "20261301", "20260230", "-", "2026-01-02", "abc", "2026010?"}) {
        const auto condition = parse_condition(Attribute::StudyDate, bad);
        ASSERT_FALSE(condition) << bad;
        EXPECT_NE(condition.error().message.find("StudyDate"), std::string::npos);
    }
}

TEST(ParseCondition, TakesAShortenedTimeForAllThatBeginSo) {
    const auto hour = parsed(Attribute::StudyTime, "10");
    EXPECT_EQ(hour.kind, Kind::Begins);
    EXPECT_EQ(hour.from, "100000.000000");
    EXPECT_GE(hour.to, "105960.999999");
    EXPECT_LT(hour.to, "110000.000000");
    const auto range = parsed(Attribute::StudyTime, "1015-110000.5");
    EXPECT_EQ(range.from, "101500.000000");
    EXPECT_EQ(range.to, "110000.599999");
    for (const char* bad : {"1", "24", "1060", "101500.", "10:15:00.0000000", "-", "ten"}) {
        EXPECT_FALSE(parse_condition(Attribute::StudyTime, bad)) << bad;
    }
}

TEST(ParseCondition, ReadsNumbersByValue) {
    EXPECT_EQ(parsed(Attribute::InstanceNumber, "007").numbers, std::vector<std::int64_t>{7});
    EXPECT_EQ(parsed(Attribute::InstanceNumber, " +7 ").numbers, std::vector<std::int64_t>{7});
    EXPECT_FALSE(parse_condition(Attribute::InstanceNumber, "7x"));
    EXPECT_FALSE(parse_condition(Attribute::Rows, "99999999999999999999"));
}

TEST(ParseCondition, RefusesWhatIsReturnedOnly) {
    EXPECT_EQ(parse_condition(Attribute::NumberOfStudyRelatedSeries, "1").error().code,
              ErrorCode::Unsupported);
}

TEST(FoldName, ForgetsCaseAndEmptyComponentsOnly) {
    EXPECT_EQ(fold_name("DOE^Jane^^"), "doe^jane");
    EXPECT_EQ(fold_name("Müller^ÄNNE"), "müller^änne");
    EXPECT_EQ(fold_name("STRASSE"), fold_name("straße"));  // Unicode CaseFolding.txt: full
    EXPECT_EQ(fold_name("Yamada^Tarou=山田^太郎^=やまだ^たろう"),
              "yamada^tarou=山田^太郎=やまだ^たろう");
    EXPECT_EQ(fold_name(""), "");
    EXPECT_EQ(fold_name("\xff\xfe"), fold_name("\xff\xfe")) << "no crash on what is no UTF-8";
}

TEST(TimeKey, ComparesAsTextLikeTimesDo) {
    EXPECT_EQ(time_key("1015"), "101500.000000");
    EXPECT_EQ(time_key("10:15:30"), "101530.000000");
    EXPECT_EQ(time_key("101530.25"), "101530.250000");
    for (const char* none : {"", "1", "25", "1030.5", "noon", "101530.1234567"}) {
        EXPECT_EQ(time_key(none), "") << none;
    }
}

}  // namespace
}  // namespace larmor::catalog
