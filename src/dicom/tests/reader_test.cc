// The expected values stand in the bytes, written by hand after PS3.5 sections 7.1, 7.5 and
// A.4.
#include "dicom/reader.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include "dicom/dictionary.h"
#include "dicom/tags.h"
#include "dicom/tests/codec_test_data.h"

namespace larmor::dicom {
namespace {

using test::hex;
using test::read_all;

std::string error_of(Bytes data_set, Encoding encoding, ReaderOptions options = {}) {
    Error error{};
    read_all(data_set, encoding, &error, options);
    return error.message;
}

TEST(Reader, ReadsBothLengthFormsOfExplicitLittleEndian) {
    const auto data =
        hex("0800 6000 'CS' 0200 'CT'"
            "1000 2000 'LO' 0000"
            "2800 1000 'US' 0200 0002"
            "e07f 1000 'OW' 0000 04000000 01020304");

    const auto tokens = read_all(data, kExplicitLittle);

    ASSERT_EQ(tokens.size(), 4U);
    EXPECT_EQ(tokens[0].tag, tags::Modality);
    EXPECT_EQ(tokens[0].vr, vr::CS);
    EXPECT_EQ(as_text(tokens[0].value), "CT");
    EXPECT_EQ(tokens[1].tag, tags::PatientID);
    EXPECT_TRUE(tokens[1].value.empty());
    EXPECT_EQ(tokens[2].offset, 18U);
    EXPECT_EQ(tokens[2].value_offset, 26U);
    EXPECT_EQ(load_little<std::uint16_t>(tokens[2].value.data()), 512);
    EXPECT_EQ(tokens[3].tag, tags::PixelData);
    EXPECT_EQ(tokens[3].value_offset - tokens[3].offset, 12U);
    EXPECT_EQ(tokens[3].value.data(), data.data() + data.size() - 4);  // a view, no copy
}

TEST(Reader, ReadsExplicitBigEndian) {
    const auto data =
        hex("0008 1140 'SQ' 0000 00000012"
            "fffe e000 0000000a  0008 1150 'UI' 0002 '1' 00"
            "0028 0010 'US' 0002 0200");

    const auto tokens = read_all(data, kExplicitBig);

    ASSERT_EQ(tokens.size(), 6U);
    EXPECT_EQ(tokens[0].kind, TokenKind::SequenceStart);
    EXPECT_EQ(tokens[0].tag, tags::ReferencedImageSequence);
    EXPECT_EQ(tokens[1].kind, TokenKind::ItemStart);
    EXPECT_EQ(tokens[2].depth, 1U);
    EXPECT_EQ(tokens[5].tag, tags::Rows);
    EXPECT_EQ(load_big<std::uint16_t>(tokens[5].value.data()), 512);
}

TEST(Reader, TakesTheVrOfImplicitElementsFromTheDictionary) {
    const auto data =
        hex("0800 0000 04000000 00000000"  // a group length
            "0800 6000 02000000 'CT'"
            "2800 0301 02000000 0100"            // Pixel Representation: signed
            "2800 0601 02000000 ffff"            // Smallest Image Pixel Value: US or SS
            "2800 0630 02000000 0000"            // LUT Data: US or OW
            "2800 ff7f 02000000 0000"            // no such data element
            "0900 1000 0c000000 'GEMS_IDEN_01'"  // a private creator
            "0900 0110 02000000 'AB'"            // LO by the private dictionary
            "0900 0111 02000000 'AB'"            // a block that nobody owns
            "0060 0030 02000000 0000"            // (6000,3000) Overlay Data: OB or OW
            "0260 0030 02000000 0000"            // the same in a repeating group
            "e07f 1000 02000000 0000");

    const auto tokens = read_all(data, kImplicitLittle);

    std::vector<Vr> vrs;
    std::ranges::transform(tokens, std::back_inserter(vrs), &Token::vr);
    EXPECT_EQ(vrs, (std::vector{vr::UL, vr::CS, vr::US, vr::SS, vr::OW, vr::UN, vr::LO, vr::LO,
                                vr::UN, vr::OW, vr::OW, vr::OW}));
}

TEST(Reader, InheritsPixelRepresentationAndForgetsThatOfAnItem) {
    const auto data =
        hex("2800 0301 02000000 0100"
            "2800 0030 40000000"  // Modality LUT Sequence
            "  feff 00e0 0a000000  2800 0601 02000000 0000"
            "  feff 00e0 14000000  2800 0301 02000000 0000  2800 0601 02000000 0000"
            "  feff 00e0 0a000000  2800 0601 02000000 0000");

    const auto tokens = read_all(data, kImplicitLittle);

    ASSERT_EQ(tokens.size(), 13U);
    EXPECT_EQ(tokens[3].vr, vr::SS);   // inherited
    EXPECT_EQ(tokens[7].vr, vr::US);   // its own
    EXPECT_EQ(tokens[10].vr, vr::SS);  // inherited again
}

TEST(Reader, ForgetsPrivateCreatorsAtTheEndOfTheirItem) {
    const auto data =
        hex("0800 4011 2a000000"
            "  feff 00e0 22000000"
            "    0900 1000 0c000000 'GEMS_IDEN_01'"
            "    0900 0110 06000000 'ABCDEF'"
            "0900 0110 02000000 'AB'");

    const auto tokens = read_all(data, kImplicitLittle);

    ASSERT_EQ(tokens.size(), 7U);
    EXPECT_EQ(tokens[3].vr, vr::LO);
    EXPECT_EQ(tokens[6].vr, vr::UN);
}

TEST(Reader, ReportsSequencesOfBothLengthFormsWithTheSameShape) {
    const auto undefined =
        hex("0800 4011 'SQ' 0000 ffffffff"
            "feff 00e0 ffffffff  0800 5011 'UI' 0200 '1' 00  feff 0de0 00000000"
            "feff dde0 00000000"
            "1000 2000 'LO' 0000");
    const auto defined =
        hex("0800 4011 'SQ' 0000 12000000"
            "feff 00e0 0a000000  0800 5011 'UI' 0200 '1' 00"
            "1000 2000 'LO' 0000");

    const auto a = read_all(undefined, kExplicitLittle);
    const auto b = read_all(defined, kExplicitLittle);

    using enum TokenKind;
    const std::vector kinds{SequenceStart, ItemStart, Element, ItemEnd, SequenceEnd, Element};
    const std::vector depths{0U, 0U, 1U, 0U, 0U, 0U};
    for (const auto& tokens : {a, b}) {
        ASSERT_EQ(tokens.size(), kinds.size());
        for (std::size_t i = 0; i < tokens.size(); ++i) {
            EXPECT_EQ(tokens[i].kind, kinds[i]) << i;
            EXPECT_EQ(tokens[i].depth, depths[i]) << i;
        }
    }
    EXPECT_EQ(a[3].offset, 30U);  // the delimiter,
    EXPECT_EQ(a[3].value_offset, 38U);
    EXPECT_EQ(b[3].offset, 30U);  // or nothing
    EXPECT_EQ(b[3].value_offset, 30U);
    EXPECT_EQ(a[5].offset, 46U);
    EXPECT_EQ(b[5].offset, 30U);
}

TEST(Reader, ReadsUnOfUndefinedLengthAsImplicitSequence) {
    const auto data =
        hex("0900 0110 'UN' 0000 ffffffff"
            "feff 00e0 ffffffff  0800 6000 02000000 'CT'  feff 0de0 00000000"
            "feff dde0 00000000"
            "1000 2000 'LO' 0000"
            "1100 0110 'UN' 0000 08000000 feff00e0 00000000");

    const auto tokens = read_all(data, kExplicitLittle);

    ASSERT_EQ(tokens.size(), 7U);
    EXPECT_EQ(tokens[0].kind, TokenKind::SequenceStart);
    EXPECT_EQ(tokens[0].vr, vr::UN);
    EXPECT_EQ(tokens[2].vr, vr::CS);                // from the dictionary
    EXPECT_EQ(tokens[5].vr, vr::LO);                // explicit again
    EXPECT_EQ(tokens[6].kind, TokenKind::Element);  // defined length: unknown content
}

TEST(Reader, ReadsFragmentsOfEncapsulatedPixelData) {
    const auto data =
        hex("e07f 1000 'OB' 0000 ffffffff"
            "feff 00e0 00000000"
            "feff 00e0 04000000 ffd8ffd9"
            "feff dde0 00000000"
            "fcff fcff 'OB' 0000 02000000 0000");

    const auto tokens = read_all(data, kExplicitLittle);

    using enum TokenKind;
    ASSERT_EQ(tokens.size(), 5U);
    EXPECT_EQ(tokens[0].kind, FragmentsStart);
    EXPECT_EQ(tokens[1].kind, Fragment);
    EXPECT_TRUE(tokens[1].value.empty());
    EXPECT_EQ(tokens[2].value.size(), 4U);
    EXPECT_EQ(tokens[2].offset, 20U);
    EXPECT_EQ(tokens[3].kind, FragmentsEnd);
    EXPECT_EQ(tokens[4].kind, Element);
}

TEST(Reader, KeepsUnknownVrsAndTheirReservedBytes) {
    const auto data = hex("1100 0110 'ZZ' cafe 03000000 010203");

    const auto tokens = read_all(data, kExplicitLittle);

    ASSERT_EQ(tokens.size(), 1U);
    EXPECT_EQ(tokens[0].vr, vr_of('Z', 'Z'));
    EXPECT_EQ(tokens[0].reserved, 0xfeca);
    EXPECT_EQ(tokens[0].value.size(), 3U);
}

TEST(Reader, SetsEveryFieldOfATokenThatHeldSomethingElse) {
    const auto data = hex(
        "0011 1001 'ZZ' 0000 00000002 0102"
        "0008 1140 'SQ' 0000 00000012 fffe e000 0000000a 0008 1150 'UI' 0002 '1' 00"
        "0008 1140 'SQ' 0000 ffffffff fffe e000 ffffffff fffe e00d 00000000 fffe e0dd 00000000"
        "7fe0 0010 'OB' 0000 ffffffff fffe e000 00000000 fffe e0dd 00000000");
    Reader fresh(data, kExplicitBig);
    Reader reused(data, kExplicitBig);
    const auto other = hex("010203");
    for (int i = 0; i < 15; ++i) {
        const auto expected = fresh.next();
        ASSERT_TRUE(expected) << expected.error().message;
        Token token{.kind = TokenKind::Fragment,
                    .vr = vr::UT,
                    .tag = Tag(0x1234, 0x5678),
                    .length = 77,
                    .offset = 78,
                    .value_offset = 79,
                    .value = other,
                    .depth = 80,
                    .reserved = 81};
        ASSERT_TRUE(reused.advance(token));
        EXPECT_EQ(token.kind, expected->kind) << i;
        EXPECT_EQ(token.offset, expected->offset) << i;
        EXPECT_EQ(token.value_offset, expected->value_offset) << i;
        EXPECT_EQ(token.value.size(), expected->value.size()) << i;
        EXPECT_EQ(token.depth, expected->depth) << i;
        EXPECT_EQ(token.reserved, 0) << i;
        if (token.value_offset == token.offset) {  // no bytes say these
            EXPECT_EQ(token.length, 0U) << i;
        }
        if (token.kind == TokenKind::End) {
            EXPECT_EQ(token.tag, Tag());
        }
    }
    EXPECT_EQ(fresh.next()->kind, TokenKind::End);
}

TEST(Reader, ReadsItemsOfBothLengthFormsInOneSequence) {
    const auto tokens = read_all(hex("0800 4011 'SQ' 0000 ffffffff"
                                     "feff 00e0 0a000000 0800 5011 'UI' 0200 '1' 00"
                                     "feff 00e0 ffffffff 0800 5011 'UI' 0200 '2' 00"
                                     "feff 0de0 00000000"
                                     "feff 00e0 00000000"
                                     "feff dde0 00000000"),
                                 kExplicitLittle);

    ASSERT_EQ(tokens.size(), 10U);
    EXPECT_EQ(tokens[6].kind, TokenKind::ItemEnd);
    EXPECT_EQ(tokens[6].value_offset - tokens[6].offset, 8U);
    EXPECT_EQ(tokens[9].kind, TokenKind::SequenceEnd);
}

TEST(Reader, TreatsAPrivateSequenceOfTheDictionaryWithoutItemsAsUnknown) {
    ASSERT_EQ(find_private_entry("Philips MR Imaging DD 001", Tag(0x2005, 0x1080))->vr, vr::SQ);
    const auto tokens = read_all(hex("0520 1000 1a000000 'Philips MR Imaging DD 001 '"
                                     "0520 8010 08000000 'text why'"
                                     "0520 8010 00000000"),
                                 kImplicitLittle);

    ASSERT_EQ(tokens.size(), 4U);
    EXPECT_EQ(tokens[1].kind, TokenKind::Element);
    EXPECT_EQ(tokens[1].vr, vr::UN);
    EXPECT_EQ(tokens[2].kind, TokenKind::SequenceStart);  // an empty one
}

TEST(Reader, NamesOffsetAndTagOfEveryMistake) {
    const std::string first = "0800 6000 'CS' 0200 'CT'";
    const auto after_first = [&](std::string_view rest) {
        return error_of(hex(first + std::string(rest)), kExplicitLittle);
    };
    EXPECT_EQ(after_first("1000 2000 'LO' 0400 'AB'"),
              "a value of 4 bytes, but only 2 follow in (0010,0020) at byte 10");
    EXPECT_EQ(after_first("1000 2000 'LO'"),
              "the header of a data element ends too early in (0010,0020) at byte 10");
    EXPECT_EQ(after_first("e07f 1000 'OW' 0000 0400"),
              "the header of a data element ends too early in (7fe0,0010) at byte 10");
    EXPECT_EQ(after_first("1000 2000 04000000 'ABCD'"),
              "two bytes that are no VR in (0010,0020) at byte 10");
    EXPECT_EQ(after_first("1000 2000 'UT' 0000 ffffffff"),
              "an undefined length, which VR UT cannot have, in (0010,0020) at byte 10");
    EXPECT_EQ(after_first("feff 0de0 00000000"), "a stray delimiter in (fffe,e00d) at byte 10");
    EXPECT_EQ(after_first("feff 00e0 00000000"), "a stray delimiter in (fffe,e000) at byte 10");
    EXPECT_EQ(after_first("0800 4011 'SQ' 0000 08000000 1000 2000 'LO' 0000"),
              "something other than an item of the sequence in (0010,0020) at byte 22");
    EXPECT_EQ(after_first("0800 4011 'SQ' 0000 08000000 feff 00e0 02000000"),
              "an item of 2 bytes, but only 0 follow in (fffe,e000) at byte 22");
    EXPECT_EQ(after_first("0800 4011 'SQ' 0000 ffffffff"),
              "a sequence without Sequence Delimitation Item ends at byte 22");
    EXPECT_EQ(after_first("0800 4011 'SQ' 0000 ffffffff feff 00e0 ffffffff"),
              "an item without Item Delimitation Item ends at byte 30");
    EXPECT_EQ(after_first("e07f 1000 'OB' 0000 ffffffff feff 00e0 00000000"),
              "fragments without Sequence Delimitation Item end at byte 30");
    EXPECT_EQ(after_first("e07f 1000 'OB' 0000 ffffffff feff 00e0 ffffffff 0000"),
              "a fragment of 4294967295 bytes, but only 2 follow in (fffe,e000) at byte 22");
    EXPECT_EQ(after_first("e07f 1000 'OB' 0000 ffffffff 1000 2000 00000000"),
              "something other than a fragment of the pixel data in (0010,0020) at byte 22");
}

TEST(Reader, RefusesAnElementThatIsLongerThanItsItem) {
    const auto data =
        hex("0800 4011 'SQ' 0000 12000000"
            "feff 00e0 0a000000  0800 5011 'UI' 0400 '1' 00"
            "1000 2000 'LO' 0000");

    EXPECT_EQ(error_of(data, kExplicitLittle),
              "a value of 4 bytes, but only 2 follow in (0008,1150) at byte 20");
}

TEST(Reader, RepeatsItsErrorAndItsEnd) {
    const auto cut = hex("1000 2000 'LO' 0400 'AB'");
    Reader failing(cut, kExplicitLittle);
    const auto first = failing.next();
    const auto second = failing.next();
    ASSERT_FALSE(first);
    ASSERT_FALSE(second);
    EXPECT_EQ(first.error().message, second.error().message);
    EXPECT_FALSE(failing.skip());

    const auto whole = hex("1000 2000 'LO' 0200 'AB'");
    Reader ending(whole, kExplicitLittle);
    Token token;
    ASSERT_TRUE(ending.advance(token));
    const Token element = token;
    for (int i = 0; i < 2; ++i) {
        token = element;  // callers use one token for all
        ASSERT_TRUE(ending.advance(token));
        EXPECT_EQ(token.kind, TokenKind::End);
        EXPECT_EQ(token.offset, 10U);
        EXPECT_EQ(token.value_offset, 10U);
        EXPECT_TRUE(token.value.empty());
    }
    EXPECT_EQ(Reader({}, kExplicitLittle).next()->kind, TokenKind::End);
}

/// `depth` sequences within each other, not ended.
ByteBuffer nested(unsigned depth) {
    ByteBuffer out;
    for (unsigned i = 0; i < depth; ++i) {
        const auto level = hex("0800 4011 'SQ' 0000 ffffffff feff 00e0 ffffffff");
        out.insert(out.end(), level.begin(), level.end());
    }
    return out;
}

TEST(Reader, FollowsSequencesToTheLimitAndNoFurther) {
    auto data = nested(64);
    for (int i = 0; i < 64; ++i) {
        const auto ends = hex("feff 0de0 00000000 feff dde0 00000000");
        data.insert(data.end(), ends.begin(), ends.end());
    }
    Error error{};
    const auto tokens = read_all(data, kExplicitLittle, &error);
    EXPECT_EQ(error.message, "");
    EXPECT_EQ(tokens.size(), 64U * 4);

    read_all(nested(65), kExplicitLittle, &error);
    EXPECT_EQ(error.code, ErrorCode::LimitExceeded);
    EXPECT_EQ(error.message, "more than 64 nested sequences in (0008,1140) at byte 1280");

    read_all(nested(100'000), kExplicitLittle, &error, {.depth_max = 3});
    EXPECT_EQ(error.message, "more than 3 nested sequences in (0008,1140) at byte 60");
}

TEST(Reader, SkipsToBehindTheMatchingEnd) {
    const auto data =
        hex("0800 4011 'SQ' 0000 ffffffff"
            "feff 00e0 ffffffff"
            "  0800 4011 'SQ' 0000 12000000 feff 00e0 0a000000 0800 5011 'UI' 0200 '1' 00"
            "feff 0de0 00000000"
            "feff 00e0 00000000"
            "feff dde0 00000000"
            "1000 2000 'LO' 0000"
            "e07f 1000 'OB' 0000 ffffffff feff 00e0 00000000 feff dde0 00000000");

    Reader over_sequence(data, kExplicitLittle);
    ASSERT_TRUE(over_sequence.next());
    ASSERT_TRUE(over_sequence.skip());
    EXPECT_EQ(over_sequence.next()->tag, tags::PatientID);
    EXPECT_EQ(over_sequence.next()->kind, TokenKind::FragmentsStart);
    ASSERT_TRUE(over_sequence.skip());
    EXPECT_EQ(over_sequence.next()->kind, TokenKind::End);

    Reader over_item(data, kExplicitLittle);
    ASSERT_TRUE(over_item.next());
    ASSERT_TRUE(over_item.next());
    ASSERT_TRUE(over_item.skip());
    const auto second_item = over_item.next();
    EXPECT_EQ(second_item->kind, TokenKind::ItemStart);
    EXPECT_EQ(second_item->length, 0U);
    ASSERT_TRUE(over_item.skip());
    EXPECT_EQ(over_item.next()->kind, TokenKind::SequenceEnd);
}

TEST(Reader, KnowsAnUndefinedLengthWhereSoManyBytesFollow) {
    // Address space without memory: the pages stay untouched but for the first and the last.
    const std::size_t size = (1ULL << 32) + 100;
    void* region = ::mmap(nullptr, size, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    ASSERT_NE(region, MAP_FAILED);
    const std::span huge(static_cast<std::byte*>(region), size);
    std::ranges::copy(hex("0900 0110 'UN' 0000 ffffffff feff dde0 00000000"
                          "e07f 1000 'OW' 0000 f0ffffff"),
                      huge.begin());
    Reader reader(huge, kExplicitLittle);

    EXPECT_EQ(reader.next()->kind, TokenKind::SequenceStart);
    EXPECT_EQ(reader.next()->kind, TokenKind::SequenceEnd);
    const auto pixels = reader.next();
    ASSERT_TRUE(pixels);
    EXPECT_EQ(pixels->value.size(), 0xfffffff0U);
    EXPECT_EQ(reader.offset(), 0xfffffff0ULL + 32);
    ::munmap(region, size);
}

TEST(Find, GivesElementsSequencesAndFragmentsAndStopsAtAHigherTag) {
    const auto data =
        hex("0800 4011 'SQ' 0000 ffffffff feff 00e0 00000000 feff dde0 00000000"
            "1000 2000 'LO' 0200 'AB'"
            "e07f 1000 'OB' 0000 ffffffff feff 00e0 02000000 0102 feff dde0 00000000"
            "ffff");  // nobody reads that far

    const auto sequence = find(data, kExplicitLittle, tags::ReferencedImageSequence);
    ASSERT_TRUE(sequence && *sequence);
    EXPECT_EQ((*sequence)->value.size(), 8U);
    EXPECT_EQ((*sequence)->next, 28U);

    const auto element = find(data, kExplicitLittle, tags::PatientID);
    ASSERT_TRUE(element && *element);
    EXPECT_EQ(as_text((*element)->value), "AB");

    const auto pixels = find(data, kExplicitLittle, tags::PixelData);
    ASSERT_TRUE(pixels && *pixels);
    EXPECT_EQ((*pixels)->value.size(), 10U);
    EXPECT_EQ((*pixels)->next, (*pixels)->offset + 12 + 10 + 8);

    const auto missing = find(data, kExplicitLittle, tags::PatientName);
    ASSERT_TRUE(missing);
    EXPECT_FALSE(*missing);
    EXPECT_FALSE(find(data, kExplicitLittle, Tag(0x7fe1, 0x0010)));
}

}  // namespace
}  // namespace larmor::dicom
