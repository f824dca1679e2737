#include "ingest/equivalence.h"

#include "ingest/tests/test_files.h"

namespace larmor::ingest {
namespace {

using namespace testing_files;

class EquivalenceTest : public testing::Test {
protected:
    static Equivalence compare_contents(const std::string& a, const std::string& b) {
        const auto first = dicom::open_file(as_bytes(a));
        const auto second = dicom::open_file(as_bytes(b));
        if (!first || !second) {
            ADD_FAILURE() << "a file does not open";
            return Equivalence::Different;
        }
        return compare(*first, *second);
    }
    static Equivalence compare_with_ct(const fs::path& other) {
        return compare_contents(content_of(ct_small()), content_of(other));
    }
    TemporaryFolder folder;
};

TEST_F(EquivalenceTest, LengthFormsGroupLengthsAndFileMetaMakeNoDifference) {
    EXPECT_EQ(compare_with_ct(ct_small()), Equivalence::Same);
    EXPECT_EQ(compare_with_ct(made_by("dcmconv +te -e +g", folder.path() / "lengths")),
              Equivalence::Same);
    EXPECT_EQ(compare_with_ct(made_by("dcmconv +te +e -g", folder.path() / "items")),
              Equivalence::Same);
    EXPECT_EQ(compare_with_ct(made_by("dcmconv +te -F", folder.path() / "bare")),
              Equivalence::Same);
}

TEST_F(EquivalenceTest, AnotherLosslessTransferSyntaxIsAnotherCoding) {
    const std::pair<const char*, const char*> tools[] = {{"dcmconv +ti", "implicit"},
                                                         {"dcmconv +tb", "big"},
                                                         {"dcmconv +td", "deflated"},
                                                         {"dcmcrle", "rle"},
                                                         {"dcmcjpls", "jpeg_ls"}};
    for (const auto& [tool, name] : tools) {
        EXPECT_EQ(compare_with_ct(made_by(tool, folder.path() / name)),
                  Equivalence::OtherCoding)
            << tool;
    }
}

TEST_F(EquivalenceTest, AChangedValueIsDifferentInWhicheverPlace) {
    EXPECT_EQ(compare_with_ct(modified("-m PatientName=Other", folder.path() / "name")),
              Equivalence::Different);
    EXPECT_EQ(
        compare_with_ct(modified("-i '(0040,0275)[0].(0040,1001)=X'", folder.path() / "item")),
        Equivalence::Different);
    std::string pixel = content_of(ct_small());
    pixel[pixel.size() - 200] = static_cast<char>(pixel[pixel.size() - 200] ^ 1);
    EXPECT_EQ(compare_contents(content_of(ct_small()), pixel), Equivalence::Different);
}

TEST_F(EquivalenceTest, WhatWasLostInCodingIsDifferent) {
    // One sample changed, then coded: nothing but the frames tells.
    std::string changed = content_of(ct_small());
    changed[changed.size() - 200] = static_cast<char>(changed[changed.size() - 200] ^ 1);
    const fs::path native = folder.path() / "native";
    write_content(native, changed);
    run_tool("dcmcrle " + native.string() + " " + native.string() + ".rle");
    EXPECT_EQ(compare_with_ct(native.string() + ".rle"), Equivalence::Different);
    // A coder that notes what it did (here a Derivation Description) made another data set,
    // whose loss only a person can judge.
    EXPECT_EQ(compare_with_ct(made_by("dcmcjpeg +e1", folder.path() / "described")),
              Equivalence::Different);
}

}  // namespace
}  // namespace larmor::ingest
