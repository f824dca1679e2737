#include "pixels/colour_profile.h"

#include <cstring>
#include <filesystem>
#include <fstream>

#include "pixel_test_data.h"

namespace larmor::pixels::test {
namespace {

Picture rgb_picture(const std::vector<std::uint8_t>& values) {
    Picture picture{1, static_cast<std::uint32_t>(values.size() / 3), 3,
                    SampleBuffer(values.size())};
    std::memcpy(picture.pixels.data(), values.data(), values.size());
    return picture;
}
std::vector<int> values_of(const Picture& picture) {
    std::vector<int> values;
    for (const auto byte : picture.pixels.bytes()) values.push_back(static_cast<int>(byte));
    return values;
}

/// sRGB as Little CMS describes it: what a picture has after it was turned into it.
std::string srgb_profile() {
    static const std::string profile = [] {
        const TempFolder folder;
        const auto path = folder.path() / "srgb.icc";
        // PIL makes one to begin with.
        EXPECT_TRUE(runs("/usr/bin/python3 -c \"from PIL import ImageCms; open('" +
                         path.string() +
                         "', 'wb').write(ImageCms.ImageCmsProfile("
                         "ImageCms.createProfile('sRGB')).tobytes())\""));
        std::ifstream file(path, std::ios::binary);
        return std::string(std::istreambuf_iterator<char>(file), {});
    }();
    return profile;
}

const std::vector<std::uint8_t> kColours = {255, 0,   0,   0,   255, 0,  0,   0,   255,
                                            128, 128, 128, 200, 100, 50, 255, 255, 255};

void expect_near(const std::vector<int>& found, const std::vector<int>& expected) {
    ASSERT_EQ(found.size(), expected.size());
    for (std::size_t i = 0; i < found.size(); ++i) {
        EXPECT_NEAR(found[i], expected[i], 1) << "sample " << i;
    }
}

// By hand, from primaries, white points and curves of the three standards (Bradford between
// D65 and D50), in numpy.
TEST(ColourProfile, ColoursAreTurnedAsTheStandardsSay) {
    auto adobe = rgb_picture(kColours);
    ASSERT_TRUE(convert_colours(adobe, as_bytes(srgb_profile()), ColourSpace::AdobeRgb));
    expect_near(values_of(adobe), {219, 0, 0, 144, 255, 60, 0, 0, 250, 127, 127, 127, 177, 100,
                                   56, 255, 255, 255});
    auto romm = rgb_picture(kColours);
    ASSERT_TRUE(convert_colours(romm, as_bytes(srgb_profile()), ColourSpace::RommRgb));
    expect_near(values_of(romm), {179, 70, 26, 138, 237, 78, 86, 35, 235, 109, 109, 109, 143,
                                  95, 50, 255, 255, 255});
    auto same = rgb_picture(kColours);
    ASSERT_TRUE(convert_colours(same, as_bytes(srgb_profile()), ColourSpace::Srgb));
    expect_near(values_of(same), values_of(rgb_picture(kColours)));
    // And back by what went along.
    ASSERT_TRUE(is_rgb_profile(as_bytes(adobe.icc_profile)));
    ASSERT_TRUE(
        convert_colours(adobe, as_bytes(std::string(adobe.icc_profile)), ColourSpace::Srgb));
    for (std::size_t i = 3 * 3; i < kColours.size(); ++i) {  // those within both
        EXPECT_NEAR(values_of(adobe)[i], kColours[i], 2) << i;
    }
}

TEST(ColourProfile, WhatIsNoneIsRefused) {
    const std::string srgb = srgb_profile();
    for (const std::string& bad :
         {std::string(), std::string(200, 'x'), srgb.substr(0, 100), srgb.substr(0, 200),
          srgb + std::string(std::size_t{5} << 20, '\0')}) {
        auto picture = rgb_picture(kColours);
        const auto converted = convert_colours(picture, as_bytes(bad), ColourSpace::Srgb);
        EXPECT_FALSE(converted) << bad.size();
        EXPECT_EQ(picture.icc_profile, "");
    }
    EXPECT_FALSE(is_rgb_profile(as_bytes(std::string(200, 'x'))));
    Picture grey{1, 1, 1, SampleBuffer(1)};
    EXPECT_FALSE(convert_colours(grey, as_bytes(srgb), ColourSpace::Srgb));
}

/// Whatever a profile is, it ends and stays inside.
TEST(ColourProfile, DamagedProfilesAreHarmless) {
    const std::string srgb = srgb_profile();
    for (std::size_t at = 0; at < srgb.size(); at += 3) {
        std::string damaged = srgb;
        damaged[at] = static_cast<char>(damaged[at] ^ 0xff);
        auto picture = rgb_picture(kColours);
        (void)convert_colours(picture, as_bytes(damaged), ColourSpace::AdobeRgb);
        auto cut = rgb_picture(kColours);
        (void)convert_colours(cut, as_bytes(srgb.substr(0, at)), ColourSpace::Srgb);
    }
}

/// PIL finds the same profile in each form.
TEST(ColourProfile, GoesAlongWithThePicture) {
    const TempFolder folder;
    // More than fits one segment of a JPEG.
    for (const std::size_t padding : {std::size_t{0}, std::size_t{150'000}}) {
        auto picture = rgb_picture(kColours);
        attach_profile(picture, as_bytes(srgb_profile()));
        picture.icc_profile += std::string(padding, 'p');
        for (const auto& encoded :
             {encode_jpeg(picture), encode_png(picture), encode_webp(picture)}) {
            ASSERT_TRUE(encoded) << encoded.error().message;
            std::ofstream(folder.path() / "picture", std::ios::binary) << *encoded;
            std::ofstream(folder.path() / "profile", std::ios::binary) << picture.icc_profile;
            EXPECT_TRUE(runs("/usr/bin/python3 -c \"from PIL import Image; i = Image.open('" +
                             (folder.path() / "picture").string() +
                             "'); i.load(); assert i.size == (6, 1); assert "
                             "i.info['icc_profile'] == open('" +
                             (folder.path() / "profile").string() + "', 'rb').read()\""))
                << encoded->substr(0, 12) << padding;
        }
    }
}

}  // namespace
}  // namespace larmor::pixels::test
