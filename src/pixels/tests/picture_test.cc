#include <algorithm>
#include <cmath>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include "pixel_test_data.h"
#include "pixels/annotate.h"
#include "pixels/gif.h"
#include "pixels/render.h"

namespace larmor::pixels::test {
namespace {

using testing::ElementsAre;

Picture picture_of(std::uint32_t rows, std::uint32_t columns, std::uint16_t samples,
                   const std::vector<std::uint8_t>& values) {
    LARMOR_CHECK(values.size() == std::size_t{rows} * columns * samples);
    Picture picture{rows, columns, samples, SampleBuffer(values.size())};
    std::memcpy(picture.pixels.data(), values.data(), values.size());
    return picture;
}
Picture grey(std::uint32_t rows, std::uint32_t columns, unsigned start = 0) {
    std::vector<std::uint8_t> values(std::size_t{rows} * columns);
    for (std::size_t i = 0; i < values.size(); ++i) {
        values[i] = static_cast<std::uint8_t>(i * 7 + start);
    }
    return picture_of(rows, columns, 1, values);
}
/// Soft ramps, as photographs have them: 4,096 colours.
std::vector<std::uint8_t> ramps() {
    std::vector<std::uint8_t> values;
    for (unsigned y = 0; y < 64; ++y) {
        for (unsigned x = 0; x < 64; ++x) {
            for (const unsigned sample : {x * 4, y * 4, 128 + (x + y) / 2}) {
                values.push_back(static_cast<std::uint8_t>(sample));
            }
        }
    }
    return values;
}

std::vector<std::uint8_t> as_rgb(const Picture& picture) {
    std::vector<std::uint8_t> rgb;
    for (const auto byte : picture.pixels.bytes()) {
        rgb.insert(rgb.end(), picture.samples == 1 ? 3 : 1, static_cast<std::uint8_t>(byte));
    }
    return rgb;
}

struct Oracle {
    std::vector<std::string> words;    ///< of what it printed
    std::vector<std::uint8_t> pixels;  ///< of what it wrote
};
/// `arguments` without the file for its pixels, which is added.
Oracle ask(const std::string& arguments, const TempFolder& folder) {
    const auto raw = folder.path() / "raw";
    const auto printed = folder.path() / "printed";
    const std::string command =
        "/usr/bin/python3 " LARMOR_SOURCE_DIR "/src/pixels/tests/picture_oracle.py " +
        arguments + " " + shell_quoted(raw) + " >" + shell_quoted(printed);
    // NOLINTNEXTLINE(concurrency-mt-unsafe): one thread, our own script
    EXPECT_EQ(std::system(command.c_str()), 0) << command;
    Oracle oracle;
    std::ifstream text(printed);
    for (std::string word; text >> word;) oracle.words.push_back(word);
    std::ifstream pixels(raw, std::ios::binary);
    oracle.pixels.assign(std::istreambuf_iterator<char>(pixels), {});
    return oracle;
}
Oracle decode(const std::string& picture, const TempFolder& folder) {
    const auto path = folder.path() / "picture";
    std::ofstream(path, std::ios::binary) << picture;
    return ask("decode " + shell_quoted(path), folder);
}

double mean_difference(const std::vector<std::uint8_t>& a, const std::vector<std::uint8_t>& b) {
    if (a.size() != b.size() || a.empty()) return 255;
    double sum = 0;
    for (std::size_t i = 0; i < a.size(); ++i) sum += std::abs(int{a[i]} - int{b[i]});
    return sum / static_cast<double>(a.size());
}

TEST(Gif, GreyAndFewColoursAreExact) {
    const TempFolder folder;
    std::vector<std::uint8_t> few;
    for (int i = 0; i < 30 * 20; ++i) {
        const auto colour = static_cast<std::uint8_t>(i % 256);
        few.insert(few.end(), {colour, static_cast<std::uint8_t>(255 - colour), 7});
    }
    const std::vector<std::uint8_t> one(3, 200);
    const std::vector<std::function<Picture()>> pictures = {
        [] { return grey(16, 32); }, [] { return grey(1, 1); },
        [&] { return picture_of(30, 20, 3, few); }, [&] { return picture_of(1, 1, 3, one); }};
    for (const auto& picture : pictures) {
        const auto gif = encode_gif(picture());
        ASSERT_TRUE(gif) << gif.error().message;
        EXPECT_EQ(gif->substr(0, 6), "GIF89a");
        EXPECT_EQ(decode(*gif, folder).pixels, as_rgb(picture()));
    }
}

TEST(Gif, ManyColoursAreReducedToTheNearest) {
    const TempFolder folder;
    const auto gif = encode_gif(picture_of(64, 64, 3, ramps()));
    ASSERT_TRUE(gif) << gif.error().message;
    // 256 colours for 4,096: half of a 16th of the range at worst in two of the samples.
    EXPECT_LT(mean_difference(decode(*gif, folder).pixels, ramps()), 8);
}

TEST(Gif, AnAnimationHasItsFramesAndDelaysAndRepeats) {
    const TempFolder folder;
    GifWriter writer(GifWriter::Kind::Animation);
    std::string gif;
    std::vector<std::uint8_t> expected;
    for (const unsigned frame : {0U, 1U, 2U}) {
        const auto rgb = as_rgb(grey(10, 12, 50 * frame));
        expected.insert(expected.end(), rgb.begin(), rgb.end());
        const auto bytes = writer.add(grey(10, 12, 50 * frame), 3 + frame);
        ASSERT_TRUE(bytes) << bytes.error().message;
        EXPECT_FALSE(bytes->empty()) << "each frame goes out at once";
        gif += *bytes;
    }
    const auto end = writer.finish();
    ASSERT_TRUE(end);
    gif += *end;
    const auto decoded = decode(gif, folder);
    EXPECT_THAT(decoded.words, ElementsAre("12", "10", "3", "0", "30", "40", "50"));
    EXPECT_EQ(decoded.pixels, expected);
}

TEST(Gif, RefusesWhatDoesNotFit) {
    GifWriter writer(GifWriter::Kind::Animation);
    ASSERT_TRUE(writer.add(grey(4, 4)));
    const auto other = writer.add(grey(4, 5));
    ASSERT_FALSE(other);
    EXPECT_EQ(other.error().code, ErrorCode::InvalidInput);
    EXPECT_TRUE(writer.add(grey(4, 4))) << "goes on";
    EXPECT_FALSE(encode_gif(Picture{}));
    EXPECT_FALSE(encode_gif(grey(65'536, 1)));
    EXPECT_TRUE(encode_gif(grey(65'535, 1)));
}

TEST(Webp, Quality100IsExact) {
    const TempFolder folder;
    const std::vector<std::function<Picture()>> pictures = {
        [] { return grey(33, 17); }, [] { return grey(1, 1); },
        [] { return picture_of(64, 64, 3, ramps()); }};
    for (const auto& picture : pictures) {
        const auto webp = encode_webp(picture(), 100);
        ASSERT_TRUE(webp) << webp.error().message;
        EXPECT_EQ(webp->substr(8, 4), "WEBP");
        EXPECT_EQ(decode(*webp, folder).pixels, as_rgb(picture()));
    }
}

TEST(Webp, LossIsSmallAndGrowsWithLowerQuality) {
    const TempFolder folder;
    const Picture picture = picture_of(64, 64, 3, ramps());
    const auto fine = encode_webp(picture, 90);
    const auto coarse = encode_webp(picture, 5);
    ASSERT_TRUE(fine && coarse);
    EXPECT_LT(mean_difference(decode(*fine, folder).pixels, ramps()), 3);
    EXPECT_LT(coarse->size(), fine->size());
}

TEST(Webp, RefusesWhatDoesNotFit) {
    EXPECT_TRUE(encode_webp(grey(1, 16'383)));
    const auto large = encode_webp(grey(1, 16'384));
    ASSERT_FALSE(large);
    EXPECT_EQ(large.error().code, ErrorCode::Unsupported);
    EXPECT_FALSE(encode_webp(Picture{}));
    EXPECT_FALSE(encode_webp(grey(1, 1), 0));
    EXPECT_FALSE(encode_webp(grey(1, 1), 101));
}

Picture flat(std::uint32_t rows, std::uint32_t columns, std::uint16_t samples = 1) {
    return picture_of(rows, columns, samples,
                      std::vector<std::uint8_t>(std::size_t{rows} * columns * samples, 100));
}
int at(const Picture& picture, std::uint32_t row, std::uint32_t column) {
    return static_cast<int>(
        picture.pixels.data()[(std::size_t{row} * picture.columns + column) * picture.samples]);
}

// PIL draws the same words: where its letters are solid, ours are white.
TEST(Annotate, LettersAreThoseOfTheFont) {
    ASSERT_TRUE(can_annotate()) << "fonts-dejavu-core";
    const TempFolder folder;
    // 448 / 28: letters of 16 pixels.
    Picture picture = flat(448, 448);
    ASSERT_TRUE(burn_in(picture, {.top = {"M\u00f8ller, Anna 42"}, .bottom = {}}));
    const auto oracle = ask("text 16 'M\u00f8ller, Anna 42'", folder);
    const auto columns = static_cast<std::uint32_t>(std::stoul(oracle.words.at(0)));
    const auto rows = static_cast<std::uint32_t>(std::stoul(oracle.words.at(1)));
    double best = 0;
    for (std::uint32_t dy = 0; dy < 12; ++dy) {
        for (std::uint32_t dx = 0; dx < 6; ++dx) {
            int solid = 0;
            int white = 0;
            for (std::uint32_t row = 0; row < rows; ++row) {
                for (std::uint32_t column = 0; column < columns; ++column) {
                    if (oracle.pixels[std::size_t{row} * columns + column] < 200) continue;
                    ++solid;
                    white += at(picture, row + dy, column + dx) > 180 ? 1 : 0;
                }
            }
            ASSERT_GT(solid, 100);
            best = std::max(best, static_cast<double>(white) / solid);
        }
    }
    EXPECT_GT(best, 0.95);
}

TEST(Annotate, LinesStandInTheCornersAndNothingElseChanges) {
    for (const std::uint16_t samples : {std::uint16_t{1}, std::uint16_t{3}}) {
        Picture picture = flat(200, 300, samples);
        ASSERT_TRUE(burn_in(picture, {.top = {"One", "Two"}, .bottom = {"Three"}}));
        const auto changed = [&](std::uint32_t first, std::uint32_t last) {
            for (std::uint32_t row = first; row < last; ++row) {
                for (std::uint32_t column = 0; column < 300; ++column) {
                    if (at(picture, row, column) != 100) return true;
                }
            }
            return false;
        };
        EXPECT_TRUE(changed(0, 12));
        EXPECT_TRUE(changed(12, 24));
        EXPECT_FALSE(changed(40, 180));
        EXPECT_TRUE(changed(185, 200));
        for (std::uint32_t row = 0; row < 200; ++row) {
            ASSERT_EQ(at(picture, row, 200), 100) << "the words are short";
        }
    }
}

TEST(Annotate, StaysInsideOfAnyPicture) {
    const std::string long_line(2000, 'W');
    for (const auto& [rows, columns] :
         {std::pair{1U, 1U}, {3U, 200U}, {200U, 3U}, {16U, 16U}}) {
        Picture picture = flat(rows, columns);
        EXPECT_TRUE(burn_in(picture, {.top = {long_line, "\xff\xc3", "\xf0\x9f\x98\x80"},
                                      .bottom = {long_line, "", "x"}}));
    }
}

}  // namespace
}  // namespace larmor::pixels::test
