#include "dicom/native_xml_read.h"

#include <cstdio>
#include <filesystem>
#include <iostream>

#include "base/file.h"
#include "dicom/file.h"
#include "dicom/json_read.h"
#include "dicom/json_write.h"
#include "dicom/native_xml.h"

namespace larmor::dicom {
namespace {

using testing::HasSubstr;

std::string model(std::string_view content) {
    return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<NativeDicomModel "
           "xmlns=\"http://dicom.nema.org/PS3.19/models/NativeDICOM\" xml:space=\"preserve\">" +
           std::string(content) + "</NativeDicomModel>\n";
}
std::string json_from(std::string_view content) {
    const auto json = json_of_native_xml(model(content));
    EXPECT_TRUE(json) << json.error().message;
    return json.value_or("");
}

// PS3.19 section A.1.6 and PS3.18 section F.4, element by element.
TEST(NativeXmlRead, ReadsEveryFormOfAValue) {
    EXPECT_EQ(json_from(R"(
        <DicomAttribute tag="00080050" vr="SH" keyword="AccessionNumber"/>
        <DicomAttribute tag="00080020" vr="DA"><Value number="1">20130409</Value>
        </DicomAttribute>)"),
              R"({"00080020":{"vr":"DA","Value":["20130409"]},"00080050":{"vr":"SH"}})");
    EXPECT_EQ(json_from(R"(<DicomAttribute tag="00100010" vr="PN"><PersonName number="1">
        <Alphabetic><FamilyName>Wang</FamilyName><GivenName>XiaoDong</GivenName>
        <NamePrefix>Dr.</NamePrefix></Alphabetic><Ideographic><GivenName>小東</GivenName>
        <FamilyName>王</FamilyName></Ideographic></PersonName></DicomAttribute>)"),
              R"({"00100010":{"vr":"PN","Value":[{"Alphabetic":"Wang^XiaoDong^^Dr.",)"
              R"("Ideographic":"王^小東"}]}})");
    EXPECT_EQ(
        json_from(R"(<DicomAttribute tag="00281050" vr="DS"><Value number="2"> 4.50</Value>)"
                  R"(<Value number="4">1</Value></DicomAttribute>)"),
        R"({"00281050":{"vr":"DS","Value":[null," 4.50",null,"1"]}})");
    EXPECT_EQ(
        json_from(R"(<DicomAttribute tag="7FE00010" vr="OW"><BulkData uri="a?b=1&amp;c"/>)"
                  R"(</DicomAttribute><DicomAttribute tag="00420011" vr="OB"><InlineBinary>AA)"
                  "\n  E=</InlineBinary></DicomAttribute>"),
        R"({"00420011":{"vr":"OB","InlineBinary":"AAE="},)"
        R"("7FE00010":{"vr":"OW","BulkDataURI":"a?b=1&c"}})");
    EXPECT_EQ(
        json_from(R"(<DicomAttribute tag="00081140" vr="SQ"><Item number="1"/>)"
                  R"(<Item number="2"><DicomAttribute tag="00080050" vr="SH"><Value )"
                  R"(number="1">&lt;"\</Value></DicomAttribute></Item></DicomAttribute>)"),
        R"({"00081140":{"vr":"SQ","Value":[{},)"
        R"({"00080050":{"vr":"SH","Value":["<\"\\"]}}]}})");
    EXPECT_EQ(*json_of_native_xml("<NativeDicomModel/>"), "{}");
}

// PS3.19 table A.1.5-2: privateCreator.
TEST(NativeXmlRead, FindsTheBlockOfAPrivateCreator) {
    constexpr auto kOther = R"(<DicomAttribute tag="00090010" vr="LO"><Value number="1">Other)"
                            R"(</Value></DicomAttribute>)";
    constexpr auto kElement =
        R"(<DicomAttribute tag="00090002" vr="SH" privateCreator="A &quot;)"
        R"("><Value number="1">x</Value></DicomAttribute>)";
    EXPECT_EQ(json_from(std::string(kElement) + kOther),
              R"({"00090010":{"vr":"LO","Value":["Other"]},)"
              R"("00090011":{"vr":"LO","Value":["A \""]},)"
              R"("00091102":{"vr":"SH","Value":["x"]}})");
    EXPECT_EQ(json_from(std::string(kElement) +
                        R"(<DicomAttribute tag="00090020" vr="LO"><Value number="1">A ")"
                        R"(</Value></DicomAttribute>)"),
              R"({"00090020":{"vr":"LO","Value":["A \""]},)"
              R"("00092002":{"vr":"SH","Value":["x"]}})");
}

