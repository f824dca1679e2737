#include "pixels/transcode.h"

#include <string>

#include "pixel_test_data.h"

namespace larmor::pixels::test {
namespace {

/// All of Pixel Data in Explicit VR Little Endian.
Result<ByteBuffer> native_value(const Instance& instance, NativePlan& plan) {
    TRY(const auto first, instance.decode(0));
    TRY(plan, plan_native(instance.image, *instance.file.transfer_syntax, first));
    ByteBuffer value;
    if (plan.method != NativePlan::Method::Decode) {
        const auto& element = *instance.image.pixel_data;
        TRY(const auto stored,
            slice(instance.file.data_set, element.value_offset, element.count));
        swap_words(stored, plan.word_bytes, value);
        if (value.size() % 2 != 0) value.push_back(std::byte{0});
        return value;
    }
    NativeWriter writer(plan);
    for (std::uint32_t f = 0; f < instance.index.view().frame_count(); ++f) {
        TRY(const auto frame, instance.decode(f));
        TRY_VOID(writer.append(frame, value));
    }
    writer.finish(value);
    return value;
}

/// The image as it is described after the changes.
ImageDescription described_after(const Instance& instance, const NativePlan& plan,
                                 std::size_t size) {
    auto image = instance.image;
    image.big_endian = false;
    image.pixel_data = PixelDataElement{};
    image.pixel_data->vr = plan.vr;
    image.pixel_data->count = size;
    for (const auto& change : plan.changes) {
        if (change.tag == dicom::Tag(0x0028, 0x0004)) {
            image.photometric = photometric_of(change.value);
        } else if (change.tag == dicom::Tag(0x0028, 0x0006)) {
            image.is_planar = change.value != std::string(2, '\0');
        } else if (change.tag == dicom::Tag(0x0028, 0x0102)) {
            image.high_bit = static_cast<std::uint8_t>(change.value[0]);
        }
    }
    return image;
}

TEST(Transcode, NativeFormsOfAllFilesDecodeToTheSameFrames) {
    const auto* native = dicom::find_transfer_syntax(dicom::kExplicitLittleUid);
    std::size_t compared = 0;
    for (const auto& path : dicom_files()) {
        const auto instance = open_instance(path);
        if (!instance || !instance->decode(0)) continue;
        NativePlan plan;
        const auto value = native_value(*instance, plan);
        ASSERT_TRUE(value) << path << ": " << value.error().message;
        EXPECT_EQ(value->size(), plan.value_length) << path;
        EXPECT_EQ(value->size() % 2, 0U);
        EXPECT_TRUE(std::ranges::is_sorted(plan.changes, {}, &AttributeChange::tag));
        const auto image = described_after(*instance, plan, value->size());
        for (std::uint32_t f = 0; f < instance->index.view().frame_count(); ++f) {
            const auto frame = instance->decode(f);
            ASSERT_TRUE(frame);
            const auto bit = plan.frame_bits * f;
            const auto end =
                std::min<std::size_t>(value->size(), (bit + plan.frame_bits + 7) / 8);
            const Bytes part = Bytes(*value).subspan(bit / 8, end - bit / 8);
            const auto again =
                decode_frame(image, *native, {{&part, 1}, static_cast<std::uint32_t>(bit % 8)});
            ASSERT_TRUE(again) << path << ": " << again.error().message;
            ASSERT_EQ(again->photometric, frame->photometric) << path;
            const auto bytes = frame->sample_count() * size_of(frame->type);
            ASSERT_TRUE(std::ranges::equal(again->pixels.bytes().first(bytes),
                                           frame->pixels.bytes().first(bytes)))
                << path << " frame " << f;
        }
        ++compared;
    }
    EXPECT_GT(compared, 30U);
}

TEST(Transcode, NativeLittleEndianIsCopiedAndBigEndianSwapped) {
    auto builder = image_data_set({.bits_allocated = 16, .bits_stored = 12});
    builder.add({0x7fe0, 0x0010}, "OW", std::string("\x01\xf0\x02\x00\x03\x00\x04\x00", 8));
    const auto instance = open_instance(builder.file("1.2.840.10008.1.2.1"));
    ASSERT_TRUE(instance);
    NativePlan plan;
    const auto value = native_value(*instance, plan);
    ASSERT_TRUE(value);
    EXPECT_EQ(plan.method, NativePlan::Method::Copy);
    EXPECT_TRUE(plan.changes.empty());
    // The overlay bits above Bits Stored are still there.
    EXPECT_EQ(value->at(1), std::byte{0xf0});

    ByteBuffer swapped;
    swap_words(as_bytes("abcdefgh!"), 4, swapped);
    EXPECT_EQ(as_text(swapped), "dcbahgfe!");
}

TEST(Transcode, ColourOfJpegIsCalledRgbAndOfRleStaysWhatItIs) {
    if (!has_shared_files()) GTEST_SKIP() << "needs " << kSharedFiles;
    NativePlan plan;
    // JPEG, YBR_FULL_422.
    const auto jpeg = open_instance(kSharedFiles / "modality/us/examples_ybr_color.dcm");
    ASSERT_TRUE(jpeg);
    ASSERT_TRUE(native_value(*jpeg, plan));
    ASSERT_EQ(plan.changes.size(), 1U);
    EXPECT_EQ(plan.changes[0].tag, dicom::Tag(0x0028, 0x0004));
    EXPECT_EQ(plan.changes[0].value, "RGB ");
    EXPECT_EQ(plan.vr, dicom::vr::OB);
    // RLE, YBR_FULL by planes.
    const auto rle = open_instance(
        kSharedFiles / "syntax/multi/2023-04-21-RLEPlanarConfigurationYBR_FULL.dcm");
    ASSERT_TRUE(rle);
    ASSERT_TRUE(native_value(*rle, plan));
    EXPECT_EQ(plan.photometric, Photometric::YbrFull);
    for (const auto& change : plan.changes) {
        EXPECT_EQ(change.tag, dicom::Tag(0x0028, 0x0006));
        EXPECT_EQ(change.value, std::string(2, '\0'));
    }
    // JPEG 2000, YBR_RCT.
    const auto rct = open_instance(kSharedFiles / "syntax/wg04-us1/US1_J2KR");
    ASSERT_TRUE(rct);
    ASSERT_TRUE(native_value(*rct, plan));
    EXPECT_EQ(plan.photometric, Photometric::Rgb);
}

TEST(Transcode, OffsetTablesGoAndHugeValuesAreRefused) {
    auto builder = image_data_set({});
    const std::string zero(8, '\0');
    builder.add({0x7fe0, 0x0001}, "OV", zero)
        .add({0x7fe0, 0x0002}, "OV", std::string("\x42\0\0\0\0\0\0\0", 8));
    std::string rle(66, '\0');
    rle[0] = 1;
    rle[4] = 64;
    rle[64] = static_cast<char>(-3);
    rle[65] = 7;  // four times 7
    builder.add_sequence({0x7fe0, 0x0010}, {{}, to_buffer(rle)}, "OB");
    const auto instance = open_instance(builder.file("1.2.840.10008.1.2.5"));
    ASSERT_TRUE(instance) << instance.error().message;
    NativePlan plan;
    const auto value = native_value(*instance, plan);
    ASSERT_TRUE(value) << value.error().message;
    EXPECT_EQ(as_text(*value), "\x07\x07\x07\x07");
    ASSERT_EQ(plan.changes.size(), 2U);
    EXPECT_TRUE(plan.changes[0].remove && plan.changes[1].remove);

    auto image = instance->image;
    image.rows = image.columns = 30000;
    image.number_of_frames = 5;
    const auto first = instance->decode(0);
    EXPECT_EQ(plan_native(image, *instance->file.transfer_syntax, *first).error().code,
              ErrorCode::LimitExceeded);
}

TEST(Transcode, FramesOfAnotherKindThanTheFirstAreRefused) {
    const auto instance = open_instance(kPydicomFiles / "MR_small_RLE.dcm");
    ASSERT_TRUE(instance) << "install python3-pydicom";
    auto frame = instance->decode(0);
    ASSERT_TRUE(frame);
    const auto plan = plan_native(instance->image, *instance->file.transfer_syntax, *frame);
    ASSERT_TRUE(plan);
    NativeWriter writer(*plan);
    ByteBuffer out;
    frame->type = SampleType::U16;
    EXPECT_EQ(writer.append(*frame, out).error().code, ErrorCode::Unsupported);
    EXPECT_TRUE(out.empty());
}

}  // namespace
}  // namespace larmor::pixels::test
