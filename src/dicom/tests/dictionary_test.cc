#include "dicom/dictionary.h"

#include <gtest/gtest.h>

#include <set>
#include <sstream>

#include "dicom/tags.h"
#include "dicom/tests/codec_test_data.h"
#include "dicom/transfer_syntax.h"
#include "dicom/uids.h"

namespace larmor::dicom {
namespace {

/// The form in which pydicom writes a choice.
std::string vr_text(const DictionaryEntry& entry) {
    switch (entry.choice) {
        case VrChoice::UsOrSs:
            return "US or SS";
        case VrChoice::ObOrOw:
            return "OB or OW";
        case VrChoice::UsOrOw:
            return "US or OW";
        case VrChoice::NoneDelimiter:
            return "NONE";
        default:
            return to_string(entry.vr);
    }
}

TEST(Dictionary, SaysWhatPydicomSays) {
    // Where the two differ the standard (PS3.6 2025) decides; the reason stands behind each.
    const std::set<std::string> ours_by_the_standard{
        "00281200",  // Gray LUT Data, retired: US or SS or OW, one choice for us: OW
    };
    const auto lines = test::ask_pydicom("dictionary", "");
    ASSERT_GT(lines.size(), 4500U) << "is python3-pydicom installed?";
    for (const auto& line : lines) {
        std::istringstream in(line);
        std::array<std::string, 4> word;  // tag, VR, VM, keyword
        for (auto& field : word) std::getline(in, field, '\t');
        const auto entry = find_entry(*parse_tag(word[0]));
        ASSERT_TRUE(entry) << line;
        if (ours_by_the_standard.contains(word[0])) continue;
        EXPECT_EQ(vr_text(*entry), word[1]) << line;
        EXPECT_EQ(entry->vm, word[2]) << line;
        if (word[3].empty()) continue;
        EXPECT_EQ(entry->keyword, word[3]) << line;
        EXPECT_EQ(keyword_of(*parse_tag(word[0])), word[3]);
        const auto tag = tag_of_keyword(word[3]);
        ASSERT_TRUE(tag) << line;
        EXPECT_EQ(find_entry(*tag)->keyword, word[3]) << line;
    }
}

TEST(Dictionary, KnowsAttributesThatAreNewerThanItsSources) {
    EXPECT_EQ(keyword_of(Tag(0x0008, 0x001c)), "SyntheticData");  // PS3.6 since 2023
    EXPECT_EQ(tag_of_keyword("SyntheticData"), Tag(0x0008, 0x001c));
    EXPECT_EQ(tags::SyntheticData, Tag(0x0008, 0x001c));
}

TEST(Dictionary, FindsRepeatingGroupsUnderTheirFirst) {
    EXPECT_EQ(find_entry(Tag(0x6002, 0x3000))->keyword, "OverlayData");
    EXPECT_EQ(find_entry(Tag(0x6002, 0x3000))->tag, tags::OverlayData);
    EXPECT_EQ(find_entry(Tag(0x501e, 0x0010))->keyword, "NumberOfPoints");
    EXPECT_EQ(find_entry(Tag(0x0020, 0x3142))->keyword, "SourceImageIDs");
    EXPECT_EQ(find_entry(Tag(0x0028, 0x0430))->keyword, "RowsForNthOrderCoefficients");
    EXPECT_FALSE(find_entry(Tag(0x6001, 0x3000)));  // odd: private
    EXPECT_FALSE(find_entry(Tag(0x6002, 0x3001)));
}

TEST(Dictionary, KnowsGroupLengthsAndPrivateCreators) {
    EXPECT_EQ(vr_of(Tag(0x0009, 0x0000)), vr::UL);
    EXPECT_EQ(keyword_of(Tag(0x0010, 0x0000)), "GenericGroupLength");
    EXPECT_EQ(vr_of(Tag(0x0009, 0x0010)), vr::LO);
    EXPECT_EQ(vr_of(Tag(0x0009, 0x00ff)), vr::LO);
    EXPECT_EQ(vr_of(Tag(0x0009, 0x000f)), vr::UN);
    EXPECT_EQ(vr_of(Tag(0x0009, 0x1010)), vr::UN);
}

TEST(Dictionary, ChoosesBySignAndSize) {
    EXPECT_EQ(vr_of(tags::SmallestImagePixelValue), vr::US);
    EXPECT_EQ(vr_of(tags::SmallestImagePixelValue, true), vr::SS);
    EXPECT_EQ(vr_of(tags::Rows, true), vr::US);
    EXPECT_EQ(vr_of(tags::LUTData), vr::OW);
    EXPECT_EQ(vr_of(tags::PixelData), vr::OW);  // PS3.5 section A.1
    EXPECT_EQ(vr_of(tags::WaveformData), vr::OW);
}

TEST(Dictionary, FindsPrivateElementsByCreatorGroupAndLowByte) {
    // DCMTK's private.dic: (0019,"GEMS_ACQU_01",d3) SH ProjectionAlgorithm.
    const auto entry = find_private_entry("GEMS_ACQU_01", Tag(0x0019, 0x10d3));
    ASSERT_TRUE(entry);
    EXPECT_EQ(entry->vr, vr::SH);
    EXPECT_EQ(entry->keyword, "ProjectionAlgorithm");
    EXPECT_EQ(find_private_entry("GEMS_ACQU_01 ", Tag(0x0019, 0xaad3))->vr, vr::SH);
    EXPECT_FALSE(find_private_entry("GEMS_ACQU_01", Tag(0x0021, 0x10d3)));
    EXPECT_FALSE(find_private_entry("GEMS_ACQU_02", Tag(0x0019, 0x10d3)));
    // (7001-o-70ff,"DLX_ANNOT_01",04) ST TextAnnotation: a range of groups.
    EXPECT_EQ(find_private_entry("DLX_ANNOT_01", Tag(0x7055, 0x1004))->vr, vr::ST);
    EXPECT_EQ(find_private_creator("nobody"), -1);
    EXPECT_FALSE(find_private_entry(-1, Tag(0x0019, 0x10d3)));
}

TEST(Dictionary, RefusesKeywordsThatAreNotLetterForLetter) {
    EXPECT_EQ(tag_of_keyword("PatientName"), tags::PatientName);
    EXPECT_FALSE(tag_of_keyword("patientname"));
    EXPECT_FALSE(tag_of_keyword("PatientNam"));
    EXPECT_FALSE(tag_of_keyword(""));
}

TEST(Tags, AreWrittenAndReadInBothForms) {
    EXPECT_EQ(to_string(Tag(0x7fe0, 0x0010)), "(7fe0,0010)");
    EXPECT_EQ(to_json_key(Tag(0x7fe0, 0x0010)), "7FE00010");
    EXPECT_EQ(parse_tag("7fE00010"), Tag(0x7fe0, 0x0010));
    EXPECT_EQ(parse_tag("(7fe0,0010)"), Tag(0x7fe0, 0x0010));
    for (const auto* text :
         {"", "7fe0001", "7fe000100", "(7fe00010)", "7fe0,0010", "7fe0001g"}) {
        EXPECT_FALSE(parse_tag(text)) << text;
    }
}

TEST(TransferSyntaxes, AgreeWithTheRegistryOfUniqueIdentifiers) {
    for (const auto* uid : {"1.2.840.10008.1.2", "1.2.840.10008.1.2.4.70",
                            "1.2.840.10008.1.2.4.201", "1.2.840.10008.1.2.4.112"}) {
        const auto* syntax = find_transfer_syntax(uid);
        ASSERT_NE(syntax, nullptr) << uid;
        ASSERT_TRUE(find_uid(uid)) << uid;
        EXPECT_EQ(find_uid(uid)->kind, UidKind::TransferSyntax);
        EXPECT_TRUE(find_uid(uid)->name.starts_with(syntax->name)) << uid;
    }
    EXPECT_EQ(find_transfer_syntax(std::string_view("1.2.840.10008.1.2\0", 18))->uid,
              kImplicitLittleUid);
    EXPECT_EQ(find_transfer_syntax("1.2.3"), nullptr);
    EXPECT_TRUE(find_transfer_syntax(kDeflatedLittleUid)->deflated);
    EXPECT_EQ(find_transfer_syntax(kExplicitBigUid)->encoding, kExplicitBig);
}

TEST(Uids, NameSopClasses) {
    const auto ct = find_uid("1.2.840.10008.5.1.4.1.1.2 ");
    ASSERT_TRUE(ct);
    EXPECT_EQ(ct->name, "CT Image Storage");
    EXPECT_EQ(ct->keyword, "CTImageStorage");
    EXPECT_EQ(ct->kind, UidKind::SopClass);
    EXPECT_FALSE(find_uid("1.2.840.10008.5.1.4.1.1.2.99999"));
}

}  // namespace
}  // namespace larmor::dicom
