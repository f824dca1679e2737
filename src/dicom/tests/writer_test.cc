// The expected bytes are written by hand after PS3.5 sections 7.1 and 7.5.
#include "dicom/writer.h"

#include <gtest/gtest.h>

#include "dicom/tags.h"
#include "dicom/tests/codec_test_data.h"

namespace larmor::dicom {
namespace {

using test::hex;

TEST(Writer, WritesBothLengthFormsAndPadsOddValues) {
    Writer writer;
    writer.text(tags::SOPInstanceUID, vr::UI, "1.2");
    writer.text(tags::PatientID, vr::LO, "ABC");
    writer.number(tags::Rows, vr::US, 512);
    writer.element(tags::PixelData, vr::OB, hex("010203"));

    EXPECT_EQ(writer.take(), hex("0800 1800 'UI' 0400 '1.2' 00"
                                 "1000 2000 'LO' 0400 'ABC '"
                                 "2800 1000 'US' 0200 0002"
                                 "e07f 1000 'OB' 0000 04000000 01020300"));
    EXPECT_TRUE(writer.take().empty());
}

TEST(Writer, WritesImplicitVr) {
    Writer writer(kImplicitLittle);
    writer.text(tags::PatientID, vr::LO, "ABC");
    writer.start_sequence(tags::ReferencedImageSequence);
    writer.start_item();
    writer.end_item();
    writer.end_sequence();

    EXPECT_EQ(writer.take(), hex("1000 2000 04000000 'ABC '"
                                 "0800 4011 ffffffff feff 00e0 ffffffff feff 0de0 00000000"
                                 "feff dde0 00000000"));
}

TEST(Writer, PatchesDefinedLengthsWhenTheyEnd) {
    Writer writer(kExplicitLittle, hex("ffff"));  // goes on behind what is there
    writer.start_sequence(tags::ReferencedImageSequence, LengthForm::Defined);
    writer.start_item(LengthForm::Defined);
    writer.text(tags::ReferencedSOPClassUID, vr::UI, "1");
    writer.end_item();
    writer.start_item(LengthForm::Undefined);
    writer.end_item();
    writer.end_sequence();

    EXPECT_EQ(writer.take(), hex("ffff 0800 4011 'SQ' 0000 22000000"
                                 "feff 00e0 0a000000 0800 5011 'UI' 0200 '1' 00"
                                 "feff 00e0 ffffffff feff 0de0 00000000"));
}

TEST(Writer, CallsAValueUnThatItsVrCannotHold) {
    Writer writer;
    writer.text(tags::PatientComments, vr::LT, std::string(70'000, 'x'));

    const auto tokens = test::read_all(writer.buffer(), kExplicitLittle);
    ASSERT_EQ(tokens.size(), 1U);
    EXPECT_EQ(tokens[0].vr, vr::UN);
    EXPECT_EQ(tokens[0].value.size(), 70'000U);
}

TEST(Writer, LeavesTheValuesOfPixelDataToItsCaller) {
    Writer writer;
    writer.number(tags::Rows, vr::US, 2);
    writer.header(tags::PixelData, vr::OW, 8);
    auto out = writer.take();
    const auto pixels = hex("0001020304050607");
    out.insert(out.end(), pixels.begin(), pixels.end());
    writer.text(tags::DataSetTrailingPadding, vr::OB, "\x01\x02");
    const auto rest = writer.take();
    out.insert(out.end(), rest.begin(), rest.end());

    const auto tokens = test::read_all(out, kExplicitLittle);
    ASSERT_EQ(tokens.size(), 3U);
    EXPECT_EQ(ByteBuffer(tokens[1].value.begin(), tokens[1].value.end()), pixels);
    EXPECT_EQ(tokens[2].tag, tags::DataSetTrailingPadding);
}

TEST(Writer, WritesFragmentsPieceByPiece) {
    Writer writer;
    writer.start_fragments(tags::PixelData, vr::OB);
    writer.fragment({});
    writer.fragment(hex("ffd8ff"));
    writer.fragment_header(2);
    auto out = writer.take();
    out.push_back(std::byte{1});
    out.push_back(std::byte{2});
    writer.end_fragments();
    const auto rest = writer.take();
    out.insert(out.end(), rest.begin(), rest.end());

    EXPECT_EQ(out, hex("e07f 1000 'OB' 0000 ffffffff feff 00e0 00000000"
                       "feff 00e0 04000000 ffd8ff00 feff 00e0 02000000 0102"
                       "feff dde0 00000000"));
}

TEST(WriterDeathTest, StopsAtMistakesOfItsCaller) {
    EXPECT_DEATH(Writer{kExplicitBig}, "");
    EXPECT_DEATH(Writer().end_item(), "");
    EXPECT_DEATH(Writer().number(tags::PatientID, vr::LO, 1), "");
    EXPECT_DEATH(
        {
            Writer writer;
            writer.start_sequence(tags::ReferencedImageSequence, LengthForm::Defined);
            writer.take();
        },
        "");
}

}  // namespace
}  // namespace larmor::dicom