TEST(NativeXmlRead, RefusesWhatIsNoSuchDocument) {
    const auto value = [](std::string_view number) {
        return model(R"(<DicomAttribute tag="00080050" vr="SH"><Value number=")" +
                     std::string(number) + R"(">x</Value></DicomAttribute>)");
    };
    for (const auto& [bad, word] : std::vector<std::pair<std::string, std::string>>{
             {"", "no element"},
             {"<NativeDicomModel>", "no element found"},
             {"<other/>", "does not belong"},
             {model("<Value/>"), "does not belong"},
             {model("<DicomAttribute vr=\"SH\"/>"), "no tag"},
             {model("<DicomAttribute tag=\"00080050\"/>"), "no vr"},
             {model(R"(<DicomAttribute tag="00080050" vr="SH"/>)"
                    R"(<DicomAttribute tag="00080050" vr="SH"/>)"),
              "twice"},
             {model(R"(<DicomAttribute tag="00080050" vr="SH"><Item number="1"/>)"
                    R"(</DicomAttribute>)"),
              "this VR"},
             {model(R"(<DicomAttribute tag="00080050" vr="SH"><BulkData/></DicomAttribute>)"),
              "neither uri"},
             {model(R"(<DicomAttribute tag="00080050" vr="SH" privateCreator="x"/>)"),
              "privateCreator"},
             {value("0"), "do not rise"},
             {value("-1"), "do not rise"},
             {value("70000"), "65536 values"},
             {"<!DOCTYPE x [<!ENTITY a \"b\">]><NativeDicomModel/>", "document type"}}) {
        const auto json = json_of_native_xml(bad);
        ASSERT_FALSE(json) << bad;
        EXPECT_THAT(json.error().message, HasSubstr(word)) << bad;
    }
    std::string deep;
    for (int i = 0; i < 100'000; ++i) {
        deep += R"(<DicomAttribute tag="00081140" vr="SQ"><Item number="1">)";
    }
    const auto refused = json_of_native_xml(model(deep));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::LimitExceeded);
}

std::string output_of(const std::string& command) {
    std::FILE* pipe = ::popen(command.c_str(), "r");  // NOLINT(cert-env33-c): our own
    std::string said;
    for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) {
        said += static_cast<char>(c);
    }
    EXPECT_EQ(::pclose(pipe), 0) << command;
    return said;
}

Result<ByteBuffer> data_set_of(std::string_view json) {
    return read_json(json, {.bulk_data = [](const BulkDataReference&) -> Result<BulkData> {
                         return BulkData{};
                     }});
}

/// Ours through XML and back is what JSON alone gives; DCMTK's document is the same data set.
TEST(NativeXmlRead, ReadsWhatWeAndDcmtkWrite) {
    const std::filesystem::path shared =
        LARMOR_SOURCE_DIR "/../shared/data/dicom/syntax/pydicom";
    const std::filesystem::path installed =
        "/usr/lib/python3/dist-packages/pydicom/data/test_files";
    const auto& folder = std::filesystem::exists(shared) ? shared : installed;
    for (const auto* name : {"CT_small.dcm", "MR_small_implicit.dcm", "rtdose.dcm",
                             "nested_priv_SQ.dcm", "rtplan.dcm", "test-SR.dcm"}) {
        const auto path = folder / name;
        if (!std::filesystem::exists(path)) {
            std::cerr << "NOT TESTED, no " << path << '\n';
            continue;
        }
        const auto mapped = MappedFile::open(path);
        const auto file = open_file(mapped->bytes());
        ASSERT_TRUE(file) << file.error().message;
        std::string json;
        ASSERT_TRUE(write_json(json, file->data_set, file->encoding,
                               {.bulk_data_uri = bulk_data_uri_under("http://x")}));
        const auto wanted = data_set_of(json);
        ASSERT_TRUE(wanted) << wanted.error().message;
        const auto documents = native_xml_of("[" + json + "]");
        ASSERT_TRUE(documents) << documents.error().message;
        const auto back = json_of_native_xml(documents->at(0));
        ASSERT_TRUE(back) << name << ": " << back.error().message;
        const auto ours = data_set_of(*back);
        ASSERT_TRUE(ours) << name << ": " << ours.error().message;
        EXPECT_EQ(*ours, *wanted) << name;

        const auto theirs = json_of_native_xml(
            output_of("dcm2xml --native-format '" + path.string() + "' 2>/dev/null"));
        ASSERT_TRUE(theirs) << name << ": " << theirs.error().message;
        const auto data_set = data_set_of(*theirs);
        ASSERT_TRUE(data_set) << name << ": " << data_set.error().message;
        EXPECT_GT(data_set->size(), 500U) << name;
    }
}

}  // namespace
}  // namespace larmor::dicom
