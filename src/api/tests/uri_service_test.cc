#include "api/tests/api_fixture.h"

namespace larmor::api {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

/// A CT of one frame, a dose of fifteen, a compressed CT and a report.
struct UriService : testing::Test {
    static void SetUpTestSuite() {
        api_ = std::make_unique<ApiServer>();
        for (auto [name, uids] : {std::pair{"syntax/pydicom/CT_small.dcm", &ct_},
                                  {"syntax/pydicom/rtdose.dcm", &dose_},
                                  {"syntax/pydicom/JPEG2000.dcm", &jpeg_2000_},
                                  {"modality/sr/test-SR.dcm", &report_}}) {
            const auto file = test_file(name);
            LARMOR_CHECK(file.has_value());
            *uids = uids_of(content_of(*file));
            api_->store_files({*file});
        }
        api_->wait_until_prepared();
    }
    static void TearDownTestSuite() { api_.reset(); }
    static inline std::unique_ptr<ApiServer> api_;
    static inline FileUids ct_, dose_, jpeg_2000_, report_;

    static http::ClientResponse ask(const FileUids& uids, const std::string& further = {},
                                    std::string_view accept = {}) {
        http::Headers headers;
        if (!accept.empty()) {
            headers.add("Accept", accept);
        }
        return api_->get("/wado?requestType=WADO&studyUID=" + uids.study + "&seriesUID=" +
                             uids.series + "&objectUID=" + uids.instance + further,
                         std::move(headers));
    }
    static std::string type_of(const http::ClientResponse& response) {
        return std::string(response.headers.get("Content-Type"));
    }
    static std::string rendered(const FileUids& uids, const std::string& below) {
        return api_->get("/dicomweb" + uids.path() + below, {{"Accept", "image/png"}}).body;
    }
};

TEST_F(UriService, OneFrameIsAPictureAndEverythingElseTheObject) {
    EXPECT_EQ(type_of(ask(ct_)), "image/jpeg");
    EXPECT_EQ(type_of(ask(ct_, {}, "*/*")), "image/jpeg");
    EXPECT_THAT(type_of(ask(dose_)), StartsWith("application/dicom"));
    EXPECT_EQ(type_of(ask(dose_, "&frameNumber=2")), "image/jpeg");
    EXPECT_THAT(type_of(ask(report_)), StartsWith("application/dicom"));
    EXPECT_EQ(ask(report_, "&contentType=image/jpeg").status, 406);
    EXPECT_EQ(ask(ct_, "&studyUID=").status, 200) << "the first of a name counts";
    FileUids other = ct_;
    other.instance = "9.9";
    EXPECT_EQ(ask(other).status, 404);
    EXPECT_EQ(api_->get("/wado?requestType=WADO").status, 400);
}

TEST_F(UriService, TheFirstListThatNamesWhatThereIsDecides) {
    EXPECT_EQ(type_of(ask(ct_, "&contentType=image/jp2,image/png", "image/gif")), "image/png");
    EXPECT_EQ(type_of(ask(ct_, "&contentType=image/jp2", "image/gif")), "image/gif");
    EXPECT_EQ(type_of(ask(ct_, "&contentType=image/png;q=0.1,image/webp")), "image/webp");
    const auto refused = ask(ct_, "&contentType=image/jp2", "text/html");
    EXPECT_EQ(refused.status, 406);
    EXPECT_THAT(refused.body, HasSubstr("image/jpeg image/png image/gif image/webp"));
    EXPECT_THAT(ask(dose_, "&contentType=image/gif").body, StartsWith("GIF89a"));
}

TEST_F(UriService, PicturesAreThoseOfTheRenderedService) {
    const auto picture = [](const FileUids& uids, const std::string& further) {
        const auto response = ask(uids, "&contentType=image/png" + further);
        EXPECT_EQ(response.status, 200) << response.body;
        return response.body;
    };
    EXPECT_EQ(picture(ct_, ""), rendered(ct_, "/rendered"));
    EXPECT_EQ(picture(dose_, "&frameNumber=7"), rendered(dose_, "/frames/7/rendered"));
    EXPECT_EQ(picture(dose_, ""), rendered(dose_, "/rendered"));
    EXPECT_EQ(picture(ct_, "&rows=32&columns=64"), rendered(ct_, "/rendered?viewport=64,32"));
    EXPECT_EQ(picture(ct_, "&windowCenter=40&windowWidth=400"),
              rendered(ct_, "/rendered?window=40,400,linear"));
    // Of 128 x 128: from the column 32 to the right, the upper half.
    EXPECT_EQ(picture(ct_, "&region=0.25,0,1,0.5&rows=64&columns=96"),
              rendered(ct_, "/rendered?viewport=96,64,32,0,96,64"));
    EXPECT_EQ(picture(ct_, "&annotation=patient"),
              rendered(ct_, "/rendered?annotation=patient"));
    EXPECT_EQ(ask(dose_, "&frameNumber=16").status, 404);
    EXPECT_LT(ask(ct_, "&imageQuality=10").body.size(), ask(ct_).body.size());
    EXPECT_EQ(ask(ct_, "&anonymize=yes").status, 406);
}

TEST_F(UriService, TheObjectComesInTheTransferSyntaxThatIsThere) {
    const auto object = [](const FileUids& uids, const std::string& further) {
        return ask(uids, "&contentType=application/dicom" + further);
    };
    const auto native = object(jpeg_2000_, "");
    ASSERT_EQ(native.status, 200) << native.body;
    EXPECT_EQ(type_of(native), "application/dicom; transfer-syntax=1.2.840.10008.1.2.1");
    EXPECT_EQ(uids_of(native.body).instance, jpeg_2000_.instance);
    EXPECT_EQ(uids_of(native.body).transfer_syntax, dicom::kExplicitLittleUid);
    const auto stored = object(jpeg_2000_, "&transferSyntax=" + jpeg_2000_.transfer_syntax);
    EXPECT_EQ(uids_of(stored.body).transfer_syntax, jpeg_2000_.transfer_syntax);
    EXPECT_EQ(stored.body, content_of(*test_file("syntax/pydicom/JPEG2000.dcm")));
    // What nobody can make is the default instead (PS3.18 section 8.7.3).
    EXPECT_EQ(uids_of(object(jpeg_2000_, "&transferSyntax=1.2.840.10008.1.2.4.80").body)
                  .transfer_syntax,
              dicom::kExplicitLittleUid);
    EXPECT_THAT(object(ct_, "&charset=utf-8").headers.get("Warning"), HasSubstr("charset"));
    EXPECT_EQ(object(ct_, "&frameNumber=1").status, 400);
}

}  // namespace
}  // namespace larmor::api
