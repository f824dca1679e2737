#include <algorithm>

#include "api/tests/api_fixture.h"

namespace larmor::api {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

/// Width and height of a baseline JPEG, from its frame header (ITU-T T.81 section B.2.2).
std::pair<unsigned, unsigned> size_of_jpeg(const std::string& jpeg) {
    const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(jpeg.at(at)); };
    std::size_t at = 2;
    while (byte(at) == 0xff) {
        const unsigned marker = byte(at + 1);
        if (marker == 0xc0 || marker == 0xc2) {
            return {byte(at + 7) << 8 | byte(at + 8), byte(at + 5) << 8 | byte(at + 6)};
        }
        at += 2 + (byte(at + 2) << 8 | byte(at + 3));
    }
    return {0, 0};
}

/// A CT of one frame, a dose of fifteen, a report, and a study of two series: two CTs and an
/// instance without an image.
struct RenderedTest : testing::Test {
    static void SetUpTestSuite() {
        server = std::make_unique<ApiServer>();
        for (auto [name, uids] : {std::pair{"syntax/pydicom/CT_small.dcm", &ct_uids},
                                  {"syntax/pydicom/rtdose.dcm", &dose_uids},
                                  {"modality/sr/test-SR.dcm", &report_uids}}) {
            const auto file = test_file(name);
            LARMOR_CHECK(file.has_value());
            *uids = uids_of(content_of(*file));
            server->store_files({*file});
        }
        for (const auto& [series, instance, bytes] : {std::tuple{"1.1.1", "1.1.1.1", 512},
                                                      {"1.1.1", "1.1.1.2", 512},
                                                      {"1.1.2", "1.1.2.1", 0}}) {
            EXPECT_EQ(server
                          ->store({make_instance({.study = "1.1",
                                                  .series = series,
                                                  .instance = instance,
                                                  .pixel_bytes = std::size_t(bytes)})})
                          .status,
                      200);
        }
        server->wait_until_prepared();
    }
    static void TearDownTestSuite() { server.reset(); }
    static inline std::unique_ptr<ApiServer> server;
    static inline FileUids ct_uids, dose_uids, report_uids;

    static http::ClientResponse get(const std::string& path, std::string_view accept = {},
                                    http::Headers headers = {}) {
        if (!accept.empty()) {
            headers.add("Accept", accept);
        }
        return server->get("/dicomweb" + path, std::move(headers));
    }
};

TEST_F(RenderedTest, AnInstanceIsAJpegOfItsSize) {
    const auto response = get(ct_uids.path() + "/rendered");
    ASSERT_EQ(response.status, 200) << response.body;
    EXPECT_EQ(response.headers.get("Content-Type"), "image/jpeg");
    EXPECT_EQ(size_of_jpeg(response.body), (std::pair{128U, 128U}));
    const auto png = get(ct_uids.path() + "/frames/1/rendered", "image/png");
    EXPECT_EQ(png.headers.get("Content-Type"), "image/png");
    EXPECT_TRUE(png.body.starts_with("\x89PNG"));
    const auto windowed = get(ct_uids.path() + "/rendered?window=-500,100,linear");
    EXPECT_EQ(windowed.status, 200);
    EXPECT_NE(windowed.body, response.body);
    EXPECT_LT(get(ct_uids.path() + "/rendered?quality=10").body.size(), response.body.size());
    EXPECT_EQ(get(ct_uids.path() + "/rendered", {},
                  {{"If-None-Match", std::string(response.headers.get("ETag"))}})
                  .status,
              304);
}

TEST_F(RenderedTest, AViewportIsFilledWithoutDistortion) {
    const auto size = [](const std::string& viewport) {
        return size_of_jpeg(get(ct_uids.path() + "/rendered?viewport=" + viewport).body);
    };
    EXPECT_EQ(size("64,32"), (std::pair{32U, 32U}));
    EXPECT_EQ(size("512,300"), (std::pair{300U, 300U}));
    EXPECT_EQ(size("100,100,0,0,64,32"), (std::pair{100U, 50U}));
    EXPECT_EQ(get(ct_uids.path() + "/rendered?viewport=100,100,128,0").status, 400);
    // Mirrored twice it is itself again.
    const auto whole = get(ct_uids.path() + "/rendered?viewport=128,128", "image/png").body;
    const auto mirrored =
        get(ct_uids.path() + "/rendered?viewport=128,128,,,-128,128", "image/png").body;
    EXPECT_NE(mirrored, whole);
    EXPECT_EQ(get(ct_uids.path() + "/rendered?viewport=128,128,0,0,128,128", "image/png").body,
              whole);
}

