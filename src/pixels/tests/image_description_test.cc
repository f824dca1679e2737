#include "pixels/image_description.h"

#include <string>

#include "pixel_test_data.h"

namespace larmor::pixels::test {
namespace {

constexpr const char* kExplicitLittle = "1.2.840.10008.1.2.1";

Result<std::optional<ImageDescription>> describe(const DataSetBuilder& builder,
                                                 const PixelLimits& limits = {}) {
    const auto bytes = builder.file(kExplicitLittle);
    const auto file = dicom::open_file(bytes);
    if (!file) return tl::unexpected(file.error());
    return describe_image(*file, limits);
}

/// An item of a sequence: the data set that a builder holds.
ByteBuffer item(const DataSetBuilder& builder) {
    return builder.bytes();
}

TEST(DescribeImage, ReadsTheImagePixelModule) {
    auto builder = image_data_set({.rows = 3,
                                   .columns = 5,
                                   .samples = 1,
                                   .photometric = "MONOCHROME1",
                                   .frames = "2",
                                   .bits_allocated = 16,
                                   .bits_stored = 12,
                                   .representation = 1});
    builder
        .add_us({0x0028, 0x0120}, {0xf830}, "SS")  // -2000
        .add_us({0x0028, 0x0121}, {0xf82e}, "SS")  // -2002
        .add({0x0028, 0x1050}, "DS", "40\\ 300.5")
        .add({0x0028, 0x1051}, "DS", "400\\1500")
        .add({0x0028, 0x1052}, "DS", "-1024")
        .add({0x0028, 0x1053}, "DS", "2.5")
        .add({0x0028, 0x1056}, "CS", "SIGMOID")
        .add(kPixelData, "OW", std::string(60, '\0'));
    const auto described = describe(builder);
    ASSERT_TRUE(described && *described) << described.error().message;
    const auto& image = **described;

    EXPECT_EQ(image.rows, 3U);
    EXPECT_EQ(image.columns, 5U);
    EXPECT_EQ(image.number_of_frames, 2U);
    EXPECT_EQ(image.bits_allocated, 16);
    EXPECT_EQ(image.bits_stored, 12);
    EXPECT_EQ(image.high_bit, 11);
    EXPECT_TRUE(image.is_signed);
    EXPECT_EQ(image.photometric, Photometric::Monochrome1);
    EXPECT_EQ(image.frame_bits(), 240U);
    ASSERT_TRUE(image.padding);
    EXPECT_EQ(image.padding->low, -2002);
    EXPECT_EQ(image.padding->high, -2000);
    const auto& transform = image.transform(1);
    EXPECT_EQ(transform.slope, 2.5);
    EXPECT_EQ(transform.intercept, -1024);
    EXPECT_EQ(transform.voi_function, VoiFunction::Sigmoid);
    EXPECT_THAT(transform.windows, testing::ElementsAre(Window{40, 400}, Window{300.5, 1500}));
    ASSERT_TRUE(image.pixel_data);
    EXPECT_EQ(image.pixel_data->count, 60U);
    EXPECT_EQ(image.pixel_data->vr, dicom::vr::OW);
    EXPECT_FALSE(image.pixel_data->encapsulated);
}

TEST(DescribeImage, AnInstanceWithoutPixelsIsNoImage) {
    DataSetBuilder report;
    report.add({0x0008, 0x0060}, "CS", "SR");
    const auto described = describe(report);
    ASSERT_TRUE(described);
    EXPECT_FALSE(described->has_value());
}

TEST(DescribeImage, AnImageMayHaveLostItsPixels) {
    const auto described = describe(image_data_set({}));
    ASSERT_TRUE(described && *described);
    EXPECT_FALSE((*described)->pixel_data);
}

TEST(DescribeImage, RefusesNumbersThatContradictEachOther) {
    const struct {
        const char* what;
        ImageAttributes image;
        ErrorCode code;
        const char* message;
    } cases[] = {
        {"no rows", {.rows = 0}, ErrorCode::InvalidInput, "image: Rows 0"},
        {"no columns", {.columns = 0}, ErrorCode::InvalidInput, "image: Columns 0"},
        {"two samples", {.samples = 2}, ErrorCode::InvalidInput, "image: Samples per Pixel 2"},
        {"four samples", {.samples = 4}, ErrorCode::Unsupported, "image: Samples per Pixel 4"},
        {"12 bits", {.bits_allocated = 12}, ErrorCode::Unsupported, "image: Bits Allocated 12"},
        {"7 bits",
         {.bits_allocated = 7, .bits_stored = 7},
         ErrorCode::InvalidInput,
         "image: Bits Allocated 7"},
        {"9 of 8 bits", {.bits_stored = 9}, ErrorCode::InvalidInput, "image: Bits Stored 9"},
        {"too large",
         {.rows = 65535, .columns = 65535},
         ErrorCode::LimitExceeded,
         "image: 65535 rows and 65535 columns make frames of 4294836225 bytes, allowed are "
         "1073741824"},
        {"-1 frames", {.frames = "-1"}, ErrorCode::InvalidInput, nullptr},
    };
    for (const auto& c : cases) {
        auto builder = image_data_set(c.image);
        builder.add(kPixelData, "OW", "abcd");
        const auto described = describe(builder);
        ASSERT_FALSE(described) << c.what;
        EXPECT_EQ(described.error().code, c.code) << c.what;
        if (c.message != nullptr) {
            EXPECT_EQ(described.error().message, c.message);
        }
    }
}

TEST(DescribeImage, TheLimitIsTheCallers) {
    auto builder = image_data_set({.rows = 100, .columns = 100});
    builder.add(kPixelData, "OW", "abcd");
    EXPECT_TRUE(describe(builder, {.frame_max_bytes = 10000}));
    EXPECT_EQ(describe(builder, {.frame_max_bytes = 9999}).error().code,
              ErrorCode::LimitExceeded);
}

TEST(DescribeImage, FunctionalGroupsGiveEachFrameItsOwnTransform) {
    const auto voi = [](const char* center, const char* width) {
        DataSetBuilder inner;
        inner.add({0x0028, 0x1050}, "DS", center).add({0x0028, 0x1051}, "DS", width);
        return inner;
    };
    const auto rescale = [](const char* intercept, const char* slope) {
        DataSetBuilder inner;
        inner.add({0x0028, 0x1052}, "DS", intercept).add({0x0028, 0x1053}, "DS", slope);
        return inner;
    };
    DataSetBuilder shared;
    shared.add_sequence({0x0028, 0x9145}, {item(rescale("-10", "2"))});
    DataSetBuilder first;
    first.add_sequence({0x0028, 0x9132}, {item(voi("1", "10"))});
    DataSetBuilder second;  // the shared one alone
    second.add({0x0020, 0x9157}, "CS", "x");
    DataSetBuilder third;
    third.add_sequence({0x0028, 0x9132}, {item(voi("3", "30"))})
        .add_sequence({0x0028, 0x9145}, {item(rescale("5", "7"))});

    auto builder = image_data_set({.frames = "4"});
    builder.add_sequence({0x5200, 0x9229}, {item(shared)})
        .add_sequence({0x5200, 0x9230}, {item(first), item(second), item(third), item(third)})
        .add(kPixelData, "OB", std::string(16, '\0'));
    const auto described = describe(builder);
    ASSERT_TRUE(described && *described) << described.error().message;
    const auto& image = **described;

    EXPECT_EQ(image.transform(0).slope, 2);
    EXPECT_THAT(image.transform(0).windows, testing::ElementsAre(Window{1, 10}));
    EXPECT_EQ(image.transform(1).intercept, -10);
    EXPECT_TRUE(image.transform(1).windows.empty());
    EXPECT_EQ(image.transform(2).slope, 7);
    EXPECT_EQ(image.transform(3).intercept, 5);
    EXPECT_THAT(image.transform(3).windows, testing::ElementsAre(Window{3, 30}));
    // Equal neighbours share one.
    EXPECT_EQ(image.transforms.size(), 3U);
}

TEST(DescribeImage, ReadsModalityAndVoiLuts) {
    DataSetBuilder modality;
    modality.add_us({0x0028, 0x3002}, {3, 10, 16}).add_us({0x0028, 0x3006}, {100, 200, 300});
    DataSetBuilder voi;
    voi.add_us({0x0028, 0x3002}, {2, 0xffff, 8}, "SS").add_us({0x0028, 0x3006}, {0, 255});
    DataSetBuilder broken;  // nine entries, two there
    broken.add_us({0x0028, 0x3002}, {9, 0, 16}).add_us({0x0028, 0x3006}, {0, 255});
    auto builder = image_data_set({});
    builder.add_sequence({0x0028, 0x3000}, {item(modality)})
        .add_sequence({0x0028, 0x3010}, {item(broken), item(voi)})
        .add(kPixelData, "OB", "abcd");
    const auto described = describe(builder);
    ASSERT_TRUE(described && *described) << described.error().message;
    const auto& transform = (*described)->transforms[0];

    EXPECT_THAT(transform.modality_lut.values, testing::ElementsAre(100, 200, 300));
    EXPECT_EQ(transform.modality_lut.at(9), 100);
    EXPECT_EQ(transform.modality_lut.at(11), 200);
    EXPECT_EQ(transform.modality_lut.at(99), 300);
    ASSERT_EQ(transform.voi_luts.size(), 1U);
    EXPECT_EQ(transform.voi_luts[0].first_mapped, -1);
    EXPECT_EQ(transform.voi_luts[0].at(0), 255);
}

TEST(DescribeImage, StopsBeforeThePixelsOfEncapsulatedData) {
    auto builder = image_data_set({});
    builder.add_sequence(kPixelData, {{}, to_buffer("abcd")}, "OB");
    auto bytes = builder.file("1.2.840.10008.1.2.4.50");
    bytes.resize(bytes.size() - 14);  // cut inside the fragment: not looked at
    const auto file = dicom::open_file(bytes);
    ASSERT_TRUE(file);
    const auto described = describe_image(*file);
    ASSERT_TRUE(described && *described) << described.error().message;
    EXPECT_TRUE((*described)->pixel_data->encapsulated);
    EXPECT_EQ(build_frame_index(*file, **described).error().code, ErrorCode::InvalidInput);
}

TEST(DescribeImage, ATermIsFoundWithItsPadding) {
    EXPECT_EQ(photometric_of("PALETTE COLOR "), Photometric::PaletteColor);
    EXPECT_EQ(photometric_of("YBR_FULL_422"), Photometric::YbrFull422);
    EXPECT_EQ(photometric_of("HSV"), Photometric::Unknown);
    for (int i = 1; i <= 10; ++i) {
        const auto photometric = static_cast<Photometric>(i);
        EXPECT_EQ(photometric_of(term_of(photometric)), photometric);
    }
}

TEST(LookupTable, ReadsWordsOfBothOrdersAndPackedBytes) {
    const auto bytes = [](std::string_view text) { return as_bytes(text); };
    EXPECT_THAT(read_lookup_table({2, 0, 16}, bytes("\x01\x02\x03\x04"), false)->values,
                testing::ElementsAre(0x0201, 0x0403));
    EXPECT_THAT(read_lookup_table({2, 0, 16}, bytes("\x01\x02\x03\x04"), true)->values,
                testing::ElementsAre(0x0102, 0x0304));
    EXPECT_THAT(read_lookup_table({4, 0, 8}, bytes("\x01\x02\x03\x04"), false)->values,
                testing::ElementsAre(1, 2, 3, 4));
    EXPECT_FALSE(read_lookup_table({3, 0, 16}, bytes("\x01\x02\x03\x04"), false));
    EXPECT_FALSE(read_lookup_table({0, 0, 16}, bytes("\x01\x02"), false));
    EXPECT_FALSE(read_lookup_table({1, 0, 17}, bytes("\x01\x02"), false));
}

TEST(LookupTable, ExpandsSegments) {
    const auto words = [](std::initializer_list<std::uint16_t> values) {
        std::string text;
        for (const auto value : values) {
            text.push_back(static_cast<char>(value));
            text.push_back(static_cast<char>(value >> 8));
        }
        return text;
    };
    const auto expand = [](std::uint32_t entries, const std::string& text) {
        return read_segmented_lookup_table({entries, 0, 16}, as_bytes(text), false);
    };
    // Discrete 0, 5; linear in 4 steps to 25; the first segment again (byte offset 0).
    const auto table = expand(8, words({0, 2, 0, 5, 1, 4, 25, 2, 1, 0, 0}));
    ASSERT_TRUE(table) << table.error().message;
    EXPECT_THAT(table->values, testing::ElementsAre(0, 5, 10, 15, 20, 25, 0, 5));
    // Downwards.
    EXPECT_THAT(expand(4, words({0, 1, 9, 1, 3, 0}))->values, testing::ElementsAre(9, 6, 3, 0));

    EXPECT_FALSE(expand(8, words({1, 4, 25})));              // a line from nowhere
    EXPECT_FALSE(expand(2, words({0, 3, 1, 2, 3})));         // more than declared
    EXPECT_FALSE(expand(4, words({0, 3, 1, 2, 3})));         // less
    EXPECT_FALSE(expand(3, words({0, 9, 1, 2, 3})));         // cut
    EXPECT_FALSE(expand(3, words({7, 1, 1})));               // unknown
    EXPECT_FALSE(expand(9, words({0, 1, 5, 2, 1, 99, 0})));  // outside
    EXPECT_FALSE(expand(9, words({0, 1, 5, 2, 1, 6, 0})));   // itself, for ever
}

TEST(LookupTable, ManySegmentsOfNothingEndSoon) {
    // 8,000 times 8,000 empty ones would be 64 million steps.
    std::string text(4 * 8000, '\0');
    for (int i = 0; i < 8000; ++i) text.append("\x02\0\x40\x1f\0\0\0\0", 8);
    const auto table = read_segmented_lookup_table({256, 0, 16}, as_bytes(text), false);
    ASSERT_FALSE(table);
    EXPECT_THAT(table.error().message, testing::HasSubstr("too many segments"));
}

}  // namespace
}  // namespace larmor::pixels::test
