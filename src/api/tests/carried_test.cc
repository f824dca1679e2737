#include <fstream>

#include "api/tests/api_fixture.h"
#include "dicom/rewrite.h"
#include "dicom/writer.h"

namespace larmor::api {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;

constexpr std::string_view kMp4Syntax = "1.2.840.10008.1.2.4.102";
constexpr std::string_view kMpeg2Syntax = "1.2.840.10008.1.2.4.100";
constexpr std::string_view kHevcSyntax = "1.2.840.10008.1.2.4.107";

struct Made {
    std::string instance;
    std::string sop_class;
    std::string transfer_syntax{dicom::kExplicitLittleUid};

    std::string path() const {
        return "/dicomweb/studies/1.5/series/1.5.1/instances/" + instance;
    }
    dicom::Writer begin() const {
        ByteBuffer bytes;
        dicom::write_file_meta({.media_storage_sop_class_uid = sop_class,
                                .media_storage_sop_instance_uid = instance,
                                .transfer_syntax_uid = transfer_syntax,
                                .source_application_entity_title = {}},
                               bytes);
        dicom::Writer writer(dicom::kExplicitLittle, std::move(bytes));
        writer.text({0x0008, 0x0016}, dicom::vr::UI, sop_class);
        writer.text({0x0008, 0x0018}, dicom::vr::UI, instance);
        writer.text({0x0010, 0x0020}, dicom::vr::LO, "P1");
        writer.text({0x0020, 0x000d}, dicom::vr::UI, "1.5");
        writer.text({0x0020, 0x000e}, dicom::vr::UI, "1.5.1");
        return writer;
    }
    std::string document(std::string_view bytes, std::string_view type,
                         std::optional<std::uint64_t> length) const {
        dicom::Writer writer = begin();
        writer.element({0x0042, 0x0011}, dicom::vr::OB, as_bytes(bytes));
        writer.text({0x0042, 0x0012}, dicom::vr::LO, type);
        if (length) {
            writer.number({0x0042, 0x0015}, dicom::vr::UL, *length);
        }
        return to_string(writer.take());
    }
    std::string video(const std::vector<std::string>& fragments) const {
        dicom::Writer writer = begin();
        writer.number({0x0028, 0x0002}, dicom::vr::US, 3);
        writer.text({0x0028, 0x0004}, dicom::vr::CS, "YBR_PARTIAL_420");
        writer.number({0x0028, 0x0006}, dicom::vr::US, 0);
        writer.text({0x0028, 0x0008}, dicom::vr::IS, "25");
        writer.number({0x0028, 0x0010}, dicom::vr::US, 1080);
        writer.number({0x0028, 0x0011}, dicom::vr::US, 1920);
        writer.number({0x0028, 0x0100}, dicom::vr::US, 8);
        writer.number({0x0028, 0x0101}, dicom::vr::US, 8);
        writer.number({0x0028, 0x0102}, dicom::vr::US, 7);
        writer.number({0x0028, 0x0103}, dicom::vr::US, 0);
        writer.start_fragments({0x7fe0, 0x0010}, dicom::vr::OB);
        writer.fragment({});
        for (const std::string& fragment : fragments) {
            writer.fragment(as_bytes(fragment));
        }
        writer.end_fragments();
        return to_string(writer.take());
    }
};

const Made kHtml{"1.5.1.1", "1.2.840.10008.5.1.4.1.1.104.2"};
const Made kStl{"1.5.1.2", "1.2.840.10008.5.1.4.1.1.104.3"};
const Made kOdd{"1.5.1.3", "1.2.840.10008.5.1.4.1.1.104.1"};
const Made kMp4{"1.5.1.4", "1.2.840.10008.5.1.4.1.1.77.1.1.1", std::string(kMp4Syntax)};
const Made kMpeg2{"1.5.1.5", "1.2.840.10008.5.1.4.1.1.77.1.1.1", std::string(kMpeg2Syntax)};
const Made kHevc{"1.5.1.6", "1.2.840.10008.5.1.4.1.1.77.1.1.1", std::string(kHevcSyntax)};
const Made kNothing{"1.5.1.7", "1.2.840.10008.5.1.4.1.1.104.1"};
const Made kPdf{"1.5.1.8", "1.2.840.10008.5.1.4.1.1.104.1"};

/// Two fragments; the second begins in the middle of the stream (PS3.5 section 8.2.7).
const std::string kBox = std::string("\0\0\0\x18", 4) + "ftypisom" + std::string(5000, 'v');
const std::string kRest(3000, 'w');

struct CarriedTest : testing::Test {
    static void SetUpTestSuite() {
        server = std::make_unique<ApiServer>();
        pdf_file = test_file("modality/pdf/sample-pdf.dcm").value_or("");
        if (pdf_file.empty()) {
            pdf_file = server->folder.parent_path() /
                       (server->folder.filename().string() + ".pdf.dcm");
            std::ofstream(pdf_file, std::ios::binary) << kPdf.document(
                "%PDF-1.4\n" + std::string(1001, '%'), "application/pdf", 1010);
            made_pdf_file = pdf_file;
        }
        pdf_uids = uids_of(content_of(pdf_file));
        server->store_files({pdf_file});
        const auto stored = server->store({
            kHtml.document("<script>alert(1)</script>x", "text/HTML; charset=utf-8", 25),
            kStl.document("solid x ", "model/stl", 8'000),
            kOdd.document("abcd", "no type at all", std::nullopt),
            kMp4.video({kBox, kRest}),
            kMpeg2.video({"not looked into!"}),
            kHevc.video({kBox}),
            kNothing.document("", "application/pdf", 0),
        });
        EXPECT_EQ(stored.status, 200) << stored.body;
        server->wait_until_prepared();
    }
    static void TearDownTestSuite() {
        server.reset();
        if (!made_pdf_file.empty()) std::filesystem::remove(made_pdf_file);
    }
    static inline std::unique_ptr<ApiServer> server;
    static inline std::filesystem::path pdf_file;
    static inline std::filesystem::path made_pdf_file;
    static inline FileUids pdf_uids;

    static http::ClientResponse get(const std::string& path, std::string_view accept = {},
                                    http::Headers headers = {}) {
        if (!accept.empty()) {
            headers.add("Accept", accept);
        }
        return server->get(path, std::move(headers));
    }
};

TEST_F(CarriedTest, APdfIsItself) {
    const std::string path = "/dicomweb" + pdf_uids.path() + "/rendered";
    for (const auto* accept : {"", "application/pdf", "text/html, application/*;q=0.1"}) {
        const auto response = get(path, accept);
        ASSERT_EQ(response.status, 200) << response.body;
        EXPECT_EQ(response.headers.get("Content-Type"), "application/pdf");
        EXPECT_EQ(to_hex(Bytes(sha256(as_bytes(response.body)))),
                  ask_oracle({"value", pdf_file.string(), "00420011"}).at(0));
        EXPECT_EQ(response.headers.get("X-Content-Type-Options"), "nosniff");
        EXPECT_EQ(response.headers.get("Content-Security-Policy"), "") << "it would not show";
    }
    const auto whole = get(path).body;
    EXPECT_TRUE(whole.starts_with("%PDF"));
    const auto range = get(path, {}, {{"Range", "bytes=100-199"}});
    EXPECT_EQ(range.status, 206);
    EXPECT_EQ(range.body, whole.substr(100, 100));
    EXPECT_EQ(get(path, {}, {{"If-None-Match", std::string(range.headers.get("ETag"))}}).status,
              304);
    EXPECT_EQ(get(path, {}, {{"Range", "bytes=99999-"}}).status, 416);
    EXPECT_EQ(get(path, "image/jpeg").status, 406);
    EXPECT_EQ(get(path + "?window=1").status, 400);
    const auto annotated = get(path + "?annotation=patient");
    EXPECT_EQ(annotated.body, whole);
    EXPECT_THAT(annotated.headers.get("Warning"), HasSubstr("not supported: patient"));
    const auto parts = parts_of(get(path, R"(multipart/related; type="application/pdf")"));
    ASSERT_THAT(parts, SizeIs(1));
    EXPECT_EQ(parts[0].data, whole);
}

TEST_F(CarriedTest, ADocumentOfOthersMayDoNothing) {
    const auto html = get(kHtml.path() + "/rendered");
    ASSERT_EQ(html.status, 200) << html.body;
    EXPECT_EQ(html.headers.get("Content-Type"), "text/html");
    EXPECT_EQ(html.body, "<script>alert(1)</script>") << "cut by Encapsulated Document Length";
    EXPECT_THAT(html.headers.get("Content-Security-Policy"), HasSubstr("sandbox;"));
    EXPECT_THAT(html.headers.get("Content-Security-Policy"), HasSubstr("default-src 'none'"));
    EXPECT_EQ(html.headers.get("X-Content-Type-Options"), "nosniff");

    const auto stl = get(kStl.path() + "/rendered", "model/stl");
    EXPECT_EQ(stl.headers.get("Content-Type"), "model/stl");
    EXPECT_EQ(stl.body, "solid x ") << "a length beyond the value is not believed";
    const auto odd = get(kOdd.path() + "/rendered");
    EXPECT_EQ(odd.headers.get("Content-Type"), "application/octet-stream");
    EXPECT_EQ(odd.body, "abcd");
    const auto empty = get(kNothing.path() + "/rendered");
    EXPECT_EQ(empty.status, 200);
    EXPECT_EQ(empty.body, "");
}

TEST_F(CarriedTest, AVideoIsItsStream) {
    const auto video = get(kMp4.path() + "/rendered");
    ASSERT_EQ(video.status, 200) << video.body;
    EXPECT_EQ(video.headers.get("Content-Type"), "video/mp4");
    EXPECT_EQ(video.headers.get("Accept-Ranges"), "bytes");
    EXPECT_TRUE(video.body == kBox + kRest);
    // Across the border of two fragments.
    const auto range =
        get(kMp4.path() + "/rendered", "video/*", {{"Range", "bytes=5000-5099"}});
    EXPECT_EQ(range.status, 206);
    EXPECT_EQ(range.body, (kBox + kRest).substr(5000, 100));
    EXPECT_EQ(get(kMpeg2.path() + "/rendered").headers.get("Content-Type"), "video/mpeg");
    EXPECT_EQ(get(kMpeg2.path() + "/rendered", "video/mp4").status, 406);
    // By its container, and as PS3.18 table 8.7.3-5 calls it.
    EXPECT_EQ(get(kHevc.path() + "/rendered").headers.get("Content-Type"), "video/mp4");
    EXPECT_EQ(get(kHevc.path() + "/rendered", "video/H265").headers.get("Content-Type"),
              "video/h265");
    EXPECT_EQ(get(kMp4.path() + "/rendered", "image/jpeg").status, 406);
    EXPECT_EQ(get(kMp4.path() + "/frames/1/rendered", "video/mp4").status, 406);
}

TEST_F(CarriedTest, AReportIsAPageOrAText) {
    const auto file = test_file("modality/sr/test-SR.dcm");
    ASSERT_TRUE(file);
    server->store_files({*file});
    const auto uids = uids_of(content_of(*file));
    const std::string path = "/dicomweb" + uids.path() + "/rendered";
    for (const auto* accept : {"", "text/html", "*/*"}) {
        const auto page = get(path, accept);
        EXPECT_EQ(page.status, 200) << page.body;
        EXPECT_EQ(page.headers.get("Content-Type"), "text/html; charset=utf-8");
        EXPECT_THAT(page.headers.get("Content-Security-Policy"), HasSubstr("sandbox"));
        EXPECT_THAT(page.body, HasSubstr("<title>Comprehensive SR Document</title>"));
    }
    const auto text = get(path, "text/plain");
    EXPECT_EQ(text.headers.get("Content-Type"), "text/plain; charset=utf-8");
    EXPECT_THAT(text.body, HasSubstr("Comprehensive SR Document"));
    EXPECT_THAT(text.body, Not(HasSubstr("<title>")));
    EXPECT_NE(text.headers.get("ETag"), get(path).headers.get("ETag"));
    EXPECT_EQ(get(path, "image/jpeg").status, 406);
    const auto parts = parts_of(get("/dicomweb/studies/" + uids.study + "/rendered"));
    ASSERT_THAT(parts, SizeIs(1));
    EXPECT_EQ(parts[0].content_type, "text/html; charset=utf-8");
    const auto by_uri = get("/wado?requestType=WADO&studyUID=" + uids.study +
                            "&seriesUID=" + uids.series + "&objectUID=" + uids.instance);
    EXPECT_EQ(by_uri.headers.get("Content-Type"), "text/html; charset=utf-8");
}

TEST_F(CarriedTest, ASeriesIsAllThatIsAccepted) {
    const std::string path = "/dicomweb/studies/1.5/series/1.5.1/rendered";
    const auto all = get(path);
    ASSERT_EQ(all.status, 200) << all.body;
    EXPECT_THAT(parts_of(all), SizeIs(7));
    const auto videos = get(path, "multipart/related; type=\"video/mp4\"");
    EXPECT_EQ(videos.status, 206);
    EXPECT_THAT(videos.headers.get("Warning"), HasSubstr("5 instances"));
    EXPECT_THAT(videos.headers.get("Content-Type"), HasSubstr("type=\"video/mp4\""));
    const auto parts = parts_of(videos);
    ASSERT_THAT(parts, SizeIs(2));
    EXPECT_TRUE(parts[0].data == kBox + kRest);
    EXPECT_THAT(videos.body, HasSubstr("Content-Location: " + server->base() +
                                       "/studies/1.5/series/1.5.1/instances/1.5.1.4/rendered"));
    EXPECT_EQ(get(path, "image/jpeg").status, 406);
}

}  // namespace
}  // namespace larmor::api
