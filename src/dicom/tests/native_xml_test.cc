#include "dicom/native_xml.h"

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>

#include "base/file.h"
#include "dicom/file.h"
#include "dicom/json_write.h"

namespace larmor::dicom {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

std::string xml_of(const std::string& object) {
    const auto documents = native_xml_of("[" + object + "]");
    EXPECT_TRUE(documents) << documents.error().message;
    return documents && documents->size() == 1 ? documents->front() : std::string();
}

// The examples of PS3.18 section F.4 and PS3.19 section A.1.6, element by element.
TEST(NativeXml, WritesEveryFormOfAValue) {
    EXPECT_THAT(
        xml_of(R"({"00080020":{"vr":"DA","Value":["20130409"]},"00080050":{"vr":"SH"}})"),
        HasSubstr(R"(<DicomAttribute tag="00080020" vr="DA" keyword="StudyDate"><Value )"
                  R"(number="1">20130409</Value></DicomAttribute><DicomAttribute )"
                  R"(tag="00080050" vr="SH" keyword="AccessionNumber"></DicomAttribute>)"));
    EXPECT_THAT(
        xml_of(R"({"00100010":{"vr":"PN","Value":[{"Alphabetic":"Wang^XiaoDong^^Dr.",)"
               R"("Ideographic":"王^小東"}]}})"),
        HasSubstr("<PersonName number=\"1\"><Alphabetic><FamilyName>Wang</FamilyName>"
                  "<GivenName>XiaoDong</GivenName><NamePrefix>Dr.</NamePrefix></Alphabetic>"
                  "<Ideographic><FamilyName>王</FamilyName><GivenName>小東</GivenName>"
                  "</Ideographic></PersonName>"));
    EXPECT_THAT(xml_of(R"({"00281050":{"vr":"DS","Value":[40.50,null,-1e3]},)"
                       R"("7FE00010":{"vr":"OW","BulkDataURI":"http://x/?a=1&b"},)"
                       R"("00420011":{"vr":"OB","InlineBinary":"AAE="}})"),
                HasSubstr("<Value number=\"1\">40.50</Value><Value number=\"3\">-1e3</Value>"));
    EXPECT_THAT(xml_of(R"({"7FE00010":{"vr":"OW","BulkDataURI":"http://x/?a=1&b"}})"),
                HasSubstr(R"(<BulkData uri="http://x/?a=1&amp;b"/>)"));
    EXPECT_THAT(xml_of(R"({"00420011":{"vr":"OB","InlineBinary":"AAE="}})"),
                HasSubstr("<InlineBinary>AAE=</InlineBinary>"));
    EXPECT_THAT(xml_of(R"({"00081140":{"vr":"SQ","Value":[{},{"00080050":{"vr":"SH"}}]}})"),
                HasSubstr(R"(<Item number="1"></Item><Item number="2"><DicomAttribute )"));
    EXPECT_THAT(
        xml_of(R"({"00090010":{"vr":"LO","Value":["A & B"]},)"
               R"("00091002":{"vr":"SH","Value":["<x>"]},)"
               R"("00091102":{"vr":"SH"}})"),
        HasSubstr(R"(<DicomAttribute tag="00090002" vr="SH" privateCreator="A &amp; B">)"
                  R"(<Value number="1">&lt;x&gt;</Value></DicomAttribute>)"
                  R"(<DicomAttribute tag="00091102" vr="SH">)"));
    EXPECT_THAT(*native_xml_of("[]"), SizeIs(0));
    EXPECT_THAT(*native_xml_of("[{},{}]"), SizeIs(2));
}

TEST(NativeXml, RefusesWhatIsNoDicomJson) {
    for (const auto* bad : {"", "{}", "[1]", "[{\"0008\":{}}]", "[{\"00080005\":1}]",
                            R"([{"00080005":{"Value":["x"],"vr":"CS"}}])",
                            R"([{"00080005":{"vr":"CS","Value":[[]]}}])",
                            R"([{"00100010":{"vr":"PN","Value":[{"Other":"x"}]}}])",
                            R"([{"00080005":{"vr":"CS")"}) {
        EXPECT_FALSE(native_xml_of(bad)) << bad;
    }
    std::string deep = "{}";
    for (int i = 0; i < 66; ++i) {
        std::string outer = R"({"00081140":{"vr":"SQ","Value":[)";
        deep = outer.append(deep).append("]}}");
    }
    const auto refused = native_xml_of("[" + deep + "]");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::LimitExceeded);
}

TEST(NativeXml, SaysWhatDcmtkSays) {
    const std::filesystem::path shared =
        LARMOR_SOURCE_DIR "/../shared/data/dicom/syntax/pydicom";
    const std::filesystem::path installed =
        "/usr/lib/python3/dist-packages/pydicom/data/test_files";
    const auto& folder = std::filesystem::exists(shared) ? shared : installed;
    const auto xml_path = std::filesystem::temp_directory_path() /
                          ("larmor_native_" + std::to_string(::getpid()) + ".xml");
    for (const auto* name : {"CT_small.dcm", "MR_small_implicit.dcm", "rtdose.dcm",
                             "ExplVR_BigEnd.dcm", "image_dfl.dcm"}) {
        const auto path = folder / name;
        if (!std::filesystem::exists(path)) {
            std::cerr << "no " << path << '\n';
            continue;
        }
        const auto mapped = MappedFile::open(path);
        ASSERT_TRUE(mapped);
        const auto file = open_file(mapped->bytes());
        ASSERT_TRUE(file) << file.error().message;
        std::string json = "[";
        ASSERT_TRUE(write_json(json, file->data_set, file->encoding,
                               {.bulk_data_uri = bulk_data_uri_under("http://x")}));
        const auto documents = native_xml_of(json + "]");
        ASSERT_TRUE(documents) << documents.error().message;
        std::ofstream(xml_path) << documents->at(0);
        const std::string command = "/usr/bin/python3 " LARMOR_SOURCE_DIR
                                    "/src/dicom/tests/native_xml_oracle.py '" +
                                    xml_path.string() + "' '" + path.string() + "'";
        std::FILE* pipe = ::popen(command.c_str(), "r");  // NOLINT(cert-env33-c): our own
        ASSERT_NE(pipe, nullptr);
        std::string said;
        for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) {
            said += static_cast<char>(c);
        }
        EXPECT_EQ(::pclose(pipe), 0) << name;
        EXPECT_EQ(std::ranges::count(said, '\n'), 1) << name << '\n' << said;
        EXPECT_GT(std::stoi(said), 10) << name;
    }
    std::filesystem::remove(xml_path);
}

}  // namespace
}  // namespace larmor::dicom
