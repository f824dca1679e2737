#include "dicom/dump.h"

#include <gtest/gtest.h>

#include "dicom/tests/codec_test_data.h"

namespace larmor::dicom {
namespace {

using test::hex;

TEST(Dump, ShowsOneLineForEachToken) {
    const auto bytes =
        hex("0800 1600 'UI' 0a00 '1.2.840.10'"
            "0800 6000 'CS' 0200 'CT'"
            "0800 4011 'SQ' 0000 ffffffff feff 00e0 0a000000 0800 5011 'UI' 0200 '1' 00"
            "feff dde0 00000000"
            "0900 1000 'LO' 0c00 'GEMS_IDEN_01' 0900 0110 'LO' 0200 'AB'"
            "1000 1000 'PN' 0600 'J' c3b6 07 ff ' '"
            "1800 5000 'DS' 0000"
            "2800 1000 'US' 0400 01000200"
            "2000 6591 'AT' 0400 10002000"
            "e07f 1000 'OB' 0000 ffffffff feff 00e0 02000000 fe01 feff dde0 00000000");
    const auto file = open_file(bytes);
    ASSERT_TRUE(file);
    std::string text;

    ASSERT_TRUE(dump_text(*file, text));

    EXPECT_EQ(
        text,
        "# data set, Explicit VR Little Endian\n"
        "00000000 (0008,0016) UI 10     SOPClassUID                    [1.2.840.10]\n"
        "00000012 (0008,0060) CS 2      Modality                       [CT]\n"
        "0000001c (0008,1140) SQ u/l    ReferencedImageSequence\n"
        "00000028   (fffe,e000) -- 10     Item\n"
        "00000030     (0008,1150) UI 2      ReferencedSOPClassUID          [1]\n"
        "0000003a   (fffe,e0dd) -- 0      SequenceDelimitationItem\n"
        "00000042 (0009,0010) LO 12     PrivateCreator                 [GEMS_IDEN_01]\n"
        "00000056 (0009,1001) LO 2      FullFidelity                   [AB]\n"
        "00000060 (0010,0010) PN 6      PatientName                    [J\xc3\xb6\\x07\\xff]\n"
        "0000006e (0018,0050) DS 0      SliceThickness\n"
        "00000076 (0028,0010) US 4      Rows                           1\\2\n"
        "00000082 (0020,9165) AT 4      DimensionIndexPointer          (0010,0020)\n"
        "0000008e (7fe0,0010) OB u/l    PixelData\n"
        "0000009a   (fffe,e000) -- 2      Fragment                       fe\\01\n"
        "000000a4   (fffe,e0dd) -- 0      SequenceDelimitationItem\n");
}

TEST(Dump, ShortensLongValuesAndWritesUpToAnError) {
    const auto bytes =
        hex("1000 2000 'LO' 0a00 'ABCDEFGHIJ' 2800 1000 'US' 0800 0100020003000400"
            "2800 1100 'US' 0200 00");
    const auto file = open_file(bytes);
    ASSERT_TRUE(file) << file.error().message;
    std::string text;

    const auto done = dump_text(*file, text, {.preview_max_bytes = 4, .offsets = false});

    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().message,
              "a value of 2 bytes, but only 1 follow in (0028,0011) at byte 34");
    EXPECT_EQ(text,
              "# data set, Explicit VR Little Endian\n"
              "(0010,0020) LO 10     PatientID                      [ABCD...]\n"
              "(0028,0010) US 8      Rows                           1\\2...\n");
}

TEST(Dump, ShowsEveryFile) {
    for (const auto& path : test::dicom_files()) {
        const auto mapped = MappedFile::open(path);
        const auto file = open_file(mapped->bytes());
        if (!file) continue;
        std::string text;
        const bool done = dump_text(*file, text).has_value();
        Error error{};
        test::read_all(file->data_set, file->encoding, &error);
        EXPECT_EQ(done, error.message.empty()) << path;
        EXPECT_NE(text.find("# data set"), std::string::npos) << path;
    }
}

}  // namespace
}  // namespace larmor::dicom
