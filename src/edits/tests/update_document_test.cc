#include "edits/update_document.h"

#include <gtest/gtest.h>

#include "edits/rules.h"

namespace larmor::edits {
namespace {

Result<UpdateDocument> updatable(std::string_view json) {
    UpdateDocument document;
    TRY_VOID(read_updatable(json, document));
    return document;
}
std::string error_of(std::string_view json) {
    const auto read = updatable(json);
    return read ? "" : read.error().message;
}

TEST(UpdateDocument, IsReadAsTheServiceWritesIt) {
    const auto read = updatable(R"({"SchemaVersion": 1.1,
        "Patient": {"DICOM": {"PatientName": "MX^MX", "PatientSex": null}},
        "Study": {"DICOM": {"StudyDescription": "CHEST"}, "Series": {"1.2.3": {
            "DICOM": {"SeriesNumber": "4", "RequestAttributesSequence":
                [{"RequestedProcedureID": "R1", "ScheduledProcedureStepID": "S1"}]},
            "Instances": {"1.2.3.4": {"DICOM": {"00091001": "x", "InstanceNumber": 7,
                "ImageType": ["ORIGINAL", "PRIMARY"]}, "DICOMVRs": {"00091001": "LO"}}}}}}})");
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(read->series_instance_uid, "1.2.3");
    EXPECT_TRUE(read->changes_study());
    std::vector<std::string> all;
    for (const Update& update : read->updates) {
        all.push_back(update.sop_instance_uid + '|' + to_string(update.change.path) + '|' +
                      update.change.element);
    }
    const std::string sequence =
        R"({"vr":"SQ","Value":[{"00400009":{"vr":"SH","Value":["S1"]},)"
        R"("00401001":{"vr":"SH","Value":["R1"]}}]})";
    EXPECT_EQ(all, (std::vector<std::string>{
                       R"(|00100010|{"vr":"PN","Value":[{"Alphabetic":"MX^MX"}]})",
                       R"(|00100040|{"vr":"CS"})",
                       R"(|00081030|{"vr":"LO","Value":["CHEST"]})",
                       R"(|00200011|{"vr":"IS","Value":[4]})",
                       "|00400275|" + sequence,
                       R"(1.2.3.4|00091001|{"vr":"LO","Value":["x"]})",
                       R"(1.2.3.4|00200013|{"vr":"IS","Value":[7]})",
                       R"(1.2.3.4|00080008|{"vr":"CS","Value":["ORIGINAL","PRIMARY"]})",
                   }));
}

TEST(UpdateDocument, TakesPathsAndDataElementsToo) {
    const auto read = updatable(R"({"Study": {"Series": {"1.2": {"DICOM": {
        "RequestAttributesSequence/0/RequestedProcedureID": "R",
        "RequestAttributesSequence/1": {"RequestedProcedureID": "Q"},
        "00091001": {"vr": "LO", "Value": ["y"]}}}}}})");
    ASSERT_TRUE(read) << read.error().message;
    ASSERT_EQ(read->updates.size(), 3U);
    EXPECT_EQ(to_string(read->updates[0].change.path), "00400275/0/00401001");
    EXPECT_EQ(read->updates[1].change.element, R"({"00401001":{"vr":"SH","Value":["Q"]}})");
    EXPECT_EQ(read->updates[2].change.element, R"({"vr":"LO","Value":["y"]})");
}

TEST(UpdateDocument, RemovesWhatIsNamedWhateverItsValue) {
    UpdateDocument document;
    ASSERT_TRUE(read_removable(
        R"({"Patient": {"DICOM": {"PatientComments": null, "PatientWeight": "70"}}})",
        document));
    ASSERT_EQ(document.updates.size(), 2U);
    EXPECT_TRUE(document.updates[0].change.removes());
    EXPECT_TRUE(document.updates[1].change.removes());
}

