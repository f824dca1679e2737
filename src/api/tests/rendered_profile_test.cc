#include <fstream>

#include "api/tests/api_fixture.h"

namespace larmor::api {
namespace {

using testing::HasSubstr;

/// What PIL finds in a picture: SHA-256 of its ICC profile, or `-`, and its description.
std::vector<std::string> profile_in(const std::string& picture) {
    const auto path = std::filesystem::temp_directory_path() /
                      ("larmor_profile_" + std::to_string(::getpid()));
    std::ofstream(path, std::ios::binary) << picture;
    auto lines = ask_oracle({"profile", path.string()});
    std::filesystem::remove(path);
    return lines;
}

/// A slide of 25 tiles whose optical path has a profile; without the project's data two frames
/// with one of PIL's, written to `made`.
std::filesystem::path image_with_profile(const std::filesystem::path& made) {
    if (const auto slide = test_file("modality/sm-wsi/sm_image.dcm")) return *slide;
    const auto frames = test_file("syntax/pydicom/SC_rgb_rle_2frame.dcm");
    EXPECT_TRUE(frames);
    ask_oracle({"give-profile", frames.value_or("").string(), made.string()});
    return made;
}

// PS3.18 section 8.3.5.1.5.
TEST(RenderedProfile, IsThatOfTheInstanceOrOfAColourSpace) {
    const auto made = std::filesystem::temp_directory_path() /
                      ("larmor_slide_" + std::to_string(::getpid()) + ".dcm");
    const auto slide = image_with_profile(made);
    const auto grey = test_file("syntax/pydicom/CT_small.dcm");
    ASSERT_TRUE(grey);
    ApiServer api;
    api.store_files({slide, *grey});
    const std::string path =
        "/dicomweb" + uids_of(content_of(slide)).path() + "/frames/1/rendered";
    const auto get = [&](const std::string& query, std::string_view accept) {
        auto response = api.get(path + query, {{"Accept", std::string(accept)}});
        EXPECT_EQ(response.status, 200) << response.body;
        return response;
    };
    const auto own = ask_oracle({"value", slide.string(), "00480105", "0", "00282000"}).at(0);
    for (const auto* accept : {"image/png", "image/jpeg", "image/webp"}) {
        EXPECT_EQ(profile_in(get("", accept).body).at(0), "-") << accept;
        EXPECT_EQ(profile_in(get("?iccprofile=no", accept).body).at(0), "-") << accept;
        const auto with = get("?iccprofile=yes", accept);
        EXPECT_EQ(profile_in(with.body).at(0), own) << accept;
        EXPECT_EQ(with.headers.get("Warning"), "") << accept;
        for (const auto* space : {"srgb", "adobergb", "rommrgb"}) {
            const auto turned =
                profile_in(get("?iccprofile=" + std::string(space), accept).body).at(0);
            EXPECT_NE(turned, "-") << space;
            EXPECT_NE(turned, own) << space;
        }
    }
    EXPECT_NE(get("?iccprofile=adobergb", "image/png").body,
              get("?iccprofile=rommrgb", "image/png").body);
    EXPECT_THAT(get("?iccprofile=yes", "image/gif").headers.get("Warning"),
                HasSubstr("no profile is in it"));
    // Nothing says what the greys of a CT are on a screen.
    const auto ct =
        api.get("/dicomweb" + uids_of(content_of(*grey)).path() + "/rendered?iccprofile=srgb");
    EXPECT_EQ(ct.status, 200);
    EXPECT_THAT(ct.headers.get("Warning"), HasSubstr("no profile is in it"));
    const auto several = api.get("/dicomweb" + uids_of(content_of(slide)).path() +
                                     "/frames/1,2/rendered?iccprofile=srgb",
                                 {{"Accept", "image/gif"}});
    EXPECT_THAT(several.headers.get("Warning"), HasSubstr("no profile is in it"));
    std::filesystem::remove(made);
}

}  // namespace
}  // namespace larmor::api
