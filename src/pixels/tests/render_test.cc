#include "pixels/render.h"

#include <cmath>
#include <string>

#include "pixel_test_data.h"
#include "pixels/grey_map.h"
#include "pixels/statistics.h"

namespace larmor::pixels::test {
namespace {

template <typename T>
Frame frame_of(SampleType type, std::uint32_t rows, std::uint32_t columns,
               std::vector<T> values, std::uint16_t samples = 1) {
    Frame frame;
    frame.rows = rows;
    frame.columns = columns;
    frame.samples = samples;
    frame.type = type;
    frame.bits_stored = static_cast<std::uint16_t>(8 * sizeof(T));
    frame.photometric = samples == 3 ? Photometric::Rgb : Photometric::Monochrome2;
    frame.pixels = SampleBuffer(values.size() * sizeof(T));
    std::memcpy(frame.pixels.data(), values.data(), frame.pixels.size());
    return frame;
}
ImageDescription image_of(const Frame& frame) {
    ImageDescription image;
    image.rows = frame.rows;
    image.columns = frame.columns;
    image.samples_per_pixel = frame.samples;
    image.bits_allocated = image.bits_stored = frame.bits_stored;
    image.high_bit = static_cast<std::uint16_t>(frame.bits_stored - 1);
    image.is_signed = is_signed(frame.type);
    image.photometric = frame.photometric;
    image.pixel_data = PixelDataElement{};
    return image;
}
std::vector<int> bytes_of(const Picture& picture) {
    std::vector<int> values;
    for (const auto byte : picture.pixels.bytes()) values.push_back(static_cast<int>(byte));
    return values;
}

// PS3.3 section C.11.2.1.2.1 works these examples out for an output of 0 to 255.
TEST(Window, LinearIsTheExampleOfTheStandard) {
    const auto grey = [](double value, Window window) {
        return apply_window(value, window, VoiFunction::Linear) * 255;
    };
    // c = 2048, w = 4096: x <= 0 is 0, x > 4095 is 255, else ((x - 2047.5) / 4095 + 0.5) * 255.
    EXPECT_EQ(grey(0, {2048, 4096}), 0);
    EXPECT_EQ(grey(4096, {2048, 4096}), 255);
    EXPECT_DOUBLE_EQ(grey(1000, {2048, 4096}), ((1000 - 2047.5) / 4095 + 0.5) * 255);
    // c = 2048, w = 1: x <= 2047.5 is 0, everything above 255.
    EXPECT_EQ(grey(2047, {2048, 1}), 0);
    EXPECT_EQ(grey(2048, {2048, 1}), 255);
    // c = 0, w = 100: x <= -50 is 0, x > 49 is 255, else ((x + 0.5) / 99 + 0.5) * 255.
    EXPECT_EQ(grey(-50, {0, 100}), 0);
    EXPECT_EQ(grey(49.5, {0, 100}), 255);
    EXPECT_DOUBLE_EQ(grey(10, {0, 100}), (10.5 / 99 + 0.5) * 255);
    // c = 0, w = 1: x <= -0.5 is 0, everything above 255.
    EXPECT_EQ(grey(-1, {0, 1}), 0);
    EXPECT_EQ(grey(0, {0, 1}), 255);
}

TEST(Window, LinearExactAndSigmoidFollowTheirFormulas) {
    EXPECT_EQ(apply_window(-50, {0, 100}, VoiFunction::LinearExact), 0);
    EXPECT_EQ(apply_window(50.1, {0, 100}, VoiFunction::LinearExact), 1);
    EXPECT_DOUBLE_EQ(apply_window(25, {0, 100}, VoiFunction::LinearExact), 0.75);
    EXPECT_DOUBLE_EQ(apply_window(0, {0, 100}, VoiFunction::Sigmoid), 0.5);
    // 1 / (1 + e^-1)
    EXPECT_NEAR(apply_window(25, {0, 100}, VoiFunction::Sigmoid), 0.7310585786, 1e-9);
}

TEST(Render, WindowsOfAllFunctionsAreDrawnAsTheFormulasSay) {
    std::vector<std::int16_t> values;
    for (int i = -2000; i < 2000; i += 7) values.push_back(static_cast<std::int16_t>(i));
    const auto columns = static_cast<std::uint32_t>(values.size());
    const auto frame = frame_of(SampleType::S16, 1, columns, values);
    auto image = image_of(frame);
    image.transforms[0].slope = 1.5;
    image.transforms[0].intercept = -100;
    for (const auto photometric : {Photometric::Monochrome2, Photometric::Monochrome1}) {
        image.photometric = photometric;
        for (const auto function :
             {VoiFunction::Linear, VoiFunction::LinearExact, VoiFunction::Sigmoid}) {
            for (const auto window : {Window{40, 400}, Window{-300.5, 1}, Window{0, 10000}}) {
                image.transforms[0].voi_function = function;
                image.transforms[0].windows = {window};
                const auto picture = render_frame(image, frame, 0);
                ASSERT_TRUE(picture);
                const auto drawn = bytes_of(*picture);
                for (std::size_t i = 0; i < values.size(); ++i) {
                    auto grey = apply_window(values[i] * 1.5 - 100, window, function) * 255;
                    if (photometric == Photometric::Monochrome1) grey = 255 - grey;
                    ASSERT_LE(std::abs(drawn[i] - grey), 0.5001) << values[i];
                }
            }
        }
    }
}

TEST(Render, ChoosesTheWindowByItsRules) {
    const auto frame = frame_of<std::uint8_t>(SampleType::U8, 1, 3, {0, 100, 200});
    auto image = image_of(frame);
    auto& transform = image.transforms[0];
    const auto drawn = [&](const RenderOptions& options = {}) {
        const auto picture = render_frame(image, frame, 0, options);
        return picture ? bytes_of(*picture) : std::vector<int>{};
    };
    // Nothing anywhere: from the values themselves, 0 to 200 by their percentiles (of three
    // values the 0.5th and the 99.5th are the first and the second).
    EXPECT_THAT(drawn(), testing::ElementsAre(0, 255, 255));
    // The caller's default.
    RenderOptions options;
    options.default_window = Window{100, 200};
    EXPECT_THAT(drawn(options), testing::ElementsAre(0, 128, 255));
    // The data set's VOI LUT before it: first mapped 100.
    transform.voi_luts = {{100, 8, {10, 20}}};
    EXPECT_THAT(drawn(options), testing::ElementsAre(10, 10, 20));
    // Its window before that.
    transform.windows = {{100.5, 101}, {0, 0}};
    EXPECT_THAT(drawn(options), testing::ElementsAre(0, 128, 255));
    options.window_index = 2;
    EXPECT_EQ(render_frame(image, frame, 0, options).error().code, ErrorCode::InvalidInput);
    // A window that no function can use is as if it were not there.
    options.window_index = 1;
    EXPECT_THAT(drawn(options), testing::ElementsAre(0, 128, 255));
    // The caller's own before everything.
    options.window = Window{10, 1};
    EXPECT_THAT(drawn(options), testing::ElementsAre(0, 255, 255));
    options.window = Window{10, 0.5};
    EXPECT_EQ(render_frame(image, frame, 0, options).error().code, ErrorCode::InvalidInput);
    options.voi_function = VoiFunction::LinearExact;
    EXPECT_TRUE(render_frame(image, frame, 0, options));
}

TEST(Render, PaddingIsBlackAndNotCounted) {
    const auto frame = frame_of<std::int16_t>(SampleType::S16, 1, 4, {-2000, 0, 100, 200});
    auto image = image_of(frame);
    image.photometric = Photometric::Monochrome1;
    image.padding = {-2000, -2000};
    EXPECT_EQ(statistics_of(image, frame)->stored_min, 0);
    EXPECT_EQ(statistics_of(image, frame)->values_counted, 3U);
    RenderOptions options;
    options.window = Window{100.5, 201};
    EXPECT_THAT(bytes_of(*render_frame(image, frame, 0, options)),
                testing::ElementsAre(0, 255, 128, 0));
}

TEST(Render, ModalityLutStandsInForRescale) {
    const auto frame = frame_of<std::uint8_t>(SampleType::U8, 1, 3, {0, 1, 2});
    auto image = image_of(frame);
    image.transforms[0].modality_lut = {0, 16, {1000, 500, 2000}};
    image.transforms[0].windows = {{1250, 1500}};
    image.transforms[0].voi_function = VoiFunction::LinearExact;
    EXPECT_THAT(bytes_of(*render_frame(image, frame, 0)), testing::ElementsAre(85, 0, 255));
    const auto statistics = statistics_of(image, frame);
    EXPECT_EQ(statistics->modality_min, 500);
    EXPECT_EQ(statistics->modality_max, 2000);
}

TEST(Render, PalettesAndYbrBecomeRgb) {
    auto indices = frame_of<std::uint8_t>(SampleType::U8, 1, 2, {1, 2});
    indices.photometric = Photometric::PaletteColor;
    auto image = image_of(indices);
    EXPECT_EQ(render_frame(image, indices, 0).error().code, ErrorCode::InvalidInput);
    image.palette = {LookupTable{1, 16, {0xff00, 0x1234}}, LookupTable{1, 16, {0, 0x8000}},
                     LookupTable{1, 16, {0x00ff, 0}}};
    EXPECT_THAT(bytes_of(*render_frame(image, indices, 0)),
                testing::ElementsAre(0xff, 0, 0, 0x12, 0x80, 0));

    // JFIF's numbers: pure red is 76, 85, 255.
    auto ybr = frame_of<std::uint8_t>(SampleType::U8, 1, 1, {76, 85, 255}, 3);
    ybr.photometric = Photometric::YbrFull;
    EXPECT_THAT(bytes_of(*render_frame(image_of(ybr), ybr, 0)),
                testing::ElementsAre(254, 0, 0));
    // CCIR 601: white is 235, 128, 128.
    auto partial = frame_of<std::uint8_t>(SampleType::U8, 1, 1, {235, 128, 128}, 3);
    partial.photometric = Photometric::YbrPartial422;
    EXPECT_THAT(bytes_of(*render_frame(image_of(partial), partial, 0)),
                testing::ElementsAre(255, 255, 255));
}

TEST(Render, ScalingDownAveragesWhatAPixelCovers) {
    Picture picture{2, 4, 1, SampleBuffer(8)};
    std::memcpy(picture.pixels.data(), "\x00\x0a\x14\x1e\x28\x32\x3c\x46", 8);
    EXPECT_THAT(bytes_of(scale(picture, 1, 2)), testing::ElementsAre(25, 45));
    EXPECT_THAT(bytes_of(scale(picture, 1, 1)), testing::ElementsAre(35));
    // 4 to 3: the first covers 1 and a third of the next: (0 + 10 / 3) / (4 / 3) = 2.5.
    EXPECT_THAT(bytes_of(scale(picture, 2, 3)), testing::ElementsAre(3, 15, 28, 43, 55, 68));

    RenderOptions options;
    options.rows_max = options.columns_max = 100;
    const auto wide = frame_of(SampleType::U8, 10, 400, std::vector<std::uint8_t>(4000, 7));
    const auto fitted = render_frame(image_of(wide), wide, 0, options);
    ASSERT_TRUE(fitted);
    EXPECT_EQ(fitted->columns, 100U);
    EXPECT_EQ(fitted->rows, 3U);
    const auto small = frame_of(SampleType::U8, 10, 20, std::vector<std::uint8_t>(200, 7));
    EXPECT_EQ(render_frame(image_of(small), small, 0, options)->columns, 20U);
}

TEST(Render, ScalingUpKeepsTheEdgesOfPixels) {
    Picture picture{1, 2, 1, SampleBuffer(2)};
    std::memcpy(picture.pixels.data(), "\x0a\x46", 2);
    EXPECT_THAT(bytes_of(scale(picture, 2, 4)),
                testing::ElementsAre(10, 10, 70, 70, 10, 10, 70, 70));
    // 2 to 3: the middle one covers two thirds, half of it from each.
    EXPECT_THAT(bytes_of(scale(picture, 1, 3)), testing::ElementsAre(10, 40, 70));

    const auto small = frame_of(SampleType::U8, 10, 20, std::vector<std::uint8_t>(200, 7));
    RenderOptions options;
    options.rows_max = options.columns_max = 100;
    options.scale_up = true;
    const auto fitted = render_frame(image_of(small), small, 0, options);
    ASSERT_TRUE(fitted);
    EXPECT_EQ(fitted->columns, 100U);
    EXPECT_EQ(fitted->rows, 50U);
}

TEST(Render, CutsOutARegionAndTurnsIt) {
    auto frame = frame_of<std::uint8_t>(SampleType::U8, 3, 4,
                                        {0, 1, 2, 3, 10, 11, 12, 13, 20, 21, 22, 23});
    const auto image = image_of(frame);
    RenderOptions options;
    options.window = Window{127.5, 255};
    options.voi_function = VoiFunction::LinearExact;
    const auto drawn = [&](const Region& region) {
        options.region = region;
        const auto picture = render_frame(image, frame, 0, options);
        return picture ? bytes_of(*picture) : std::vector<int>{};
    };
    using testing::ElementsAre;
    EXPECT_THAT(drawn({.x = 1, .y = 1, .width = 2, .height = 2}), ElementsAre(11, 12, 21, 22));
    EXPECT_THAT(drawn({.x = 2, .y = 2}), ElementsAre(22, 23));
    // What is touched is drawn, what lies beyond the frame is not.
    EXPECT_THAT(drawn({.x = 2.5, .y = 1.5, .width = 9, .height = 0.4}), ElementsAre(12, 13));
    EXPECT_THAT(drawn({.x = 1, .y = 1, .width = 2, .height = 2, .flip_horizontally = true}),
                ElementsAre(12, 11, 22, 21));
    EXPECT_THAT(drawn({.x = 1, .y = 1, .width = 2, .height = 2, .flip_vertically = true}),
                ElementsAre(21, 22, 11, 12));
    options.region = Region{.x = 4};
    EXPECT_EQ(render_frame(image, frame, 0, options).error().code, ErrorCode::InvalidInput);
}

// dcm2pnm +Wm draws the same: black, and white in MONOCHROME1.
TEST(Render, OneSingleValueIsBlackWhateverItIs) {
    const auto expect_black = [](auto frame) {
        auto image = image_of(frame);
        for (const double slope : {1.0, -0.25, 1000.0}) {
            image.transforms[0].slope = slope;
            image.photometric = Photometric::Monochrome2;
            EXPECT_THAT(bytes_of(*render_frame(image, frame, 0)), testing::Each(0)) << slope;
            image.photometric = Photometric::Monochrome1;
            EXPECT_THAT(bytes_of(*render_frame(image, frame, 0)), testing::Each(255)) << slope;
        }
    };
    expect_black(frame_of<std::uint8_t>(SampleType::U8, 1, 3, {0, 0, 0}));
    expect_black(frame_of<std::uint8_t>(SampleType::U8, 1, 3, {255, 255, 255}));
    expect_black(frame_of<std::uint16_t>(SampleType::U16, 1, 2, {65535, 65535}));
    expect_black(frame_of<std::int16_t>(SampleType::S16, 1, 2, {-32768, -32768}));
    expect_black(frame_of<std::uint32_t>(SampleType::U32, 1, 2, {4294967295U, 4294967295U}));
    expect_black(frame_of<std::int32_t>(SampleType::S32, 1, 1, {-5}));
    expect_black(frame_of<float>(SampleType::F32, 1, 2, {1e-6F, 1e-6F}));
    expect_black(frame_of<double>(SampleType::F64, 1, 2, {1e12, 1e12}));

    auto frame = frame_of<std::uint8_t>(SampleType::U8, 1, 2, {1, 1});
    auto image = image_of(frame);
    image.transforms[0].modality_lut = {0, 16, {1000, 500}};
    EXPECT_THAT(bytes_of(*render_frame(image, frame, 0)), testing::Each(0));
}

TEST(Statistics, CountsEveryTypeAndKeepsFloatsApart) {
    const auto of = [](const Frame& frame) { return *statistics_of(image_of(frame), frame); };
    const auto s8 = of(frame_of<std::int8_t>(SampleType::S8, 1, 3, {-128, 0, 127}));
    EXPECT_EQ(s8.stored_min, -128);
    EXPECT_EQ(s8.stored_max, 127);
    const auto u32 = of(frame_of<std::uint32_t>(SampleType::U32, 1, 2, {7, 0xffffffff}));
    EXPECT_EQ(u32.stored_max, 4294967295.0);
    const auto f32 =
        of(frame_of<float>(SampleType::F32, 1, 4, {0.25F, NAN, -HUGE_VALF, 0.75F}));
    EXPECT_EQ(f32.stored_min, 0.25);
    EXPECT_EQ(f32.stored_max, 0.75);
    EXPECT_EQ(f32.values_counted, 2U);
    EXPECT_FALSE(statistics_of(image_of(frame_of<float>(SampleType::F32, 1, 1, {NAN})),
                               frame_of<float>(SampleType::F32, 1, 1, {NAN})));
}

TEST(Statistics, DefaultWindowLeavesOutTheHalfPercentAtBothEnds) {
    // 0, 1, ... 9999 in one row and one more of the tails: 50 to 9949 are between them.
    std::vector<std::uint16_t> values(10000);
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<std::uint16_t>(i);
    const auto frame = frame_of(SampleType::U16, 100, 100, values);
    auto image = image_of(frame);
    image.transforms[0].slope = -2;
    image.transforms[0].intercept = 10;
    const auto statistics = statistics_of(image, frame);
    EXPECT_EQ(statistics->modality_min, 10 - 2 * 9999);
    EXPECT_EQ(statistics->modality_max, 10);
    const auto low = statistics->default_window.center - statistics->default_window.width / 2;
    const auto high = statistics->default_window.center + statistics->default_window.width / 2;
    EXPECT_NEAR(low, 10 - 2 * 9949, 2);
    EXPECT_NEAR(high, 10 - 2 * 49, 2);
    // The way of 32-bit samples gives the same.
    std::vector<std::uint32_t> wide(values.begin(), values.end());
    const auto other_frame = frame_of(SampleType::U32, 100, 100, wide);
    auto other_image = image_of(other_frame);
    other_image.transforms = image.transforms;
    const auto other = statistics_of(other_image, other_frame);
    EXPECT_NEAR(other->default_window.center, statistics->default_window.center, 4);
    EXPECT_NEAR(other->default_window.width, statistics->default_window.width, 8);
}

TEST(Statistics, FramesUnderDifferentTransformsAreComparedByTheirOwn) {
    const auto frame = frame_of<std::uint8_t>(SampleType::U8, 1, 2, {0, 10});
    auto image = image_of(frame);
    image.number_of_frames = 2;
    image.transforms.resize(2);
    image.transforms[1].slope = 100;
    image.transform_of_frame = {0, 1};
    StatisticsCollector collector(image);
    collector.add(frame, 0);
    collector.add(frame, 1);
    EXPECT_EQ(collector.finish()->stored_max, 10);
    EXPECT_EQ(collector.finish()->modality_max, 1000);
    EXPECT_EQ(collector.finish()->values_counted, 4U);
}

TEST(Statistics, AgreeWithNumpyOnRealFiles) {
    const TempFolder folder;
    std::vector<std::filesystem::path> files;
    std::vector<PixelStatistics> ours;
    for (const auto& path : dicom_files()) {
        const auto instance = open_instance(path);
        if (!instance || instance->image.pixel_data->encapsulated ||
            instance->image.is_colour() || instance->image.transforms.size() > 1 ||
            instance->image.big_endian || instance->image.padding) {
            continue;
        }
        StatisticsCollector collector(instance->image);
        for (std::uint32_t f = 0; f < instance->index.view().frame_count(); ++f) {
            const auto frame = instance->decode(f);
            ASSERT_TRUE(frame) << path;
            collector.add(*frame, f);
        }
        const auto statistics = collector.finish();
        if (!statistics) continue;
        files.push_back(path);
        ours.push_back(*statistics);
    }
    ASSERT_GT(files.size(), 10U);
    std::ofstream list(folder.path() / "files.txt");
    for (const auto& path : files) list << path.string() << '\n';
    list.close();
    const auto out = folder.path() / "out.txt";
    ASSERT_EQ(larmor::test::run_command("/usr/bin/python3 " LARMOR_SOURCE_DIR
                                        "/src/pixels/tests/statistics_oracle.py " +
                                        shell_quoted(folder.path() / "files.txt") + " >" +
                                        shell_quoted(out)),
              0);
    std::ifstream lines(out);
    for (std::size_t i = 0; i < files.size(); ++i) {
        double min = 0;
        double max = 0;
        double low = 0;
        double high = 0;
        ASSERT_TRUE(lines >> min >> max >> low >> high) << files[i];
        EXPECT_NEAR(ours[i].modality_min, min, std::abs(min) * 1e-9) << files[i];
        EXPECT_NEAR(ours[i].modality_max, max, std::abs(max) * 1e-9) << files[i];
        // Ours samples large frames: within two hundredths of the range.
        const auto window = ours[i].default_window;
        const auto slack = (max - min) * 0.02 + 1e-9;
        EXPECT_NEAR(window.center - window.width / 2, low, slack) << files[i];
        EXPECT_NEAR(window.center + window.width / 2, std::max(high, low), slack) << files[i];
    }
    std::cerr << files.size() << " files compared with numpy\n";
}

/// What PIL reads of an encoded picture.
std::vector<int> read_with_pil(const std::string& bytes, const std::string& extension) {
    const TempFolder folder;
    const auto path = folder.path() / ("a" + extension);
    std::ofstream(path, std::ios::binary) << bytes;
    const auto out = folder.path() / "out.txt";
    const auto script =
        "import sys,numpy;from PIL import Image;"
        "print(*numpy.asarray(Image.open(sys.argv[1])).ravel().tolist())";
    if (larmor::test::run_command("/usr/bin/python3 -c '" + std::string(script) + "' " +
                                  shell_quoted(path) + " >" + shell_quoted(out)) != 0) {
        return {};
    }
    std::ifstream numbers(out);
    std::vector<int> values;
    for (int value = 0; numbers >> value;) values.push_back(value);
    return values;
}

TEST(EncodePng, OthersReadWhatWasEncoded) {
    for (const std::uint16_t samples : {1, 3}) {
        Picture picture{7, 5, samples, SampleBuffer(35U * samples)};
        for (std::size_t i = 0; i < picture.pixels.size(); ++i) {
            picture.pixels.data()[i] = static_cast<std::byte>(i * i * 37 % 251);
        }
        const auto png = encode_png(picture);
        ASSERT_TRUE(png);
        EXPECT_EQ(read_with_pil(*png, ".png"), bytes_of(picture));
    }
    const auto wide = frame_of<std::uint16_t>(SampleType::U16, 2, 2, {0, 1, 256, 65535});
    EXPECT_THAT(read_with_pil(*encode_png(wide), ".png"),
                testing::ElementsAre(0, 1, 256, 65535));
    const auto below = frame_of<std::int16_t>(SampleType::S16, 1, 3, {-32768, 0, 32767});
    EXPECT_THAT(read_with_pil(*encode_png(below), ".png"),
                testing::ElementsAre(0, 32768, 65535));
    EXPECT_EQ(encode_png(frame_of<float>(SampleType::F32, 1, 1, {1})).error().code,
              ErrorCode::Unsupported);
    EXPECT_FALSE(encode_png(Picture{}));
}

TEST(EncodeJpeg, OthersReadAPictureCloseToIt) {
    for (const std::uint16_t samples : {1, 3}) {
        Picture picture{16, 24, samples, SampleBuffer(384U * samples)};
        for (std::size_t i = 0; i < picture.pixels.size(); ++i) {
            picture.pixels.data()[i] = static_cast<std::byte>(i / samples / 3);
        }
        const auto jpeg = encode_jpeg(picture, 90);
        ASSERT_TRUE(jpeg);
        const auto read = read_with_pil(*jpeg, ".jpg");
        const auto drawn = bytes_of(picture);
        ASSERT_EQ(read.size(), drawn.size());
        for (std::size_t i = 0; i < read.size(); ++i) EXPECT_NEAR(read[i], drawn[i], 12);
    }
    EXPECT_FALSE(encode_jpeg(Picture{}));
    EXPECT_FALSE(encode_jpeg(Picture{1, 1, 1, SampleBuffer(1)}, 101));
}

}  // namespace
}  // namespace larmor::pixels::test