TEST(UpdateDocument, NamesWhatIsWrongAndRepeatsNoValue) {
    EXPECT_EQ(error_of("[]"), "an update is a JSON object");
    EXPECT_NE(error_of(R"({"Patients": {}})").find("SchemaVersion"), std::string::npos);
    EXPECT_EQ(error_of(R"({"Patient": {"DICOM": {"SeriesNumber": "1"}}})"),
              "attribute (0020,0011) belongs to series, not to patient and study");
    EXPECT_EQ(error_of(R"({"Study": {"Series": {"1.2": {"DICOM": {"00091001": "secret"}}}}})"),
              "attribute (0009,1001) is not in the dictionary: name its VR in DICOMVRs");
    EXPECT_EQ(error_of(R"({"Study": {"DICOM": {"StudyDate": {"secret": 1}}}})"),
              "attribute (0008,0020) has an object as its value that is no data element");
    EXPECT_NE(error_of(R"({"Study": {"Series": {"x": {}}}})").find("UID"), std::string::npos);
    EXPECT_NE(error_of(R"({"Study": {"Series": {"1.2": {}, "1.3": {}}}})").find("one series"),
              std::string::npos);
}

TEST(UpdateDocument, PixelsAndFileMetaAreNeverEdited) {
    for (const char* path : {"Rows", "BitsStored", "PixelData", "SOPClassUID",
                             "TransferSyntaxUID", "SpecificCharacterSet", "60003000",
                             "OriginalAttributesSequence/0", "IconImageSequence/0/PixelData"}) {
        UpdateDocument document;
        document.updates.push_back(
            {.sop_instance_uid = {},
             .change = {.path = *parse_path(path), .element = {}, .version = 0, .time = {}}});
        EXPECT_FALSE(check_rules(document, Force::Yes)) << path;
    }
}

TEST(UpdateDocument, UidsAreSetByForceAndNeverRemoved) {
    const auto of_instance = [](std::string_view attribute) {
        return R"({"Study": {"Series": {"1.2": {"Instances": {"1.2.3": {"DICOM": {)" +
               std::string(attribute) + "}}}}}}}";
    };
    const std::string good[] = {
        R"({"Study": {"DICOM": {"StudyInstanceUID": "1.2.9"}}})",
        R"({"Study": {"Series": {"1.2": {"DICOM": {"SeriesInstanceUID": "1.2.9"}}}}})",
        of_instance(R"("SOPInstanceUID": "1.2.9")"),
        of_instance(R"("SOPInstanceUID": {"vr": "UI", "Value": ["1.2.9"]})")};
    for (const std::string& json : good) {
        const auto document = updatable(json);
        ASSERT_TRUE(document) << json;
        EXPECT_FALSE(check_rules(*document, Force::No)) << json;
        EXPECT_TRUE(check_rules(*document, Force::Yes)) << json;
        UpdateDocument removed;
        ASSERT_TRUE(read_removable(json, removed));
        EXPECT_FALSE(check_rules(removed, Force::Yes)) << json;
    }
    const std::string bad[] = {
        // Of all instances.
        R"({"Study": {"Series": {"1.2": {"DICOM": {"SOPInstanceUID": "1.2.9"}}}}})",
        of_instance(R"("SOPInstanceUID": null)"),
        of_instance(R"("SOPInstanceUID": ["1.2", "1.3"])"),
        of_instance(R"("SOPInstanceUID": "1.2.x")"),
        of_instance(R"("SOPInstanceUID": {"vr": "LO", "Value": ["1.2"]})"),
        of_instance(R"("SOPInstanceUID/0": {})")};
    for (const std::string& json : bad) {
        UpdateDocument document;
        const bool is_read = read_updatable(json, document).has_value();
        EXPECT_FALSE(is_read && check_rules(document, Force::Yes)) << json;
    }
}

TEST(UpdateDocument, SomeNeedForce) {
    UpdateDocument document;
    document.updates.push_back(
        {.sop_instance_uid = "1.2",
         .change = {.path = *parse_path("00091001"), .element = {}, .version = 0, .time = {}}});
    EXPECT_FALSE(check_rules(document, Force::No));
    EXPECT_TRUE(check_rules(document, Force::Yes));
    document.updates[0] = {
        .sop_instance_uid = {},
        .change = {.path = *parse_path("StudyID"), .element = {}, .version = 0, .time = {}}};
    EXPECT_FALSE(check_rules(document, Force::No));
    EXPECT_TRUE(check_rules(document, Force::Yes));
    document.updates[0].change.path = *parse_path("WindowCenter");
    EXPECT_TRUE(check_rules(document, Force::No));
}

}  // namespace
}  // namespace larmor::edits
