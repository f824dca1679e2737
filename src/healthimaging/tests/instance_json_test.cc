#include "healthimaging/instance_json.h"

namespace larmor::healthimaging {
namespace {

using dicom::Tag;

LeveledAttributes read(std::string json) {
    auto read = read_leveled(json);
    EXPECT_TRUE(read) << read.error().message;
    return read.value_or(LeveledAttributes());
}
/// Of the instance's level.
std::string member(const std::string& tag, const std::string& element) {
    const auto all = read("{\"" + tag + "\":" + element + "}");
    const auto found = all.instance.find(*dicom::parse_tag(tag));
    return found == all.instance.end() ? "" : found->second.member;
}
std::string vrs(const std::string& tag, const std::string& element) {
    const auto all = read("{\"" + tag + "\":" + element + "}");
    return all.instance.at(*dicom::parse_tag(tag)).vr_member;
}

// The forms are those of an image set of the service itself that a public test suite has: a CT
// of the scanner i-CAT.
TEST(InstanceJson, WritesNumbersAsTextOfEvenLengthAndBinaryOnesAsNumbers) {
    EXPECT_EQ(member("00180060", R"({"vr":"DS","Value":[120]})"), R"("KVP":"120 ")");
    EXPECT_EQ(member("00180050", R"({"vr":"DS","Value":[0.25]})"),
              R"("SliceThickness":"0.25")");
    EXPECT_EQ(member("00280008", R"({"vr":"IS","Value":[1]})"), R"("NumberOfFrames":"1 ")");
    EXPECT_EQ(member("00280030", R"({"vr":"DS","Value":[0.25,0.25]})"),
              R"("PixelSpacing":["0.25","0.25 "])");
    EXPECT_EQ(member("00200032", R"({"vr":"DS","Value":[0.000000,0.000000,-2.625000]})"),
              R"("ImagePositionPatient":["0.000000","0.000000","-2.625000 "])");
    EXPECT_EQ(member("00280010", R"({"vr":"US","Value":[640]})"), R"("Rows":640)");
}

TEST(InstanceJson, WritesAnArrayWhereThereMayBeSeveralAndNullWhereThereIsNone) {
    EXPECT_EQ(member("00281050", R"({"vr":"DS","Value":[0]})"), R"("WindowCenter":["0 "])");
    EXPECT_EQ(member("00080008", R"({"vr":"CS","Value":["DERIVED","PRIMARY","AXIAL"]})"),
              R"("ImageType":["DERIVED","PRIMARY","AXIAL"])");
    EXPECT_EQ(member("00181140", R"({"vr":"CS","Value":["CW"]})"),
              R"("RotationDirection":"CW")");
    EXPECT_EQ(member("00200012", R"({"vr":"IS"})"), R"("AcquisitionNumber":null)");
}

TEST(InstanceJson, WritesSequencesAsArraysOfObjects) {
    EXPECT_EQ(
        member("00089215", R"({"vr":"SQ","Value":[{"00080100":{"vr":"SH","Value":["113040"]},)"
                           R"("00080104":{"vr":"LO","Value":["Lossy Compression"]}}]})"),
        R"("DerivationCodeSequence":[{"CodeValue":"113040","CodeMeaning":"Lossy Compression"}])");
    EXPECT_EQ(member("00082112", R"({"vr":"SQ"})"), R"("SourceImageSequence":[])");
}

TEST(InstanceJson, WritesNamesAsAFileHasThem) {
    const auto all = read(
        R"({"00100010":{"vr":"PN","Value":[{"Alphabetic":"Yamada^Tarou","Ideographic":"山田^太郎"}]}})");
    EXPECT_EQ(all.patient.at(Tag(0x0010, 0x0010)).member,
              R"("PatientName":"Yamada^Tarou=山田^太郎")");
}

TEST(InstanceJson, PutsEachAttributeAtItsLevel) {
    const auto all = read(R"({"00080060":{"vr":"CS","Value":["CT"]},)"
                          R"("00100020":{"vr":"LO","Value":["1CT1"]},)"
                          R"("00101010":{"vr":"AS","Value":["000Y"]},)"
                          R"("00120062":{"vr":"CS","Value":["YES"]},)"
                          R"("00200013":{"vr":"IS","Value":[11]}})");
    EXPECT_EQ(all.series.at(Tag(0x0008, 0x0060)).member, R"("Modality":"CT")");
    EXPECT_EQ(all.patient.at(Tag(0x0010, 0x0020)).member, R"("PatientID":"1CT1")");
    EXPECT_EQ(all.study.at(Tag(0x0010, 0x1010)).member, R"("PatientAge":"000Y")");
    EXPECT_EQ(all.patient.at(Tag(0x0012, 0x0062)).member, R"("PatientIdentityRemoved":"YES")");
    EXPECT_EQ(all.instance.at(Tag(0x0020, 0x0013)).member, R"("InstanceNumber":"11")");
}

TEST(InstanceJson, NamesPrivateAttributesByTagAndTellsTheirVr) {
    EXPECT_EQ(member("00091001", R"({"vr":"LO","Value":["x"]})"), R"("00091001":"x")");
    EXPECT_EQ(vrs("00091001", R"({"vr":"LO","Value":["x"]})"), R"("00091001":"LO")");
    EXPECT_EQ(vrs("00189445", R"({"vr":"SQ","Value":[{"00091002":{"vr":"DS","Value":[1]}}]})")
                      .find(R"("00091002":"DS")") != std::string::npos,
              true);
}

TEST(InstanceJson, TellsTheVrWhereTheDictionaryNamesSeveral) {
    EXPECT_EQ(vrs("00280106", R"({"vr":"SS","Value":[-5]})"),
              R"("SmallestImagePixelValue":"SS")");
    EXPECT_EQ(vrs("00280010", R"({"vr":"US","Value":[1]})"), "");
}

TEST(InstanceJson, LeavesPixelDataOutAndSaysWhereBulkDataIs) {
    EXPECT_EQ(member("7FE00010", R"({"vr":"OW","BulkDataURI":"/x"})"), "");
    EXPECT_EQ(member("00282000", R"({"vr":"OB","BulkDataURI":"/dicomweb/x"})"),
              R"("ICCProfile":{"BulkDataURI":"/dicomweb/x"})");
    EXPECT_EQ(member("00282000", R"({"vr":"OB","InlineBinary":"AAE="})"),
              R"("ICCProfile":"AAE=")");
}

TEST(InstanceJson, RefusesWhatIsNoObject) {
    for (std::string json : {"", "[]", "{", R"({"00100010":5})"}) {
        const auto read = read_leveled(json);
        ASSERT_FALSE(read) << json;
        EXPECT_EQ(read.error().code, ErrorCode::InvalidInput);
    }
}

}  // namespace
}  // namespace larmor::healthimaging