TEST_F(RenderedTest, SeveralFramesAreAMultipart) {
    for (const auto* accept :
         {"", "image/jpeg", R"(multipart/related; type="image/jpeg")",
          "multipart/related; type=image/png;q=0.5, image/jpeg;q=0.1", "multipart/related"}) {
        const auto response = get(dose_uids.path() + "/frames/3,1/rendered", accept);
        ASSERT_EQ(response.status, 200) << accept << response.body;
        const auto parts = parts_of(response);
        ASSERT_THAT(parts, SizeIs(2)) << accept;
        const bool png = std::string_view(accept).find("png") != std::string_view::npos;
        for (const auto& [index, frame] : {std::pair{0U, "3"}, {1U, "1"}}) {
            EXPECT_EQ(parts[index].content_type, png ? "image/png" : "image/jpeg");
            EXPECT_EQ(parts[index].data,
                      get(dose_uids.path() + "/frames/" + frame + "/rendered",
                          png ? "image/png" : "image/jpeg")
                          .body)
                << accept;
            EXPECT_THAT(response.body,
                        HasSubstr("Content-Location: " + server->base() + dose_uids.path() +
                                  "/frames/" + frame + "/rendered\r\n"));
        }
        EXPECT_THAT(response.headers.get("Content-Type"),
                    HasSubstr(png ? "type=\"image/png\"" : "type=\"image/jpeg\""));
    }
    EXPECT_EQ(get(dose_uids.path() + "/frames/1,16/rendered").status, 404);
    EXPECT_EQ(get(dose_uids.path() + "/frames/1,x/rendered").status, 400);
    // With the same parameters as one.
    const auto parts = parts_of(get(dose_uids.path() + "/frames/1,2/rendered?viewport=5,5"));
    EXPECT_EQ(size_of_jpeg(parts.at(1).data), (std::pair{5U, 5U}));
}

TEST_F(RenderedTest, OnePictureIsAMultipartOnlyWhereNothingElseIsTaken) {
    const auto alone = get(ct_uids.path() + "/rendered", "image/jpeg");
    for (const auto& path : {ct_uids.path(), ct_uids.path() + "/frames/1"}) {
        const auto parts =
            parts_of(get(path + "/rendered", R"(multipart/related; type="image/jpeg")"));
        ASSERT_THAT(parts, SizeIs(1));
        EXPECT_EQ(parts[0].data, alone.body);
    }
    EXPECT_EQ(get(ct_uids.path() + "/rendered", "*/*").headers.get("Content-Type"),
              "image/jpeg");
    EXPECT_EQ(
        get(ct_uids.path() + "/rendered", R"(multipart/related; type="image/jp2")").status,
        406);
}

TEST_F(RenderedTest, StudiesAndSeriesAreTheirInstances) {
    const auto series = get("/studies/1.1/series/1.1.1/rendered");
    ASSERT_EQ(series.status, 200) << series.body;
    const auto parts = parts_of(series);
    ASSERT_THAT(parts, SizeIs(2));
    for (const auto& part : parts) {
        EXPECT_EQ(part.content_type, "image/jpeg");
        EXPECT_EQ(size_of_jpeg(part.data), (std::pair{16U, 16U}));
    }
    EXPECT_THAT(series.body, HasSubstr("/instances/1.1.1.1/frames/1/rendered"));
    EXPECT_THAT(series.body, HasSubstr("/instances/1.1.1.2/frames/1/rendered"));

    const auto dose = parts_of(get("/studies/" + dose_uids.study + "/rendered?viewport=20,20",
                                   R"(multipart/related; type="image/png")"));
    ASSERT_THAT(dose, SizeIs(1));
    EXPECT_EQ(dose[0].data,
              get(dose_uids.path() + "/rendered?viewport=20,20", "image/png").body);
    EXPECT_EQ(get("/studies/9.9/rendered").status, 404);
    EXPECT_EQ(get("/studies/1.1/rendered?window=1").status, 400);
    EXPECT_EQ(get("/studies/1.1/rendered", "video/mp4").status, 406);
}

