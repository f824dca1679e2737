#include <fstream>

#include "api/tests/api_fixture.h"

namespace larmor::api {
namespace {

using testing::HasSubstr;
using testing::SizeIs;
using testing::StartsWith;

/// What PIL says of a picture: its head, then its frames as `duration\thash`.
std::vector<std::string> seen_by_pil(const std::string& picture) {
    const auto path = std::filesystem::temp_directory_path() /
                      ("larmor_picture_" + std::to_string(::getpid()));
    std::ofstream(path, std::ios::binary) << picture;
    auto lines = ask_oracle({"pictures", path.string()});
    std::filesystem::remove(path);
    return lines;
}
std::string hash_in(const std::string& line) {
    return line.substr(line.find('\t') + 1);
}

/// A CT of one frame and a dose of fifteen.
struct RenderedForms : testing::Test {
    static void SetUpTestSuite() {
        server = std::make_unique<ApiServer>();
        for (auto [name, uids] : {std::pair{"syntax/pydicom/CT_small.dcm", &ct_uids},
                                  {"syntax/pydicom/rtdose.dcm", &dose_uids}}) {
            const auto file = test_file(name);
            LARMOR_CHECK(file.has_value());
            *uids = uids_of(content_of(*file));
            server->store_files({*file});
        }
        server->wait_until_prepared();
    }
    static void TearDownTestSuite() { server.reset(); }
    static inline std::unique_ptr<ApiServer> server;
    static inline FileUids ct_uids, dose_uids;

