#include "dicom/quirks/quirks.h"

#include <gtest/gtest.h>

#include "dicom/file.h"
#include "dicom/tags.h"
#include "dicom/tests/codec_test_data.h"

namespace larmor::dicom {
namespace {

using test::hex;

struct Case {
    std::string_view quirk;
    std::filesystem::path file;
    std::size_t tokens;      ///< of the repaired data set
    Tag last;                ///< element at the top level
    std::size_t last_bytes;  ///< of its value
};

std::vector<Case> cases() {
    const auto mine = test::kTestData / "dicom/quirks";
    const auto pydicom = test::kPydicomFiles;
    return {
        {"wrong_encoding", pydicom / "SC_rgb_jpeg.dcm", 37, tags::PixelData, 0},
        {"trailing_bytes", mine / "trailing_bytes.dcm", 2, tags::PatientID, 2},
        {"stray_delimiter", mine / "stray_delimiter.dcm", 6, tags::PatientID, 2},
        {"explicit_items_in_un", mine / "explicit_items_in_un.dcm", 7, tags::PatientID, 2},
        {"implicit_element", mine / "implicit_element.dcm", 12, tags::PixelData, 4},
        {"truncated", pydicom / "MR_truncated.dcm", 72, tags::PixelData, 8130},
        {"truncated", pydicom / "rtplan_truncated.dcm", 0, tags::BeamSequence, 0},
        {"truncated", pydicom / "dicomdirtests/DICOMDIR-nooffset", 0,
         tags::DirectoryRecordSequence, 0},
    };
}

TEST(Quirks, EachIsShownByAFileThatItsRepairReads) {
    for (const auto& quirk : all_quirks()) {
        const auto all = cases();
        EXPECT_TRUE(std::ranges::any_of(all, [&](const Case& c) {
            return c.quirk == quirk.name;
        })) << quirk.name;
    }
    for (const auto& c : cases()) {
        const auto content = read_file(c.file, 1U << 24);
        ASSERT_TRUE(content) << c.file;
        const auto file = open_file(as_bytes(*content));
        ASSERT_TRUE(file) << c.file;
        Error error{};
        test::read_all(file->data_set, file->encoding, &error);
        EXPECT_NE(error.message, "") << c.file << " needs no repair";
        EXPECT_FALSE(repair(file->data_set, file->encoding, {})) << "nobody asked";

        // Of all that could be tried, the one that explains the mistake best is taken.
        std::vector<std::string_view> names;
        for (const auto& quirk : all_quirks()) names.push_back(quirk.name);
        const auto best = repair(file->data_set, file->encoding, names);
        ASSERT_TRUE(best) << c.file << best.error().message;
        EXPECT_EQ(best->quirks, std::vector{c.quirk}) << c.file;

        const auto repaired = repair(file->data_set, file->encoding, std::array{c.quirk});
        ASSERT_TRUE(repaired) << c.file << repaired.error().message;
        EXPECT_EQ(repaired->quirks, std::vector{c.quirk}) << c.file;
        error = {};
        const auto tokens = test::read_all(repaired->data_set, repaired->encoding, &error);
        EXPECT_EQ(error.message, "") << c.file;
        if (c.tokens > 0) {
            EXPECT_EQ(tokens.size(), c.tokens) << c.file;
        }
        const auto last = std::ranges::find_if(
            tokens.rbegin(), tokens.rend(),
            [](const Token& t) { return t.depth == 0 && t.tag.group != kItem.group; });
        ASSERT_NE(last, tokens.rend());
        EXPECT_EQ(last->tag, c.last) << c.file;
        EXPECT_EQ(last->value.size(), c.last_bytes) << c.file;
    }
}

TEST(Quirks, ALaterValueOfATruncatedFileIsWhatPydicomFinds) {
    const auto bytes = test::pydicom_file("rtplan_truncated.dcm");
    const auto file = open_file(bytes);
    const auto repaired =
        repair(file->data_set, file->encoding, std::array{std::string_view("truncated")});
    ASSERT_TRUE(repaired);
    const auto tokens = test::read_all(repaired->data_set, repaired->encoding);
    const auto isocenter = std::ranges::find(tokens, tags::IsocenterPosition, &Token::tag);
    ASSERT_NE(isocenter, tokens.end());
    EXPECT_EQ(as_text(isocenter->value), "235.711172833292\\244.13543711");
}

TEST(Quirks, TruncatedEndsEverythingThatIsOpenWhereverTheCutIs) {
    const auto data =
        hex("0800 4011 'SQ' 0000 ffffffff"
            "feff 00e0 ffffffff 0800 5011 'UI' 0200 '1' 00"
            "0800 4011 'SQ' 0000 12000000 feff 00e0 0a000000 0800 5011 'UI' 0200 '1' 00"
            "feff 0de0 00000000 feff dde0 00000000"
            "e07f 1000 'OB' 0000 ffffffff feff 00e0 00000000 feff 00e0 04000000 ffd8ffd9"
            "feff dde0 00000000");
    for (std::size_t size = 12; size < data.size(); ++size) {
        const Bytes cut = Bytes(data).first(size);
        const auto repaired =
            repair(cut, kExplicitLittle, std::array{std::string_view("truncated")});
        ASSERT_TRUE(repaired) << size << repaired.error().message;
        Error error{};
        test::read_all(repaired->data_set, kExplicitLittle, &error);
        EXPECT_EQ(error.message, "") << size;
        EXPECT_LE(repaired->data_set.size(), size + 8);
    }
}

TEST(Quirks, TruncatedMendsNothingButACutEnd) {
    for (const auto* other : {
             // An item that is shorter than what is in it, with more behind.
             ("0800 4011 'SQ' 0000 12000000 feff 00e0 0a000000 0800 5011 'UI' 0400 '1' 00"
              "1000 2000 'LO' 0000"),
             // The first data element already: this is no data set in that encoding.
             "1000 2000 'LO' ffff 'AB'",
             // No VR.
             "0800 6000 'CS' 0200 'CT' 1000 2000 04000000 'ABCD' 0000",
         }) {
        const auto repaired =
            repair(hex(other), kExplicitLittle, std::array{std::string_view("truncated")});
        EXPECT_FALSE(repaired) << other;
    }
}

TEST(Quirks, ImplicitElementMendsOnlyWhatIsOne) {
    const std::string first = "0800 6000 'CS' 0200 'CT'";
    for (const auto* other : {
             "1000 2000 'LO' ffff 'AB'",  // a VR, but a value that is too long
             "feff 0de0 00000000",        // a stray delimiter
             "1000 ff7f 02000000 'AB'",   // unknown to the dictionary
             "1000 2000 03000000 'AB'",   // longer than what follows
         }) {
        const auto repaired = repair(hex(first + other), kExplicitLittle,
                                     std::array{std::string_view("implicit_element")});
        EXPECT_FALSE(repaired) << other;
    }
}

TEST(Quirks, RefusesAnUnknownName) {
    const auto repaired =
        repair({}, kExplicitLittle, std::array{std::string_view("make_it_work")});
    ASSERT_FALSE(repaired);
    EXPECT_EQ(repaired.error().message, "no repair is called make_it_work");
}

}  // namespace
}  // namespace larmor::dicom