// PS3.18 section 10.4.3.1.
TEST_F(RenderedTest, APartOfAStudyIs206AndNothingOfItIs406) {
    const auto mixed = get("/studies/1.1/rendered");
    EXPECT_EQ(mixed.status, 206);
    EXPECT_THAT(parts_of(mixed), SizeIs(2));
    EXPECT_THAT(mixed.headers.get("Warning"), HasSubstr("1 instances have no picture"));
    for (const std::string& path :
         {std::string("/studies/1.1/series/1.1.2"), report_uids.path() + "/frames/1"}) {
        const auto nothing = get(path + "/rendered");
        EXPECT_EQ(nothing.status, 406) << path << nothing.body;
        EXPECT_THAT(nothing.body, HasSubstr("no picture can be made")) << path;
    }
    for (const std::string& path : {"/studies/" + report_uids.study, report_uids.path()}) {
        EXPECT_EQ(get(path + "/rendered", "image/*").status, 406) << path;
    }
}

TEST_F(RenderedTest, RefusesPicturesThatCannotBeMade) {
    EXPECT_EQ(get(ct_uids.path() + "/rendered", "image/jp2").status, 406);
    EXPECT_EQ(get(ct_uids.path() + "/rendered", "image/jpeg;q=0, image/jp2").status, 406);
    EXPECT_EQ(get(ct_uids.path() + "/rendered", "image/jpeg;q=0, image/*")
                  .headers.get("Content-Type"),
              "image/png");
    EXPECT_EQ(get(ct_uids.path() + "/rendered?window=1").status, 400);
    EXPECT_EQ(get(ct_uids.path() + "/frames/2/rendered").status, 404);
}

TEST_F(RenderedTest, ThumbnailsAreSmallJpegsAtEveryLevel) {
    for (const std::string& path : {"/studies/" + ct_uids.study,
                                    "/studies/" + ct_uids.study + "/series/" + ct_uids.series,
                                    ct_uids.path(), ct_uids.path() + "/frames/1"}) {
        const auto response = get(path + "/thumbnail");
        ASSERT_EQ(response.status, 200) << path << response.body;
        EXPECT_EQ(response.headers.get("Content-Type"), "image/jpeg");
        const auto [width, height] = size_of_jpeg(response.body);
        EXPECT_TRUE(width > 0 && width <= 128 && height > 0 && height <= 128) << path;
        EXPECT_EQ(get(path + "/thumbnail", {},
                      {{"If-None-Match", std::string(response.headers.get("ETag"))}})
                      .status,
                  304)
            << path;
        // In another form and size at every level too.
        const auto small = get(path + "/thumbnail?viewport=40,20");
        EXPECT_EQ(size_of_jpeg(small.body), (std::pair{20U, 20U})) << path;
        EXPECT_TRUE(get(path + "/thumbnail", "image/png").body.starts_with("\x89PNG")) << path;
        EXPECT_EQ(get(path + "/thumbnail?viewport=9,9,0,0,5,5").status, 400) << path;
    }
    const auto of_list = get(dose_uids.path() + "/frames/2,3/thumbnail");
    EXPECT_EQ(of_list.headers.get("Content-Type"), "image/jpeg") << "one picture only";
    EXPECT_EQ(get(report_uids.path() + "/thumbnail").status, 406);
    EXPECT_EQ(get("/studies/" + report_uids.study + "/thumbnail").status, 406);
    EXPECT_EQ(get("/studies/9.9/thumbnail").status, 404);
}

/// What a picture of a frame that can't be drawn after others were is replaced by.
TEST(RenderedBroken, ABrokenFrameIsAProblemAmongPictures) {
    ApiServer api;
    const auto path = test_file("syntax/pydicom/SC_rgb_rle_2frame.dcm");
    ASSERT_TRUE(path);
    std::string bytes = content_of(*path);
    // RLE's header of the second frame: a number of segments that is none (PS3.5 annex G.5).
    const std::string header("\x03\0\0\0\x40\0\0\0", 8);
    const auto second = bytes.find(header, bytes.find(header) + 1);
    ASSERT_NE(second, std::string::npos);
    bytes[second] = 99;
    EXPECT_EQ(api.store({bytes}).status, 200);
    api.wait_until_prepared();
    const std::string base = "/dicomweb" + uids_of(bytes).path();
    const auto response = api.get(base + "/frames/1,2/rendered");
    ASSERT_EQ(response.status, 200) << response.body;
    const auto parts = parts_of(response);
    ASSERT_THAT(parts, SizeIs(2));
    EXPECT_EQ(parts[0].content_type, "image/jpeg");
    EXPECT_EQ(parts[1].content_type, "application/problem+json");
    EXPECT_THAT(parts[1].data, HasSubstr("\"status\":406"));
    EXPECT_EQ(api.get(base + "/frames/2,1/rendered").status, 406);
    EXPECT_EQ(api.get(base + "/frames/2/rendered").status, 406);
}

}  // namespace
}  // namespace larmor::api
