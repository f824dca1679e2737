#include "api/tests/api_fixture.h"

namespace larmor::api {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

/// A CT of one frame, a dose of fifteen, a compressed CT and a report.
struct UriService : testing::Test {
    static void SetUpTestSuite() {
        server = std::make_unique<ApiServer>();
        for (auto [name, uids] : {std::pair{"syntax/pydicom/CT_small.dcm", &ct_uids},
                                  {"syntax/pydicom/rtdose.dcm", &dose_uids},
                                  {"syntax/pydicom/JPEG2000.dcm", &jpeg_2000_uids},
                                  {"modality/sr/test-SR.dcm", &report_uids}}) {
            const auto file = test_file(name);
            LARMOR_CHECK(file.has_value());
            *uids = uids_of(content_of(*file));
            server->store_files({*file});
        }
        server->wait_until_prepared();
    }
    static void TearDownTestSuite() { server.reset(); }
    static inline std::unique_ptr<ApiServer> server;
    static inline FileUids ct_uids, dose_uids, jpeg_2000_uids, report_uids;

    static http::ClientResponse ask(const FileUids& uids, const std::string& further = {},
                                    std::string_view accept = {}) {
        http::Headers headers;
        if (!accept.empty()) {
            headers.add("Accept", accept);
        }
        return server->get("/wado?requestType=WADO&studyUID=" + uids.study + "&seriesUID=" +
                               uids.series + "&objectUID=" + uids.instance + further,
                           std::move(headers));
    }
    static std::string type_of(const http::ClientResponse& response) {
        return std::string(response.headers.get("Content-Type"));
    }
    static std::string rendered(const FileUids& uids, const std::string& below) {
        return server->get("/dicomweb" + uids.path() + below, {{"Accept", "image/png"}}).body;
    }
};

TEST_F(UriService, OneFrameIsAPictureAndEverythingElseTheObject) {
    EXPECT_EQ(type_of(ask(ct_uids)), "image/jpeg");
    EXPECT_EQ(type_of(ask(ct_uids, {}, "*/*")), "image/jpeg");
    EXPECT_THAT(type_of(ask(dose_uids)), StartsWith("application/dicom"));
    EXPECT_EQ(type_of(ask(dose_uids, "&frameNumber=2")), "image/jpeg");
    EXPECT_EQ(type_of(ask(report_uids)), "text/html; charset=utf-8");
    EXPECT_THAT(type_of(ask(report_uids, "&contentType=application/dicom")),
                StartsWith("application/dicom"));
    EXPECT_EQ(ask(report_uids, "&contentType=image/jpeg").status, 406);
    EXPECT_EQ(ask(ct_uids, "&studyUID=").status, 200) << "the first of a name counts";
    FileUids other = ct_uids;
    other.instance = "9.9";
    EXPECT_EQ(ask(other).status, 404);
    EXPECT_EQ(server->get("/wado?requestType=WADO").status, 400);
}

TEST_F(UriService, TheFirstListThatNamesWhatThereIsDecides) {
    EXPECT_EQ(type_of(ask(ct_uids, "&contentType=image/jp2,image/png", "image/gif")),
              "image/png");
    EXPECT_EQ(type_of(ask(ct_uids, "&contentType=image/jp2", "image/gif")), "image/gif");
    EXPECT_EQ(type_of(ask(ct_uids, "&contentType=image/png;q=0.1,image/webp")), "image/webp");
    const auto refused = ask(ct_uids, "&contentType=image/jp2", "text/html");
    EXPECT_EQ(refused.status, 406);
    EXPECT_THAT(refused.body, HasSubstr("image/jpeg image/png image/gif image/webp"));
    EXPECT_THAT(ask(dose_uids, "&contentType=image/gif").body, StartsWith("GIF89a"));
}

TEST_F(UriService, PicturesAreThoseOfTheRenderedService) {
    const auto picture = [](const FileUids& uids, const std::string& further) {
        const auto response = ask(uids, "&contentType=image/png" + further);
        EXPECT_EQ(response.status, 200) << response.body;
        return response.body;
    };
    EXPECT_EQ(picture(ct_uids, ""), rendered(ct_uids, "/rendered"));
    EXPECT_EQ(picture(dose_uids, "&frameNumber=7"), rendered(dose_uids, "/frames/7/rendered"));
    EXPECT_EQ(picture(dose_uids, ""), rendered(dose_uids, "/rendered"));
    EXPECT_EQ(picture(ct_uids, "&rows=32&columns=64"),
              rendered(ct_uids, "/rendered?viewport=64,32"));
    EXPECT_EQ(picture(ct_uids, "&windowCenter=40&windowWidth=400"),
              rendered(ct_uids, "/rendered?window=40,400,linear"));
    // Of 128 x 128: from the column 32 to the right, the upper half.
    EXPECT_EQ(picture(ct_uids, "&region=0.25,0,1,0.5&rows=64&columns=96"),
              rendered(ct_uids, "/rendered?viewport=96,64,32,0,96,64"));
    EXPECT_EQ(picture(ct_uids, "&annotation=patient"),
              rendered(ct_uids, "/rendered?annotation=patient"));
    EXPECT_EQ(ask(dose_uids, "&frameNumber=16").status, 404);
    EXPECT_LT(ask(ct_uids, "&imageQuality=10").body.size(), ask(ct_uids).body.size());
    EXPECT_EQ(ask(ct_uids, "&anonymize=yes").status, 406);
}

TEST_F(UriService, TheObjectComesInTheTransferSyntaxThatIsThere) {
    const auto object = [](const FileUids& uids, const std::string& further) {
        return ask(uids, "&contentType=application/dicom" + further);
    };
    const auto native = object(jpeg_2000_uids, "");
    ASSERT_EQ(native.status, 200) << native.body;
    EXPECT_EQ(type_of(native), "application/dicom; transfer-syntax=1.2.840.10008.1.2.1");
    EXPECT_EQ(uids_of(native.body).instance, jpeg_2000_uids.instance);
    EXPECT_EQ(uids_of(native.body).transfer_syntax, dicom::kExplicitLittleUid);
    const auto stored =
        object(jpeg_2000_uids, "&transferSyntax=" + jpeg_2000_uids.transfer_syntax);
    EXPECT_EQ(uids_of(stored.body).transfer_syntax, jpeg_2000_uids.transfer_syntax);
    EXPECT_EQ(stored.body, content_of(*test_file("syntax/pydicom/JPEG2000.dcm")));
    // What nobody can make is the default instead (PS3.18 section 8.7.3).
    EXPECT_EQ(uids_of(object(jpeg_2000_uids, "&transferSyntax=1.2.840.10008.1.2.4.80").body)
                  .transfer_syntax,
              dicom::kExplicitLittleUid);
    EXPECT_THAT(object(ct_uids, "&charset=utf-8").headers.get("Warning"), HasSubstr("charset"));
    EXPECT_EQ(object(ct_uids, "&frameNumber=1").status, 400);
}

}  // namespace
}  // namespace larmor::api
