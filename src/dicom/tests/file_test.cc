#include "dicom/file.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include "dicom/deflate.h"
#include "dicom/tags.h"
#include "dicom/tests/codec_test_data.h"

namespace larmor::dicom {
namespace {

using test::hex;

ByteBuffer operator+(ByteBuffer a, const ByteBuffer& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
}

const ByteBuffer kPreamble = ByteBuffer(128) + hex("'DICM'");
const ByteBuffer kExplicitData = hex("0800 6000 'CS' 0200 'CT' 1000 2000 'LO' 0200 'AB'");
const ByteBuffer kImplicitData = hex("0800 6000 02000000 'CT' 1000 2000 02000000 'AB'");

ByteBuffer transfer_syntax(std::string_view uid) {
    std::string padded(uid);
    if (padded.size() % 2 != 0) padded += '\0';
    auto out = hex("0200 1000 'UI'");
    out.push_back(static_cast<std::byte>(padded.size()));
    out.push_back(std::byte{0});
    const Bytes text = as_bytes(padded);
    out.insert(out.end(), text.begin(), text.end());
    return out;
}

ByteBuffer deflated(Bytes bytes) {
    z_stream z{};
    deflateInit2(&z, 9, Z_DEFLATED, -MAX_WBITS, 9, Z_DEFAULT_STRATEGY);
    ByteBuffer out(deflateBound(&z, bytes.size()));
    z.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(bytes.data()));
    z.avail_in = static_cast<uInt>(bytes.size());
    z.next_out = reinterpret_cast<Bytef*>(out.data());
    z.avail_out = static_cast<uInt>(out.size());
    deflate(&z, Z_FINISH);
    out.resize(z.total_out);
    deflateEnd(&z);
    return out;
}

TEST(OpenFile, ReadsPreambleMetaAndDataSet) {
    const auto bytes = kPreamble + hex("0200 0000 'UL' 0400 1c000000") +
                       transfer_syntax(kExplicitLittleUid) + kExplicitData;

    const auto file = open_file(bytes);

    ASSERT_TRUE(file) << file.error().message;
    EXPECT_TRUE(file->has_preamble);
    EXPECT_EQ(file->meta.data(), bytes.data() + 132);
    EXPECT_EQ(file->meta.size(), 40U);
    EXPECT_EQ(file->transfer_syntax_uid, kExplicitLittleUid);  // without its padding
    EXPECT_EQ(file->data_set_offset, 172U);
    EXPECT_EQ(file->data_set.size(), kExplicitData.size());
    EXPECT_EQ(file->encoding, kExplicitLittle);
}

TEST(OpenFile, TrustsTheGroupNotItsLength) {
    for (const auto* length : {"00000000", "ff000000", "ffffffff"}) {
        const auto bytes = kPreamble + hex("0200 0000 'UL' 0400") + hex(length) +
                           transfer_syntax(kImplicitLittleUid) + kImplicitData;
        const auto file = open_file(bytes);
        ASSERT_TRUE(file) << length;
        EXPECT_EQ(file->data_set.size(), kImplicitData.size()) << length;
        EXPECT_EQ(file->encoding, kImplicitLittle);
    }
}

TEST(OpenFile, ReadsFilesThatLackParts) {
    const auto meta = transfer_syntax(kImplicitLittleUid);
    // no preamble; only "DICM"; no meta group
    EXPECT_EQ(open_file(meta + kImplicitData)->encoding, kImplicitLittle);
    EXPECT_EQ(open_file(hex("'DICM'") + meta + kImplicitData)->data_set_offset,
              4 + meta.size());
    EXPECT_EQ(open_file(kPreamble + kExplicitData)->transfer_syntax_uid, kExplicitLittleUid);
    // nothing but data elements
    EXPECT_EQ(open_file(kExplicitData)->encoding, kExplicitLittle);
    EXPECT_EQ(open_file(kImplicitData)->encoding, kImplicitLittle);
    EXPECT_EQ(open_file(hex("0008 0060 'CS' 0002 'CT' 0010 0020 'LO' 0002 'AB'"))->encoding,
              kExplicitBig);
    // nothing but a meta group
    EXPECT_TRUE(open_file(kPreamble + meta)->data_set.empty());
    EXPECT_TRUE(open_file(kPreamble + hex("0200 0100 'OB' 0000 02000000 0001")));
    // a meta group without VRs
    const auto implicit_meta =
        open_file(kPreamble + hex("0200 1000 12000000 '1.2.840.10008.1.2' 00") + kImplicitData);
    ASSERT_TRUE(implicit_meta);
    EXPECT_EQ(implicit_meta->meta_encoding, kImplicitLittle);
    EXPECT_EQ(implicit_meta->transfer_syntax_uid, kImplicitLittleUid);
}

TEST(OpenFile, ReadsAnUnknownTransferSyntaxAsExplicitLittleEndian) {
    const auto bytes = kPreamble + transfer_syntax("1.2.3.4") + kExplicitData;
    const auto file = open_file(bytes);
    ASSERT_TRUE(file);
    EXPECT_EQ(file->transfer_syntax, nullptr);
    EXPECT_EQ(file->transfer_syntax_uid, "1.2.3.4");
    EXPECT_EQ(file->encoding, kExplicitLittle);
}

TEST(OpenFile, RefusesWhatIsNoDicom) {
    const std::string_view text = "A text of some length that is no DICOM file at all.";
    const auto zeros = ByteBuffer(1000);
    for (const Bytes bytes :
         {Bytes(), Bytes(as_bytes(text)), Bytes(zeros), Bytes(zeros).first(3)}) {
        const auto file = open_file(bytes);
        ASSERT_FALSE(file);
        EXPECT_EQ(file.error().code, ErrorCode::InvalidInput);
        EXPECT_EQ(file.error().message,
                  "neither \"DICM\" at byte 128 nor a DICOM data element at byte 0");
    }
}

TEST(OpenFile, GuessesNoEncodingForWhatOnlyLooksLikeADataElement) {
    for (const auto* other : {
             "0800 6000 'CS' 0200 'CT' 0800 6000 'CS' 0200 'CT'",  // not sorted
             "0800 6000 'CS' 0200 'CT' 0800 0500 'CS' 0000",       // descending
             "0800 ff7f 'CS' 0200 'CT' 1000 2000 'LO' 0000",       // unknown to the dictionary
             "0800 6000 'CX' 0000 02000000 'CT'",                  // no VR of the standard
             "0800 0000 'UL' 0200 0000",                           // a group length of 2 bytes
         }) {
        EXPECT_FALSE(open_file(hex(other))) << other;
    }
}

TEST(OpenFile, SaysWhereTheMetaGroupIsCut) {
    const auto bytes = kPreamble + hex("0200 1000 'UI' 1200 '1.2.840'");
    const auto file = open_file(bytes);
    ASSERT_FALSE(file);
    EXPECT_EQ(
        file.error().message,
        "file meta information: a value of 18 bytes, but only 7 follow in (0002,0010) at byte "
        "0 after its start at byte 132");
}

TEST(OpenFile, InflatesADeflatedDataSet) {
    const auto bytes = kPreamble + transfer_syntax(kDeflatedLittleUid) +
                       deflated(kExplicitData) +
                       hex("00");  // padding to even length: PS3.5 section A.5
    const auto file = open_file(bytes);
    ASSERT_TRUE(file) << file.error().message;
    EXPECT_TRUE(std::ranges::equal(file->data_set, kExplicitData));
    EXPECT_EQ(file->data_set.data(), file->inflated->data());
}

TEST(OpenFile, DoesNotTakeADeflateStreamForMoreOfTheMetaGroup) {
    // RFC 1951: an empty block whose bytes are 02 00, as group 0002 starts, then a stored block
    // of 10 bytes, then an empty last one.
    const auto stream = hex("0200 0a00 f5ff 0800 6000 'CS' 0200 'CT' 01 0000 ffff");
    const auto syntax = transfer_syntax(kDeflatedLittleUid);
    auto length = hex("0200 0000 'UL' 0400 00000000");
    length[8] = static_cast<std::byte>(syntax.size());
    const auto bytes = kPreamble + length + syntax + stream;

    const auto file = open_file(bytes);

    ASSERT_TRUE(file) << file.error().message;
    EXPECT_EQ(as_text(file->data_set), as_text(hex("0800 6000 'CS' 0200 'CT'")));
}

TEST(OpenFile, BoundsWhatADeflatedDataSetMayBecome) {
    const auto bomb = deflated(ByteBuffer(10'000'000));
    ASSERT_LT(bomb.size(), 10'000U);
    const auto bytes = kPreamble + transfer_syntax(kDeflatedLittleUid) + bomb;
    const auto file = open_file(bytes, {.inflated_max_bytes = 1'000'000});
    ASSERT_FALSE(file);
    EXPECT_EQ(file.error().code, ErrorCode::LimitExceeded);
    EXPECT_TRUE(open_file(bytes, {.inflated_max_bytes = 10'000'000}));

    const auto cut = kPreamble + transfer_syntax(kDeflatedLittleUid) +
                     ByteBuffer(bomb.begin(), bomb.end() - 10);
    EXPECT_EQ(open_file(cut).error().code, ErrorCode::InvalidInput);
    const auto damaged = kPreamble + transfer_syntax(kDeflatedLittleUid) + hex("ffff ffff");
    EXPECT_EQ(open_file(damaged).error().message,
              "a damaged deflate stream at byte 1 of the deflated data set at byte 162");
}

TEST(Inflate, GivesExactlyAsMuchAsAllowed) {
    const auto packed = deflated(ByteBuffer(1000));
    EXPECT_EQ(inflate_raw(packed, 1000)->size(), 1000U);
    EXPECT_EQ(inflate_raw(packed, 999).error().code, ErrorCode::LimitExceeded);
    EXPECT_EQ(inflate_raw(packed, 0).error().code, ErrorCode::LimitExceeded);
    EXPECT_EQ(inflate_raw({}, 1000).error().code, ErrorCode::InvalidInput);
}

struct Expectation {
    std::string_view file;
    std::string_view transfer_syntax_uid;  ///< as declared or guessed
    std::string_view error;                ///< of open_file or Reader; empty where all is read
};

/// Everything odd that python3-pydicom ships, and what we make of it. pydicom reads them all.
constexpr std::array kOdd{
    Expectation{"ExplVR_BigEndNoMeta.dcm", kExplicitBigUid, ""},
    Expectation{"ExplVR_LitEndNoMeta.dcm", kExplicitLittleUid, ""},
    Expectation{"J2K_pixelrep_mismatch.dcm", "1.2.840.10008.1.2.4.90", ""},
    // The delimiter's bytes inside a fragment: its length says where it ends.
    Expectation{"JPEG2000-embedded-sequence-delimiter.dcm", "1.2.840.10008.1.2.4.91", ""},
    Expectation{"MR_truncated.dcm", kExplicitLittleUid,
                "a value of 8192 bytes, but only 8130 follow in (7fe0,0010) at byte 1154"},
    Expectation{"UN_sequence.dcm", "1.2.840.10008.1.2.4.70", ""},
    Expectation{"badVR.dcm", kExplicitLittleUid, ""},  // wrong values, sound structure
    Expectation{"empty_charset_LEI.dcm", kImplicitLittleUid, ""},
    Expectation{"meta_missing_tsyntax.dcm", kImplicitLittleUid, ""},
    Expectation{"nested_priv_SQ.dcm", kImplicitLittleUid, ""},
    // A byte before the first tag: pydicom gets one element with all the rest in it.
    Expectation{"no_meta.dcm", "",
                "neither \"DICM\" at byte 128 nor a DICOM data element at byte 0"},
    Expectation{"no_meta_group_length.dcm", kImplicitLittleUid, ""},
    Expectation{"priv_SQ.dcm", kImplicitLittleUid, ""},
    Expectation{"rtplan_truncated.dcm", kImplicitLittleUid,
                "a value of 976 bytes, but only 711 follow in (300a,00b0) at byte 1110"},
    Expectation{"rtstruct.dcm", kImplicitLittleUid, ""},
    Expectation{"SC_rgb_jpeg.dcm", "1.2.840.10008.1.2.4.50",
                "two bytes that are no VR in (0008,0008) at byte 0"},
};

TEST(OpenFile, ReadsOrRefusesEveryOddFileAsTheTableSays) {
    for (const auto& odd : kOdd) {
        const auto bytes = test::pydicom_file(odd.file);
        const auto file = open_file(bytes);
        if (!file) {
            EXPECT_EQ(file.error().message, odd.error) << odd.file;
            continue;
        }
        EXPECT_EQ(file->transfer_syntax_uid, odd.transfer_syntax_uid) << odd.file;
        Error error{};
        test::read_all(file->data_set, file->encoding, &error);
        EXPECT_EQ(error.message, odd.error) << odd.file;
    }
}

}  // namespace
}  // namespace larmor::dicom
