#include <gtest/gtest.h>

#include "dicom/json_write.h"
#include "dicom/tags.h"
#include "dicom/writer.h"
#include "edits/apply_data_set.h"
#include "edits/apply_json.h"

namespace larmor::edits {
namespace {

namespace tags = dicom::tags;
namespace vr = dicom::vr;

Change change(std::string_view path, std::string element, std::int64_t version = 2) {
    return {.path = *parse_path(path),
            .element = std::move(element),
            .version = version,
            .time = Time(std::chrono::seconds(1'767'225'600))};  // 2026-01-01
}

/// A sequence with two items, a private block, text in Latin-1.
ByteBuffer data_set(dicom::Encoding encoding) {
    dicom::Writer writer(encoding);
    writer.text(tags::SpecificCharacterSet, vr::CS, "ISO_IR 100");
    writer.text(tags::StudyDescription, vr::LO,
                "Sch\xe4"
                "del");
    writer.text(tags::PatientName, vr::PN, "Doe^Jane");
    writer.text(tags::PatientID, vr::LO, "P1");
    writer.text(tags::PatientWeight, vr::DS, "070.50");
    writer.number(tags::PixelRepresentation, vr::US, 1);
    writer.start_sequence(tags::RequestAttributesSequence);
    for (const char* id : {"A", "B"}) {
        writer.start_item();
        writer.text(tags::ScheduledProcedureStepID, vr::SH, id);
        writer.end_item();
    }
    writer.end_sequence();
    return writer.take();
}

std::string json_of(Bytes bytes, dicom::Encoding encoding) {
    std::string json;
    const auto written = dicom::write_json(json, bytes, encoding);
    return written ? json : "error: " + written.error().message;
}

const std::string kOriginalItemEnd =
    R"("04000562":{"vr":"DT","Value":["20260101000000.000000+0000"]},)"
    R"("04000563":{"vr":"LO","Value":["LARMOR"]},"04000564":{"vr":"LO"},)"
    R"("04000565":{"vr":"CS","Value":["CORRECT"]}}]})";

class BothEncodings : public testing::TestWithParam<dicom::Encoding> {
protected:
    /// What a file and what its metadata become must be the same.
    std::string applied(const Changes& changes) {
        const ByteBuffer before = data_set(GetParam());
        const auto edited = apply_to_data_set(before, GetParam(), changes);
        if (!edited) return "error: " + edited.error().message;
        const auto json = apply_to_json(json_of(before, GetParam()), changes);
        EXPECT_TRUE(json) << json.error().message;
        EXPECT_EQ(json_of(*edited, GetParam()), *json);
        return *json;
    }
};

TEST_P(BothEncodings, AValueIsReplacedAndTheOldOneIsKept) {
    const auto json =
        applied({change("PatientName", R"({"vr":"PN","Value":[{"Alphabetic":"ANON^ANON"}]})")});
    EXPECT_NE(json.find(R"("00100010":{"vr":"PN","Value":[{"Alphabetic":"ANON^ANON"}]})"),
              std::string::npos)
        << json;
    EXPECT_NE(json.find(R"("04000561":{"vr":"SQ","Value":[{"04000550":{"vr":"SQ","Value":[)"
                        R"({"00100010":{"vr":"PN","Value":[{"Alphabetic":"Doe^Jane"}]}}]},)" +
                        kOriginalItemEnd),
              std::string::npos)
        << json;
    EXPECT_NE(json.find("Schädel"), std::string::npos) << "other text is as it was";
    EXPECT_NE(json.find("70.50"), std::string::npos) << "numbers keep their digits";
}

TEST_P(BothEncodings, AnAttributeIsRemovedAndAnotherAdded) {
    const auto json = applied(
        {change("PatientID", ""), change("PatientComments", R"({"vr":"LT","Value":["new"]})")});
    EXPECT_EQ(json.find("00100020"), json.rfind("00100020")) << "only among the original ones";
    EXPECT_NE(json.find(R"("00104000":{"vr":"LT","Value":["new"]})"), std::string::npos);
    EXPECT_EQ(json.find("00104000"), json.rfind("00104000")) << "there was none before";
}

TEST_P(BothEncodings, AnAttributeInAnItemIsChangedAlone) {
    const auto json =
        applied({change("RequestAttributesSequence/1/RequestedProcedureID",
                        R"({"vr":"SH","Value":["R"]})"),
                 change("RequestAttributesSequence/0/ScheduledProcedureStepID", "")});
    EXPECT_NE(json.find(R"("00400275":{"vr":"SQ","Value":[{},{"00400009":{"vr":"SH","Value":)"
                        R"(["B"]},"00401001":{"vr":"SH","Value":["R"]}}]})"),
              std::string::npos)
        << json;
}

TEST_P(BothEncodings, AnItemIsRemovedOrAddedAtTheEndAndNotBehindAGap) {
    const auto json = applied(
        {change("RequestAttributesSequence/0", ""),
         change("RequestAttributesSequence/1", R"({"00400009":{"vr":"SH","Value":["C"]}})"),
         change("RequestAttributesSequence/7/ScheduledProcedureStepID",
                R"({"vr":"SH","Value":["D"]})")});
    EXPECT_NE(json.find(R"("00400275":{"vr":"SQ","Value":[{"00400009":{"vr":"SH","Value":["B"])"
                        R"(}},{"00400009":{"vr":"SH","Value":["C"]}}]})"),
              std::string::npos)
        << json;
}

TEST_P(BothEncodings, ASequenceThatIsNotThereIsMade) {
    const auto json =
        applied({change("ProcedureCodeSequence/0/CodeValue", R"({"vr":"SH","Value":["1"]})")});
    EXPECT_NE(
        json.find(R"("00081032":{"vr":"SQ","Value":[{"00080100":{"vr":"SH","Value":["1"]}}]})"),
        std::string::npos)
        << json;
}

TEST_P(BothEncodings, TextThatTheCharacterSetCanNotHoldMakesItUtf8) {
    const auto json =
        applied({change("PatientName", R"({"vr":"PN","Value":[{"Alphabetic":"山田"}]})")});
    EXPECT_NE(json.find(R"("00080005":{"vr":"CS","Value":["ISO_IR 192"]})"), std::string::npos);
    EXPECT_NE(json.find("Schädel"), std::string::npos) << json;
    EXPECT_NE(json.find("山田"), std::string::npos) << json;
}

INSTANTIATE_TEST_SUITE_P(Edits, BothEncodings,
                         testing::Values(dicom::kExplicitLittle, dicom::kImplicitLittle),
                         [](const auto& encoding) {
                             return encoding.param.vr == dicom::VrForm::Explicit ? "Explicit"
                                                                                 : "Implicit";
                         });

TEST(Edits, WhatIsNotChangedGoesOnByteForByte) {
    const ByteBuffer before = data_set(dicom::kExplicitLittle);
    const auto edited =
        apply_to_data_set(before, dicom::kExplicitLittle, {change("PatientID", "")});
    ASSERT_TRUE(edited);
    const std::string_view stored = as_text(before);
    const std::string_view now = as_text(*edited);
    const auto id = dicom::find(before, dicom::kExplicitLittle, tags::PatientID);
    ASSERT_TRUE(id && *id);
    EXPECT_TRUE(now.starts_with(stored.substr(0, (*id)->offset)));
    // Behind (0010,0020), before (0400,0561).
    const auto rest = stored.substr((*id)->next);
    EXPECT_EQ(now.substr((*id)->offset, rest.size()), rest);
}

TEST(Edits, ADocumentIsReadAsItWasWrittenAndDoesNotGrowWithEdits) {
    Changes changes;
    for (int version = 2; version < 1000; ++version) {
        add_change(changes, change("PatientName", R"({"vr":"PN"})", version));
        add_change(changes, change("00091001", "", version));
    }
    ASSERT_EQ(changes.size(), 2U);
    const auto read = parse_document(to_document(changes));
    ASSERT_TRUE(read) << read.error().message;
    ASSERT_EQ(read->size(), 2U);
    EXPECT_EQ(read->at(0).version, 999);
    EXPECT_EQ(read->at(0).element, R"({"vr":"PN"})");
    EXPECT_TRUE(read->at(1).removes());
    EXPECT_EQ(to_document(*read), to_document(changes));
    EXPECT_FALSE(parse_document(R"({"changes":[{"path":"x"}]})"));
}

TEST(Edits, TheLaterOneOfAllInstancesAndOfOneCounts) {
    const Changes all = {change("PatientComments", R"({"vr":"LT","Value":["all"]})", 4)};
    const auto of_one = [&](std::int64_t version) {
        const Changes one = {
            change("PatientComments", R"({"vr":"LT","Value":["one"]})", version)};
        return *apply_to_json("{}", merged(all, one), OriginalAttributes::Leave);
    };
    EXPECT_EQ(of_one(3), R"({"00104000":{"vr":"LT","Value":["all"]}})");
    EXPECT_EQ(of_one(5), R"({"00104000":{"vr":"LT","Value":["one"]}})");
}

TEST(Edits, PathsAreTagsOrKeywordsAndItems) {
    const auto path = parse_path("RequestAttributesSequence/12/00400007");
    ASSERT_TRUE(path);
    EXPECT_EQ(to_string(*path), "00400275/12/00400007");
    EXPECT_EQ(to_string(*parse_path("00400275/3")), "00400275/3");
    for (const char* wrong : {"", "Nonsense", "00400275/x/00400007", "00400275/", "0040",
                              "00400275/1/", "00400275/-1", "00400275/100000"}) {
        EXPECT_FALSE(parse_path(wrong)) << wrong;
    }
}

}  // namespace
}  // namespace larmor::edits
