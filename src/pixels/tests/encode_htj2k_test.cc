#include "pixels/encode_htj2k.h"

#include "pixels/frame_facts.h"
#include "pixels/tests/pixel_test_data.h"

namespace larmor::pixels {
namespace {

using namespace test;

/// The samples of the first component of a codestream as opj_decompress gives them: little
/// endian, 1 or 2 bytes each; those of further components follow.
Result<std::string> expand_with_openjpeg(const TempFolder& folder, Bytes codestream) {
    const auto in = folder.path() / "frame.j2c";
    const auto out = folder.path() / "frame.rawl";
    std::ofstream(in, std::ios::binary) << as_text(codestream);
    if (!runs("opj_decompress -i " + shell_quoted(in) + " -o " + shell_quoted(out))) {
        return fail(ErrorCode::Unsupported, "opj_decompress refused it");
    }
    return read_file(out, 1U << 30);
}

/// Component after component and without the bits above those that are stored, as
/// opj_decompress writes them.
std::string by_component(const Frame& frame, std::size_t width) {
    std::string planes;
    const Bytes bytes = frame.pixels.bytes();
    const std::size_t sample_bytes = size_of(frame.type);
    const std::uint32_t mask = (1U << frame.bits_stored) - 1;
    for (std::size_t component = 0; component < frame.samples; ++component) {
        for (std::size_t at = component; at < frame.sample_count(); at += frame.samples) {
            const std::byte* sample = bytes.data() + at * sample_bytes;
            const std::uint32_t value = sample_bytes == 1
                                            ? load_little<std::uint8_t>(sample)
                                            : std::uint32_t{load_little<std::uint16_t>(sample)};
            for (std::size_t i = 0; i < width; ++i) {
                planes += static_cast<char>((value & mask) >> (8 * i) & 0xff);
            }
        }
    }
    return planes;
}

struct Compared {
    std::size_t files = 0;
    std::size_t signed_ones = 0;
    std::size_t colour = 0;
    std::size_t wide = 0;
};
void compare(const Instance& instance, std::uint32_t number, const std::string& name,
             const TempFolder& folder, Compared& compared) {
    const auto frame = instance.decode(number);
    if (!frame || !can_encode_htj2k(*frame)) return;
    const auto coded = encode_htj2k(*frame);
    ASSERT_TRUE(coded) << name << ": " << coded.error().message;
    const auto theirs = expand_with_openjpeg(folder, *coded);
    ASSERT_TRUE(theirs) << name << ": " << theirs.error().message;
    const std::size_t width = frame->bits_stored <= 8 ? 1 : 2;
    EXPECT_TRUE(*theirs == by_component(*frame, width)) << name << " frame " << number;
    ++compared.files;
    compared.signed_ones += is_signed(frame->type) ? 1 : 0;
    compared.colour += frame->samples == 3 ? 1 : 0;
    compared.wide += width == 2 ? 1 : 0;
}

TEST(EncodeHtj2k, OpenJpegsToolMakesTheSameSamplesOfEveryRealFile) {
    const TempFolder folder;
    Compared compared;
    for (const auto& path : dicom_files()) {
        const auto instance = open_instance(path);
        if (!instance || instance->image.bits_allocated < 8) continue;
        // A decode in a process of its own costs 10 ms: a few large ones are enough.
        if (std::uint64_t{instance->image.rows} * instance->image.columns > 600'000 &&
            compared.files > 40) {
            continue;
        }
        if (compared.files > 60) break;
        const std::uint32_t last = instance->index.view().frame_count();
        compare(*instance, last > 1 ? last - 1 : 0, path.string(), folder, compared);
    }
    std::cerr << compared.files << " files compared\n";
    EXPECT_GE(compared.files, has_shared_files() ? 60U : 20U);
    EXPECT_GT(compared.signed_ones, 0U);
    EXPECT_GT(compared.colour, 0U);
    EXPECT_GT(compared.wide, 0U);
}

Frame grey(std::uint32_t rows, std::uint32_t columns, std::uint16_t bits) {
    Frame frame;
    frame.rows = rows;
    frame.columns = columns;
    frame.bits_stored = bits;
    frame.type = SampleType::U16;
    frame.photometric = Photometric::Monochrome2;
    frame.pixels = SampleBuffer(frame.sample_count() * 2);
    for (auto& value : frame.values<std::uint16_t>()) value = 0;
    return frame;
}

// PS3.5 section A.4.13: the progression is RPCL. ISO/IEC 15444-1 table A.16: that is 2, in the
// second byte of SGcod, whose marker COD is FF52.
TEST(EncodeHtj2k, OrdersPacketsByResolutionAndSaysThatItIsLossless) {
    const auto coded = encode_htj2k(grey(512, 512, 12));
    ASSERT_TRUE(coded);
    const std::string_view text = as_text(*coded);
    const auto cod = text.find("\xff\x52");
    ASSERT_NE(cod, std::string_view::npos);
    EXPECT_EQ(text[cod + 5], 2);                               // progression order
    EXPECT_EQ(text[cod + 9], 5);                               // decompositions
    EXPECT_EQ(text[cod + 13], 1);                              // the reversible 5/3 wavelet
    EXPECT_NE(text.find("\xff\x50"), std::string_view::npos);  // CAP: part 15
}

TEST(EncodeHtj2k, TakesSidesOfOnePixel) {
    const TempFolder folder;
    for (const auto& [rows, columns] : {std::pair{1U, 1U}, {1U, 9U}, {9U, 1U}, {2U, 3U}}) {
        Frame frame = grey(rows, columns, 16);
        std::uint16_t next = 65'535;
        for (auto& value : frame.values<std::uint16_t>()) value = next--;
        const auto coded = encode_htj2k(frame);
        ASSERT_TRUE(coded) << rows << " x " << columns << ": " << coded.error().message;
        const auto theirs = expand_with_openjpeg(folder, *coded);
        ASSERT_TRUE(theirs) << rows << " x " << columns;
        EXPECT_TRUE(*theirs == by_component(frame, 2)) << rows << " x " << columns;
    }
}

TEST(EncodeHtj2k, RefusesMoreThanSixteenBits) {
    const auto coded = encode_htj2k([] {
        Frame frame = grey(4, 4, 32);
        frame.type = SampleType::U32;
        frame.pixels = SampleBuffer(frame.sample_count() * 4);
        return frame;
    }());
    ASSERT_FALSE(coded);
    EXPECT_EQ(coded.error().code, ErrorCode::Unsupported);
}

// 0xCBF43926 is the check value that every catalogue of CRCs gives for "123456789".
TEST(FrameFacts, ChecksumIsTheCrc32OfZlib) {
    const Bytes parts[] = {as_bytes("1234"), as_bytes("56789")};
    EXPECT_EQ(checksum_of(parts), 0xcbf43926U);
}

TEST(FrameFacts, GivesTheLowestAndTheHighestStoredValue) {
    Frame frame = grey(2, 2, 12);
    frame.type = SampleType::S16;
    const auto values = frame.values<std::int16_t>();
    values[0] = -7;
    values[3] = 2025;
    const auto facts = facts_of(frame);
    EXPECT_EQ(facts.min, -7);
    EXPECT_EQ(facts.max, 2025);
    const Bytes samples = frame.pixels.bytes();
    EXPECT_EQ(facts.checksum, checksum_of({&samples, 1}));
}

}  // namespace
}  // namespace larmor::pixels
