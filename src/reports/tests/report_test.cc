#include "reports/report.h"

#include <filesystem>

#include "base/file.h"
#include "dicom/file.h"
#include "dicom/json_read.h"
#include "dicom/json_write.h"

namespace larmor::reports {
namespace {

using testing::HasSubstr;
using testing::Not;

ByteBuffer data_set_of(const std::string& name) {
    std::filesystem::path path =
        std::filesystem::path(LARMOR_SOURCE_DIR "/../shared/data/dicom/modality/sr") / name;
    if (!std::filesystem::exists(path)) {
        path = std::filesystem::path("/usr/lib/python3/dist-packages/pydicom/data/test_files") /
               name;
    }
    const auto mapped = MappedFile::open(path);
    EXPECT_TRUE(mapped) << path;
    const auto file = dicom::open_file(mapped->bytes());
    std::string json;
    EXPECT_TRUE(dicom::write_json(json, file->data_set, file->encoding, {}));
    auto data_set = dicom::read_json(json);
    EXPECT_TRUE(data_set) << data_set.error().message;
    return data_set.value_or(ByteBuffer());
}

/// A Basic Text SR of one container with one text.
std::string report_json(const std::string& text, unsigned depth = 1) {
    const std::string code = R"("0040A043":{"vr":"SQ","Value":[{)"
                             R"("00080100":{"vr":"SH","Value":["1"]},)"
                             R"("00080102":{"vr":"SH","Value":["99X"]},)"
                             R"("00080104":{"vr":"LO","Value":["Finding"]}}]})";
    std::string item = R"({"0040A010":{"vr":"CS","Value":["CONTAINS"]},)"
                       R"("0040A040":{"vr":"CS","Value":["TEXT"]},)" +
                       code + R"(,"0040A160":{"vr":"UT","Value":[")" + text + R"("]}})";
    for (unsigned i = 1; i < depth; ++i) {
        std::string outer = R"({"0040A010":{"vr":"CS","Value":["CONTAINS"]},)"
                            R"("0040A040":{"vr":"CS","Value":["CONTAINER"]},)";
        outer += code;
        outer +=
            R"(,"0040A050":{"vr":"CS","Value":["SEPARATE"]},"0040A730":{"vr":"SQ","Value":[)";
        item = outer.append(item).append("]}}");
    }
    return R"({"00080016":{"vr":"UI","Value":["1.2.840.10008.5.1.4.1.1.88.11"]},)"
           R"("00080018":{"vr":"UI","Value":["1.2.3"]},)"
           R"("00080060":{"vr":"CS","Value":["SR"]},)"
           R"("00100010":{"vr":"PN","Value":[{"Alphabetic":"<b>Doe</b>^Jöhn"}]},)"
           R"("0020000D":{"vr":"UI","Value":["1.2.1"]},"0020000E":{"vr":"UI","Value":["1.2.2"]},)"
           R"("0040A040":{"vr":"CS","Value":["CONTAINER"]},)"
           R"("0040A050":{"vr":"CS","Value":["SEPARATE"]},)" +
           code +
           R"(,"0040A491":{"vr":"CS","Value":["COMPLETE"]},)"
           R"("0040A493":{"vr":"CS","Value":["UNVERIFIED"]},"0040A730":{"vr":"SQ","Value":[)" +
           item + "]}}";
}

TEST(Report, IsAPageAndAText) {
    const auto report = render_report(data_set_of("test-SR.dcm"));
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_THAT(report->html, HasSubstr("<title>Comprehensive SR Document</title>"));
    EXPECT_THAT(report->html, HasSubstr("charset=UTF-8"));
    EXPECT_THAT(report->html, HasSubstr("</html>"));
    EXPECT_THAT(report->text, HasSubstr("Comprehensive SR Document"));
}

TEST(Report, PointsToNobodysServer) {
    const auto report = render_report(data_set_of("reportsi.dcm"));
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_THAT(report->html, Not(HasSubstr("localhost")));
    EXPECT_THAT(report->html, Not(HasSubstr("<script")));
}

TEST(Report, IsTextWhateverTheTextSays) {
    const auto data_set = dicom::read_json(report_json("<script>x()</script> & Größe"));
    ASSERT_TRUE(data_set) << data_set.error().message;
    const auto report = render_report(*data_set);
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_THAT(report->html, Not(HasSubstr("<script")));
    EXPECT_THAT(report->html, Not(HasSubstr("<b>Doe")));
    EXPECT_THAT(report->html, HasSubstr("&lt;script&gt;x()&lt;/script&gt; &amp; Größe"));
    EXPECT_THAT(report->html, HasSubstr("Jöhn"));
    EXPECT_THAT(report->text, HasSubstr("<script>x()</script> & Größe"));
}

TEST(Report, MayBeDeep) {
    const auto data_set = dicom::read_json(report_json("the end", 60));
    ASSERT_TRUE(data_set) << data_set.error().message;
    const auto report = render_report(*data_set);
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_THAT(report->html, HasSubstr("the end"));
}

TEST(Report, SaysWhyThereIsNone) {
    for (const Bytes data_set : {Bytes(), as_bytes("no data set at all")}) {
        const auto report = render_report(data_set);
        ASSERT_FALSE(report);
        EXPECT_EQ(report.error().code, ErrorCode::Unsupported);
        EXPECT_THAT(report.error().message, HasSubstr("can't be understood"));
    }
    EXPECT_THAT(render_report(ByteBuffer(kReportMaxBytes + 1)).error().message,
                HasSubstr("the limit is 16777216"));
    EXPECT_TRUE(is_report("1.2.840.10008.5.1.4.1.1.88.33"));
    EXPECT_FALSE(is_report("1.2.840.10008.5.1.4.1.1.2"));
}

}  // namespace
}  // namespace larmor::reports
