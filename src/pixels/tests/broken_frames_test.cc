// Codestreams that are cut, and such that say other things than the data set.
#include <string>

#include "pixel_test_data.h"
#include "pixels/render.h"

/// A failed assert leaves OpenJPEG in the middle of a code block: it loses 120 bytes, which is
/// the price of going on (pixels/codecs/assertion_guard.h).
// NOLINTNEXTLINE(bugprone-reserved-identifier, readability-identifier-naming)
extern "C" const char* __lsan_default_suppressions() {
    return "leak:libopenjp2";
}

namespace larmor::pixels::test {
namespace {

/// The seeds of fuzz_frames: 12 bytes of description, then a codestream of 24 x 24 pixels.
struct Seed {
    std::string name;
    const char* syntax;
};
const Seed kSeeds[] = {
    {"rle_1x8", "1.2.840.10008.1.2.5"},
    {"rle_3x8", "1.2.840.10008.1.2.5"},
    {"rle_1x12", "1.2.840.10008.1.2.5"},
    {"baseline_1x8", "1.2.840.10008.1.2.4.50"},
    {"baseline_3x8", "1.2.840.10008.1.2.4.50"},
    {"extended_1x12", "1.2.840.10008.1.2.4.51"},
    {"progressive_1x8", "1.2.840.10008.1.2.4.55"},
    {"progressive_1x12", "1.2.840.10008.1.2.4.55"},
    {"lossless_1x8", "1.2.840.10008.1.2.4.70"},
    {"lossless_3x8", "1.2.840.10008.1.2.4.70"},
    {"lossless_1x12", "1.2.840.10008.1.2.4.70"},
    {"lossless_1x16", "1.2.840.10008.1.2.4.70"},
    {"jpegls_1x8", "1.2.840.10008.1.2.4.80"},
    {"jpegls_3x8", "1.2.840.10008.1.2.4.80"},
    {"jpegls_1x12", "1.2.840.10008.1.2.4.80"},
    {"jpeg2000_1x8", "1.2.840.10008.1.2.4.90"},
    {"jpeg2000_3x8", "1.2.840.10008.1.2.4.90"},
    {"jpeg2000_1x12", "1.2.840.10008.1.2.4.90"},
    {"htj2k_1x8", "1.2.840.10008.1.2.4.201"},
    {"htj2k_3x8", "1.2.840.10008.1.2.4.201"},
    {"htj2k_1x12", "1.2.840.10008.1.2.4.201"},
};

struct Coded {
    ImageDescription image;
    const dicom::TransferSyntax* syntax = nullptr;
    std::string stream;

