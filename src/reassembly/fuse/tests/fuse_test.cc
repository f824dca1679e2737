#include "reassembly/fuse/fuse.h"

#include "base/hash.h"
#include "reassembly/fuse/tests/halves.h"

namespace larmor::reassembly::fuse {
namespace {

using test::buffer;
using test::JsonImage;
using test::Made;
using test::make;
using test::pixels_of;

constexpr std::string_view kBaseline = "1.2.840.10008.1.2.4.50";
constexpr std::string_view kLossless = "1.2.840.10008.1.2.4.70";

/// Markers of ISO/IEC 10918-1 with sizes that can be chosen; no pixels.
ByteBuffer jpeg(int rows = 2, int columns = 2, int samples = 1, char process = '\xc0') {
    std::string text("\xff\xd8\xff", 3);
    text += process;
    text += std::string("\0", 1) + static_cast<char>(8 + 3 * samples) + '\x08';
    text += std::string("\0", 1) + static_cast<char>(rows);
    text += std::string("\0", 1) + static_cast<char>(columns) + static_cast<char>(samples);
    for (int i = 1; i <= samples; ++i) text += static_cast<char>(i) + std::string("\x11\0", 2);
    text += std::string("\xff\xda\0", 3) + static_cast<char>(6 + 2 * samples);
    text += static_cast<char>(samples);
    for (int i = 1; i <= samples; ++i) text += static_cast<char>(i) + std::string("\0", 1);
    text += std::string("\x01\0\0", 3) + "data" + "\xff\xd9";
    return buffer(text);
}
/// The header of PS3.5 section G.5 with one segment of two bytes.
ByteBuffer rle() {
    std::string text(64, '\0');
    text[0] = 1;
    text[4] = 64;
    return buffer(text + "ab");
}
std::string hex_of_pixels(const Made& made) {
    return to_hex(pixels_of(made).value);
}
std::string vr_of_pixels(const Made& made) {
    return dicom::to_string(pixels_of(made).vr);
}

TEST(Fuse, WritesNativePixelsInExplicitLittleEndian) {
    const auto made = make(JsonImage{}, {{"a/1.2.3.4.raw", buffer("wxyz")}});

    ASSERT_EQ(made.fused.outcome, Outcome::Written) << made.fused.reason;
    EXPECT_EQ(made.fused.file.transfer_syntax_uid, "1.2.840.10008.1.2.1");
    EXPECT_FALSE(made.fused.file.is_other_syntax);
    EXPECT_EQ(hex_of_pixels(made), "7778797a");
    EXPECT_EQ(vr_of_pixels(made), "OW") << "as the JSON says";
}

/// Written down from PS3.10 section 7.1; a change of version must never change it.
TEST(Fuse, WritesFileMetaThatNoBuildChanges) {
    const auto made = make(JsonImage{}, {{"1.2.3.4.raw", buffer("wxyz")}});

    const std::string meta(as_text(Bytes(made.bytes).subspan(128, 0xd0)));
    const auto text = [](std::string_view bytes) { return std::string(bytes); };
    const std::string expected =
        text("DICM") + text({"\x02\0\0\0UL\x04\0\xa6\0\0\0", 12}) +
        text({"\x02\0\x01\0OB\0\0\x02\0\0\0\0\x01", 14}) + text({"\x02\0\x02\0UI\x1a\0", 8}) +
        text({"1.2.840.10008.5.1.4.1.1.7\0", 26}) + text({"\x02\0\x03\0UI\x08\0", 8}) +
        text({"1.2.3.4\0", 8}) + text({"\x02\0\x10\0UI\x14\0", 8}) +
        text({"1.2.840.10008.1.2.1\0", 20}) + text({"\x02\0\x12\0UI\x2c\0", 8}) +
        "2.25.144062597205104278792297242855463493153" + text({"\x02\0\x13\0SH\x0e\0", 8}) +
        "LARMOR_FUSED_1";
    EXPECT_EQ(meta.substr(0, expected.size()), expected);
    EXPECT_EQ(expected.size(), 4U + 12U + 0xa6U);
}

TEST(Fuse, KeepsWhatIsDeclaredWhereThePixelsAreLegalInIt) {
    const std::vector<test::Part> raw{{"1.2.3.4.raw", buffer("wxyz")}};
    const auto syntax_of = [](const Made& made) {
        return made.fused.file.transfer_syntax_uid +
               (made.fused.file.is_other_syntax ? " other" : "");
    };
    EXPECT_EQ(syntax_of(make(JsonImage{.syntax = "1.2.840.10008.1.2"}, raw)),
              "1.2.840.10008.1.2");
    EXPECT_EQ(syntax_of(make(JsonImage{.syntax = "1.2.840.10008.1.2.2"}, raw)),
              "1.2.840.10008.1.2.1 other");
    EXPECT_EQ(syntax_of(make(JsonImage{.syntax = "1.2.840.10008.1.2.1.99"}, raw)),
              "1.2.840.10008.1.2.1 other");
    EXPECT_EQ(syntax_of(make(JsonImage{.syntax = std::string(kBaseline)}, raw)),
              "1.2.840.10008.1.2.1 other");
    const std::vector<test::Part> compressed{{"1.2.3.4.jpg", jpeg()}};
    EXPECT_EQ(syntax_of(make(JsonImage{}, compressed)), kBaseline);
    // Process 2 and 4 decode baseline, too.
    EXPECT_EQ(syntax_of(make(JsonImage{.syntax = "1.2.840.10008.1.2.4.51"}, compressed)),
              "1.2.840.10008.1.2.4.51");
    EXPECT_EQ(syntax_of(make(JsonImage{.syntax = std::string(kLossless)}, compressed)),
              std::string(kBaseline) + " other");
    EXPECT_EQ(syntax_of(make(JsonImage{.syntax = "1.2.840.10008.1.2"}, compressed)),
              std::string(kBaseline) + " other");
    EXPECT_EQ(syntax_of(make(JsonImage{.syntax = "1.2.3.4.5.6"}, compressed)),
              std::string(kBaseline) + " other");
    EXPECT_EQ(syntax_of(make(JsonImage{.syntax = "1.2.840.10008.1.2.4.57"},
                             {{"1.2.3.4.jpg", jpeg(2, 2, 1, '\xc3')}})),
              "1.2.840.10008.1.2.4.57");
    EXPECT_EQ(syntax_of(make(JsonImage{}, {{"1.2.3.4.jpg", jpeg(2, 2, 1, '\xc3')}})),
              kLossless);
}

TEST(Fuse, IsExplicitWhereTheDictionaryWouldMisreadIt) {
    // Referenced Series Sequence, of which the metadata says that it is text.
    const auto made = make(JsonImage{.syntax = "1.2.840.10008.1.2",
                                     .more = R"("00081115":{"vr":"LO","Value":["text"]},)"},
                           {{"1.2.3.4.raw", buffer("wxyz")}});

    EXPECT_EQ(made.fused.outcome, Outcome::Written) << made.fused.reason;
    EXPECT_EQ(made.fused.file.transfer_syntax_uid, "1.2.840.10008.1.2.1");
    EXPECT_TRUE(made.fused.file.is_other_syntax);
    EXPECT_EQ(hex_of_pixels(made), "7778797a");
}

TEST(Fuse, EncapsulatesWithPaddingAndABasicOffsetTable) {
    const auto odd = jpeg();
    ASSERT_EQ(odd.size() % 2, 1U);
    const auto made =
        make(JsonImage{.frames = "2"}, {{"1.2.3.4/2.jpg", odd}, {"1.2.3.4/1.jpg", odd}});

    ASSERT_EQ(made.fused.outcome, Outcome::Written) << made.fused.reason;
    EXPECT_EQ(vr_of_pixels(made), "OB");
    const auto stream = to_hex(odd) + "00";
    const auto size = std::string(1, "0123456789abcdef"[(odd.size() + 1) / 16]) +
                      "0123456789abcdef"[(odd.size() + 1) % 16];
    const auto second = std::string(1, "0123456789abcdef"[(odd.size() + 9) / 16]) +
                        "0123456789abcdef"[(odd.size() + 9) % 16];
    EXPECT_EQ(hex_of_pixels(made).substr(0, 32 + 16 + 2 * odd.size() + 2),
              "feff00e008000000"
              "00000000" +
                  second + "000000" + "feff00e0" + size + "000000" + stream);
}

TEST(Fuse, WritesAnExtendedOffsetTableWhereTheMetadataHasOne) {
    const auto made =
        make(JsonImage{.frames = "2", .pixels = R"("7FE00001":{"vr":"OV","BulkDataURI":"t"},
                                                  "7FE00010":{"vr":"OB","BulkDataURI":"b"})"},
             {{"1.2.3.4_0.rle", rle()}, {"1.2.3.4_1.rle", rle()}});

    ASSERT_EQ(made.fused.outcome, Outcome::Written) << made.fused.reason;
    EXPECT_EQ(to_hex(pixels_of(made, {0x7fe0, 0x0001}).value),
              "00000000000000004a00000000000000");
    EXPECT_EQ(to_hex(pixels_of(made, {0x7fe0, 0x0002}).value),
              "42000000000000004200000000000000");
    EXPECT_EQ(hex_of_pixels(made).substr(0, 16), "feff00e000000000")
        << "the Basic one is empty";
}

TEST(Fuse, LeavesLargePixelsWhereTheyAre) {
    const auto metadata =
        read_metadata(as_bytes(test::to_json({.rows = 40000, .columns = 50000})));
    const std::vector<ImageMember> members{
        {{std::string(test::kUid), std::nullopt, MemberKind::Raw}, 2'000'000'000, Bytes()}};
    ByteBuffer head(head_bytes(MemberKind::Raw, 2'000'000'000));
    auto with_head = members;
    with_head[0].head = head;

    const auto fused = fuse(*metadata, with_head);

    ASSERT_EQ(fused.outcome, Outcome::Written) << fused.reason;
    ASSERT_EQ(fused.file.pieces.size(), 2U);
    EXPECT_EQ(fused.file.pieces[1].range, (ByteRange{0, 2'000'000'000}));
    EXPECT_EQ(fused.file.size_bytes, fused.file.pieces[0].made.size() + 2'000'000'000);
}

TEST(Fuse, UsesTheExtendedOffsetTableBeyondFourGiB) {
    const auto metadata = read_metadata(
        as_bytes(test::to_json({.frames = "3", .syntax = std::string(kBaseline)})));
    ByteBuffer head = jpeg();
    head.resize(head_bytes(MemberKind::Codestream, 3ULL << 30));
    std::vector<ImageMember> members;
    for (std::uint32_t frame = 1; frame <= 3; ++frame) {
        members.push_back(
            {{std::string(test::kUid), frame, MemberKind::Codestream}, 3ULL << 30, head});
    }

    const auto fused = fuse(*metadata, members);

    ASSERT_EQ(fused.outcome, Outcome::Written) << fused.reason;
    const auto front = to_hex(fused.file.pieces[0].made);
    // (7FE0,0001) OV of 24 bytes: 0, 3 GiB + 8, 6 GiB + 16.
    EXPECT_NE(front.find("e07f01004f5600001800000000000000000000000800"
                         "00c0000000001000008001000000"),
              std::string::npos);
    EXPECT_TRUE(front.ends_with("feff00e000000000feff00e0000000c0"));
}

TEST(Fuse, TurnsBigEndianRawRound) {
    const FuseOptions big{.raw_order = RawOrder::Big};
    EXPECT_EQ(hex_of_pixels(make(JsonImage{.columns = 1, .bits = 16},
                                 {{"1.2.3.4.raw", buffer("abcd")}}, big)),
              "62616463");
    EXPECT_EQ(hex_of_pixels(make(JsonImage{}, {{"1.2.3.4.raw", buffer("abcd")}}, big)),
              "61626364");
    EXPECT_EQ(hex_of_pixels(make(JsonImage{.rows = 1, .columns = 1, .bits = 32},
                                 {{"1.2.3.4.raw", buffer("abcd")}}, big)),
              "64636261");
}

TEST(Fuse, KnowsCodestreamsByTheirFirstBytes) {
    const auto made =
        make(JsonImage{.syntax = std::string(kBaseline)}, {{"x/1.2.3.4.bin", jpeg()}});
    EXPECT_EQ(made.fused.file.transfer_syntax_uid, kBaseline) << made.fused.reason;
    EXPECT_EQ(make(JsonImage{}, {{"x/1.2.3.4", jpeg()}}).fused.file.transfer_syntax_uid,
              kBaseline);
    // Four bytes that look like JPEG and are as many as the pixels.
    EXPECT_EQ(make(JsonImage{}, {{"1.2.3.4.raw", buffer("\xff\xd8\xff\xe0")}})
                  .fused.file.transfer_syntax_uid,
              "1.2.840.10008.1.2.1");
}

TEST(Fuse, IsTheSameInAnyOrderOfMembers) {
    const JsonImage image{.frames = "3"};
    const std::vector<test::Part> parts{
        {"1.2.3.4_1.jpg", jpeg()}, {"1.2.3.4_2.jpg", jpeg()}, {"1.2.3.4_3.jpg", jpeg()}};
    const std::vector<test::Part> other{parts[2], parts[0], parts[1]};

    EXPECT_EQ(make(image, parts).bytes, make(image, other).bytes);
    EXPECT_FALSE(make(image, parts).bytes.empty());
}

/// Each has its reason, and none writes anything.
TEST(Fuse, SaysWhyHalvesContradictEachOther) {
    const auto raw = [](std::string_view bytes) {
        return std::vector<test::Part>{{"1.2.3.4.raw", buffer(bytes)}};
    };
    const std::vector<test::Part> compressed{{"1.2.3.4.jpg", jpeg()}};
    const auto reason = [](const Made& made) {
        EXPECT_EQ(made.fused.outcome, Outcome::Conflict);
        EXPECT_TRUE(made.fused.file.pieces.empty());
        return made.fused.reason;
    };
    using testing::HasSubstr;
    EXPECT_THAT(reason(make(JsonImage{}, raw("wxy"))), HasSubstr("3 bytes of pixels"));
    EXPECT_THAT(reason(make(JsonImage{}, raw("vwxyz"))), HasSubstr("5 bytes of pixels"));
    EXPECT_THAT(reason(make(JsonImage{}, {{"1.2.3.5.raw", buffer("wxyz")}})),
                HasSubstr("another UID"));
    EXPECT_THAT(reason(make(JsonImage{.rows = 3}, compressed)), HasSubstr("Rows"));
    EXPECT_THAT(reason(make(JsonImage{.columns = 3}, compressed)), HasSubstr("Columns"));
    EXPECT_THAT(reason(make(JsonImage{.samples = 3, .photometric = "RGB"}, compressed)),
                HasSubstr("samples"));
    EXPECT_THAT(reason(make(JsonImage{.photometric = "RGB"}, raw("wxyz"))),
                HasSubstr("Photometric"));
    EXPECT_THAT(
        reason(make(JsonImage{.rows = 1, .columns = 1, .samples = 3, .photometric = "YBR_RCT"},
                    raw("wxy"))),
        HasSubstr("Photometric"));
    EXPECT_THAT(reason(make(JsonImage{.bits = 16}, {{"1.2.3.4.rle", rle()}})),
                HasSubstr("RLE segments"));
    EXPECT_THAT(reason(make(JsonImage{.rows = 0}, raw("wxyz"))), HasSubstr("no sound"));
    EXPECT_THAT(reason(make(JsonImage{.frames = "2"}, compressed)),
                HasSubstr("one codestream"));
    EXPECT_THAT(reason(make(JsonImage{.frames = "2"}, {{"1.2.3.4_1.jpg", jpeg()}})),
                HasSubstr("Number of Frames"));
    EXPECT_THAT(reason(make(JsonImage{.frames = "2"},
                            {{"1.2.3.4_1.jpg", jpeg()}, {"1.2.3.4_3.jpg", jpeg()}})),
                HasSubstr("frame 2 is missing"));
    EXPECT_THAT(reason(make(JsonImage{.frames = "2"},
                            {{"1.2.3.4_1.jpg", jpeg()}, {"1.2.3.4_1.jpg", jpeg()}})),
                HasSubstr("twice"));
    EXPECT_THAT(reason(make(JsonImage{.frames = "2"},
                            {{"1.2.3.4_7.jpg", jpeg()}, {"1.2.3.4_8.jpg", jpeg()}})),
                HasSubstr("begin at number 7"));
    EXPECT_THAT(reason(make(JsonImage{.frames = "2"},
                            {{"1.2.3.4_1.jpg", jpeg()}, {"1.2.3.4_2.rle", rle()}})),
                HasSubstr("different transfer syntaxes"));
    EXPECT_THAT(reason(make(JsonImage{.frames = "2"},
                            {{"1.2.3.4_1.jpg", jpeg()}, {"1.2.3.4_2.raw", buffer("wxyz")}})),
                HasSubstr("some frames are native"));
    EXPECT_THAT(reason(make(JsonImage{}, {{"1.2.3.4.raw", buffer("wxyz")},
                                          {"1.2.3.4.raw", buffer("wxyz")}})),
                HasSubstr("without a frame number"));
    EXPECT_THAT(reason(make(JsonImage{.pixels = R"("7FE00008":{"vr":"OF","BulkDataURI":"b"})"},
                            compressed)),
                HasSubstr("compressed pixels for (7fe0,0008)"));
}

TEST(Fuse, SaysWhatIsCorrupt) {
    const auto outcome = [](const Made& made) {
        EXPECT_FALSE(made.fused.reason.empty());
        return made.fused.outcome;
    };
    EXPECT_EQ(outcome(make(JsonImage{}, {{"1.2.3.4.jpg", buffer("")}})), Outcome::Corrupt);
    EXPECT_EQ(outcome(make(JsonImage{}, {{"1.2.3.4.jpg", buffer("GIF89a")}})),
              Outcome::Corrupt);
    auto cut = jpeg();
    cut.resize(12);
    EXPECT_EQ(outcome(make(JsonImage{}, {{"1.2.3.4.jpg", cut}})), Outcome::Corrupt);
    EXPECT_EQ(outcome(make(JsonImage{}, {{"1.2.3.4.rle", buffer("ab")}})), Outcome::Corrupt);
    EXPECT_EQ(outcome(make(JsonImage{}, {{"1.2.3.4.png", buffer("\x89PNG")}})),
              Outcome::Corrupt);
    EXPECT_EQ(outcome(make(JsonImage{}, {{"1.2.3.4.tif", buffer("II*")}})), Outcome::Corrupt);
    EXPECT_EQ(outcome(make(JsonImage{}, {{"1.2.3.4.dcm", buffer("none")}})), Outcome::Corrupt);
    EXPECT_EQ(outcome(make("{", {})), Outcome::Corrupt);
}

TEST(Fuse, WritesIncompleteOnesOnlyWhenAsked) {
    const JsonImage image{.more = R"("00091001":{"vr":"OB","BulkDataURI":"x"},)"};
    const std::vector<test::Part> raw{{"1.2.3.4.raw", buffer("wxyz")}};

    const auto refused = make(image, raw);
    EXPECT_EQ(refused.fused.outcome, Outcome::Incomplete);
    EXPECT_THAT(refused.fused.reason, testing::HasSubstr("(0009,1001)"));
    EXPECT_EQ(make(image, raw, {.allow_incomplete = true}).fused.outcome, Outcome::Written);
}

TEST(Fuse, NeedsNoImageHalfWhereThereAreNoPixels) {
    EXPECT_EQ(make(JsonImage{}, {}).fused.outcome, Outcome::Incomplete);
    const auto report = make(JsonImage{.pixels = ""}, {});
    EXPECT_EQ(report.fused.outcome, Outcome::Written) << report.fused.reason;
    EXPECT_TRUE(pixels_of(report).value.empty());
}

}  // namespace
}  // namespace larmor::reassembly::fuse