    static http::ClientResponse get(const std::string& path, std::string_view accept = {},
                                    http::Headers headers = {}) {
        if (!accept.empty()) {
            headers.add("Accept", accept);
        }
        return server->get("/dicomweb" + path, std::move(headers));
    }
};

TEST_F(RenderedForms, GifAndWebpShowWhatPngShows) {
    const auto png = seen_by_pil(get(ct_uids.path() + "/rendered", "image/png").body);
    ASSERT_THAT(png, SizeIs(2));
    for (const auto& [query, accept, format] :
         {std::tuple{"", "image/gif", "GIF\t128\t128"},
          {"?quality=100", "image/webp", "WEBP\t128\t128"}}) {
        const auto response = get(ct_uids.path() + "/rendered" + query, accept);
        ASSERT_EQ(response.status, 200) << response.body;
        EXPECT_EQ(response.headers.get("Content-Type"), accept);
        const auto seen = seen_by_pil(response.body);
        ASSERT_THAT(seen, SizeIs(2));
        EXPECT_EQ(seen[0], format);
        EXPECT_EQ(hash_in(seen[1]), hash_in(png[1])) << accept;
        EXPECT_EQ(get(ct_uids.path() + "/frames/1/rendered" + query, accept).body,
                  response.body);
        EXPECT_EQ(get(ct_uids.path() + "/rendered" + query, accept,
                      {{"If-None-Match", std::string(response.headers.get("ETag"))}})
                      .status,
                  304);
        const auto thumbnail = get(ct_uids.path() + "/thumbnail" + query, accept);
        EXPECT_EQ(thumbnail.headers.get("Content-Type"), accept);
        EXPECT_THAT(seen_by_pil(thumbnail.body).at(0), StartsWith(format));
    }
    EXPECT_LT(get(ct_uids.path() + "/rendered?quality=10", "image/webp").body.size(),
              get(ct_uids.path() + "/rendered?quality=90", "image/webp").body.size());
    const auto parts = parts_of(
        get(dose_uids.path() + "/frames/1,2/rendered", "multipart/related; type=image/gif"));
    ASSERT_THAT(parts, SizeIs(2));
    EXPECT_THAT(parts[1].data, StartsWith("GIF89a"));
}

TEST_F(RenderedForms, AMultiFrameInstanceIsAnAnimatedGif) {
    const auto response = get(dose_uids.path() + "/rendered?viewport=40,40", "image/gif");
    ASSERT_EQ(response.status, 200) << response.body;
    EXPECT_EQ(response.headers.get("Content-Type"), "image/gif");
    const auto seen = seen_by_pil(response.body);
    ASSERT_THAT(seen, SizeIs(1 + 15));
    for (int frame = 1; frame <= 15; frame += 7) {
        const auto path =
            dose_uids.path() + "/frames/" + std::to_string(frame) + "/rendered?viewport=40,40";
        const auto png = seen_by_pil(get(path, "image/png").body);
        EXPECT_EQ(hash_in(seen.at(static_cast<std::size_t>(frame))), hash_in(png.at(1)));
        EXPECT_THAT(seen_by_pil(get(path, "image/gif").body), SizeIs(2)) << "one frame only";
    }
    EXPECT_THAT(seen[1], StartsWith("100\t")) << "a dose says nothing of time";
    EXPECT_EQ(get(dose_uids.path() + "/rendered?viewport=40,40", "image/gif",
                  {{"If-None-Match", std::string(response.headers.get("ETag"))}})
                  .status,
              304);
    // By default it is its first frame.
    EXPECT_EQ(get(dose_uids.path() + "/rendered", "image/png").body,
              get(dose_uids.path() + "/frames/1/rendered", "image/png").body);
}

// PS3.18 section 8.7.8.1.
TEST_F(RenderedForms, WhereTheParameterNamesNothingTheHeaderDecides) {
    const auto type_of = [](const std::string& parameter, std::string_view header) {
        return std::string(get(ct_uids.path() + "/rendered?accept=" + parameter, header)
                               .headers.get("Content-Type"));
    };
    EXPECT_EQ(type_of("image/png", "image/gif"), "image/png");
    EXPECT_EQ(type_of("image/jp2", "image/gif"), "image/gif");
    EXPECT_EQ(type_of("image/jp2", "image/png;q=0.3, image/webp;q=0.4"), "image/webp");
    EXPECT_EQ(get(ct_uids.path() + "/rendered?accept=image/jp2", "video/mp4").status, 406);
    EXPECT_EQ(get(ct_uids.path() + "/thumbnail?accept=image/jp2", "image/png")
                  .headers.get("Content-Type"),
              "image/png");
    const auto series = get("/studies/" + ct_uids.study + "/rendered?accept=image/jp2",
                            "multipart/related; type=image/png");
    EXPECT_EQ(parts_of(series).at(0).content_type, "image/png");
}

// PS3.18 sections 8.3.5.1.1 and 10.4.3.3.4.
TEST_F(RenderedForms, AnnotationsAreInPicturesAndNotInThumbnails) {
    const auto picture = [](const std::string& below) {
        return get(ct_uids.path() + below, "image/png");
    };
    const auto plain = picture("/rendered").body;
    const auto patient = picture("/rendered?annotation=patient");
    const auto technique = picture("/rendered?annotation=technique");
    const auto both = picture("/rendered?annotation=technique,patient");
    EXPECT_EQ(patient.status, 200) << patient.body;
    EXPECT_EQ(patient.headers.get("Warning"), "");
    EXPECT_NE(patient.body, plain);
    EXPECT_NE(technique.body, plain);
    EXPECT_NE(patient.body, technique.body);
    EXPECT_NE(both.body, patient.body);
    EXPECT_EQ(picture("/rendered?annotation=name").status, 400);

    for (const std::string& path :
         {ct_uids.path() + "/thumbnail", "/studies/" + ct_uids.study + "/thumbnail"}) {
        const auto annotated = get(path + "?annotation=patient,technique", "image/png");
        EXPECT_EQ(annotated.body, get(path, "image/png").body);
        EXPECT_THAT(annotated.headers.get("Warning"),
                    HasSubstr("annotation values are not supported: patient,technique"));
        EXPECT_EQ(get(path + "?annotation=patient").body, get(path).body);
    }
}

}  // namespace
}  // namespace larmor::api