    Result<Frame> decode(std::string_view bytes) const {
        const Bytes part = as_bytes(bytes);
        return decode_frame(image, *syntax, {{&part, 1}});
    }
};
Coded read_seed(const Seed& seed) {
    const auto bytes =
        read_file(LARMOR_SOURCE_DIR "/testdata/seeds/frames/" + seed.name, 1U << 20);
    if (!bytes) {
        ADD_FAILURE() << bytes.error().message;
        return {};
    }
    Coded coded;
    coded.syntax = dicom::find_transfer_syntax(seed.syntax);
    coded.stream = bytes->substr(12);
    auto& image = coded.image;
    image.rows = image.columns = 24;
    image.samples_per_pixel = (bytes->at(5) & 1) != 0 ? 3 : 1;
    image.bits_allocated = bytes->at(6) == 1 ? 8 : 16;
    image.bits_stored = static_cast<std::uint16_t>(bytes->at(7) + 1);
    image.high_bit = static_cast<std::uint16_t>(image.bits_stored - 1);
    image.photometric = static_cast<Photometric>(bytes->at(9));
    image.pixel_data = PixelDataElement{};
    image.pixel_data->encapsulated = true;
    return coded;
}

TEST(BrokenFrames, TheSeedsThemselvesDecode) {
    for (const auto& seed : kSeeds) {
        const auto coded = read_seed(seed);
        const auto frame = coded.decode(coded.stream);
        EXPECT_TRUE(frame) << seed.name << ": " << frame.error().message;
    }
}

TEST(BrokenFrames, AFrameCutAnywhereIsAnErrorOrComplete) {
    for (const auto& seed : kSeeds) {
        const auto coded = read_seed(seed);
        const auto whole = coded.decode(coded.stream);
        ASSERT_TRUE(whole);
        std::size_t survived = 0;
        for (std::size_t size = 0; size < coded.stream.size(); ++size) {
            const auto frame = coded.decode(std::string_view(coded.stream).substr(0, size));
            if (!frame) {
                EXPECT_EQ(frame.error().code, ErrorCode::InvalidInput) << seed.name << size;
                continue;
            }
            // Only what lies behind the last pixel may be missing.
            EXPECT_TRUE(std::ranges::equal(frame->pixels.bytes(), whole->pixels.bytes()))
                << seed.name << " after " << size << " of " << coded.stream.size();
            ++survived;
        }
        EXPECT_LE(survived, 24U) << seed.name;
    }
}

TEST(BrokenFrames, EveryByteMayBeWrong) {
    // No expectation of pixels: it must end, without a sanitizer's word.
    for (const auto& seed : kSeeds) {
        const auto coded = read_seed(seed);
        for (std::size_t at = 0; at < coded.stream.size(); ++at) {
            for (const int flip : {0x01, 0x80, 0xff}) {
                auto stream = coded.stream;
                stream[at] = static_cast<char>(stream[at] ^ flip);
                const auto frame = coded.decode(stream);
                if (frame) {
                    EXPECT_EQ(frame->rows, 24U);
                }
            }
        }
    }
}

TEST(BrokenFrames, TheDataSetMustAgreeWithTheCodestream) {
    for (const auto& seed : kSeeds) {
        for (const auto change : {0, 1, 2, 3}) {
            auto coded = read_seed(seed);
            auto& image = coded.image;
            switch (change) {
                case 0:
                    image.rows = 48;
                    break;
                case 1:
                    image.columns = 12;
                    break;
                case 2:
                    image.samples_per_pixel = image.samples_per_pixel == 1 ? 3 : 1;
                    break;
                default:
                    if (image.bits_allocated == 8) continue;
                    image.bits_allocated = 8;
                    image.bits_stored = 8;
                    image.high_bit = 7;
            }
            const auto frame = coded.decode(coded.stream);
            // A larger RLE plane can be cut to a smaller one: it carries no size.
            if (seed.name.starts_with("rle") && change == 1) continue;
            EXPECT_FALSE(frame) << seed.name << " change " << change;
        }
    }
}

TEST(BrokenFrames, NoCodestreamTakesMoreMemoryThanAllowed) {
    for (const auto& seed : kSeeds) {
        const auto coded = read_seed(seed);
        const Bytes part = as_bytes(coded.stream);
        const auto frame =
            decode_frame(coded.image, *coded.syntax, {{&part, 1}}, {.decode_max_bytes = 800});
        ASSERT_FALSE(frame) << seed.name;
        EXPECT_EQ(frame.error().code, ErrorCode::LimitExceeded) << seed.name;
    }
}

TEST(BrokenFrames, FramesMayComeInManyParts) {
    for (const auto& seed : kSeeds) {
        const auto coded = read_seed(seed);
        const auto whole = coded.decode(coded.stream);
        std::vector<Bytes> parts;
        const auto bytes = as_bytes(coded.stream);
        for (std::size_t at = 0; at < bytes.size(); at += 7) {
            parts.push_back(bytes.subspan(at, std::min<std::size_t>(7, bytes.size() - at)));
            parts.emplace_back();
        }
        const auto frame = decode_frame(coded.image, *coded.syntax, {parts});
        ASSERT_TRUE(frame) << seed.name;
        EXPECT_TRUE(std::ranges::equal(frame->pixels.bytes(), whole->pixels.bytes()));
    }
}

TEST(BrokenFrames, ThreadsDecodeSideBySide) {
    // Broken HTJ2K comes back from a failed assert in one thread while others go on.
    std::vector<std::thread> threads;
    std::atomic<int> wrong = 0;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&wrong] {
            for (const auto& seed : kSeeds) {
                const auto coded = read_seed(seed);
                const auto whole = coded.decode(coded.stream);
                for (std::size_t at = 0; at < coded.stream.size(); at += 5) {
                    auto stream = coded.stream;
                    stream[at] = static_cast<char>(~stream[at]);
                    (void)coded.decode(stream);
                }
                const auto again = coded.decode(coded.stream);
                if (!whole || !again ||
                    !std::ranges::equal(whole->pixels.bytes(), again->pixels.bytes())) {
                    ++wrong;
                }
            }
        });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(wrong, 0);
}

TEST(BrokenFrames, CodingsWithoutADecoderSaySo) {
    auto coded = read_seed(kSeeds[0]);
    coded.syntax = dicom::find_transfer_syntax("1.2.840.10008.1.2.4.102");
    ASSERT_NE(coded.syntax, nullptr);
    EXPECT_EQ(coded.decode(coded.stream).error().code, ErrorCode::Unsupported);
    EXPECT_FALSE(can_decode(coded.syntax->coding));
    coded.image.pixel_data.reset();
    EXPECT_EQ(coded.decode(coded.stream).error().message, "the instance has no Pixel Data");
}

TEST(BrokenFrames, OverlaysInUnusedBitsAreCutAndSignsExtended) {
    // 12 bits stored of 16, an overlay in bit 15, signed: by hand.
    ImageDescription image;
    image.rows = 1;
    image.columns = 4;
    image.bits_allocated = 16;
    image.bits_stored = 12;
    image.high_bit = 11;
    image.is_signed = true;
    image.photometric = Photometric::Monochrome2;
    image.pixel_data = PixelDataElement{};
    const auto* native = dicom::find_transfer_syntax(dicom::kExplicitLittleUid);
    const std::string stored("\x01\x80\xff\x8f\x00\x08\xff\x07", 8);
    const Bytes part = as_bytes(stored);
    const auto frame = decode_frame(image, *native, {{&part, 1}});
    ASSERT_TRUE(frame);
    EXPECT_THAT(frame->values<std::int16_t>(), testing::ElementsAre(1, -1, -2048, 2047));

    // High Bit 15: the value sits in the upper twelve.
    image.high_bit = 15;
    EXPECT_THAT(decode_frame(image, *native, {{&part, 1}})->values<std::int16_t>(),
                testing::ElementsAre(-2048, -1793, 128, 127));
}

TEST(BrokenFrames, PlanesBecomePixels) {
    ImageDescription image;
    image.rows = 1;
    image.columns = 2;
    image.samples_per_pixel = 3;
    image.bits_allocated = image.bits_stored = 8;
    image.high_bit = 7;
    image.is_planar = true;
    image.photometric = Photometric::Rgb;
    image.pixel_data = PixelDataElement{};
    const auto* native = dicom::find_transfer_syntax(dicom::kExplicitLittleUid);
    const Bytes part = as_bytes("rRgGbB");
    EXPECT_THAT(decode_frame(image, *native, {{&part, 1}})->values<std::uint8_t>(),
                testing::ElementsAre('r', 'g', 'b', 'R', 'G', 'B'));
    // Y Y Cb Cr, grey: PS3.3 section C.7.6.3.1.2.
    image.is_planar = false;
    image.photometric = Photometric::YbrFull422;
    const Bytes ybr = as_bytes("\x10\x20\x80\x80");
    auto frame = decode_frame(image, *native, {{&ybr, 1}});
    ASSERT_TRUE(frame);
    EXPECT_EQ(frame->photometric, Photometric::YbrFull);
    EXPECT_THAT(to_rgb(image, std::move(*frame))->values<std::uint8_t>(),
                testing::ElementsAre(16, 16, 16, 32, 32, 32));
}

}  // namespace
}  // namespace larmor::pixels::test
