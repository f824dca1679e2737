#include "reassembly/fuse/member_name.h"

namespace larmor::reassembly::fuse {
namespace {

/// `uid`, `#frame` where there is one, and the kind's number.
std::string shown(const std::optional<MemberName>& name) {
    if (!name) return "none";
    std::string text = name->sop_instance_uid;
    if (name->frame) text += "#" + std::to_string(*name->frame);
    return text + " " + std::to_string(static_cast<int>(name->kind));
}
std::string read_name(std::string_view path) {
    return shown(MemberNames().read(path));
}

TEST(MemberName, IsTheUidInFrontOfAKnownExtension) {
    EXPECT_EQ(read_name("a/b/1.2.3.json"), "1.2.3 0");
    EXPECT_EQ(read_name("1.2.3.json.gz"), "1.2.3 0");
    EXPECT_EQ(read_name("1.2.3.raw"), "1.2.3 1");
    EXPECT_EQ(read_name("./1.2.3.BIN"), "1.2.3 1");
    EXPECT_EQ(read_name("1.2.3.1.jpg"), "1.2.3.1 2");
    EXPECT_EQ(read_name("x/1.2.3.rle"), "1.2.3 3");
    EXPECT_EQ(read_name("x/1.2.3.png"), "1.2.3 4");
    EXPECT_EQ(read_name("x/1.2.3.tiff"), "1.2.3 5");
    EXPECT_EQ(read_name("x/1.2.3.dcm"), "1.2.3 6");
}

TEST(MemberName, KeepsNumbersThatAreNoExtension) {
    EXPECT_EQ(read_name("1.2.3.1"), "1.2.3.1 7");
    EXPECT_EQ(read_name("a/1.2.840.10008.5"), "1.2.840.10008.5 7");
    EXPECT_EQ(read_name("1.2.3.xyz"), "none");
}

TEST(MemberName, HasAFrameNumberInAFolderOrBehindALine) {
    EXPECT_EQ(read_name("p/1.2.3/7.jpg"), "1.2.3#7 2");
    EXPECT_EQ(read_name("1.2.3/0012.rle"), "1.2.3#12 3");
    EXPECT_EQ(read_name("p/1.2.3_7.j2k"), "1.2.3#7 2");
    EXPECT_EQ(read_name("series/1.2.3/1.2.4.jpg"), "1.2.4 2");
    EXPECT_EQ(read_name("42/5.jpg"), "5 2") << "a folder without a dot is no UID";
    EXPECT_EQ(read_name("1.2.3_x.jpg"), "none");
    EXPECT_EQ(read_name("1.2.3_4294967296.jpg"), "none");
}

TEST(MemberName, IsNothingThatCouldLeaveTheOutput) {
    EXPECT_EQ(read_name(""), "none");
    EXPECT_EQ(read_name("a/..json"), "none");
    EXPECT_EQ(read_name("a/...json"), "none");
    EXPECT_EQ(read_name("../etc/passwd"), "none");
    const std::string digits(64, '1');
    EXPECT_EQ(MemberNames().read(digits)->sop_instance_uid, digits);
    EXPECT_EQ(read_name(std::string(65, '1')), "none");
    std::string deep(5000, 'a');
    EXPECT_EQ(read_name(deep.append("/1.2.raw")), "none");
}

TEST(MemberName, ComesFromAPatternWithNamedGroups) {
    const auto names =
        MemberNames::with_pattern(R"(img-(?<uid>[0-9.]+)(-f(?<frame>\d+))?\.(?<ext>\w+))");
    ASSERT_TRUE(names) << names.error().message;

    EXPECT_EQ(shown(names->read("img-1.2.3-f5.jpg")), "1.2.3#5 2");
    EXPECT_EQ(shown(names->read("img-1.2.3.json")), "1.2.3 0");
    EXPECT_EQ(shown(names->read("x/img-1.2.3.json")), "none");
    EXPECT_EQ(shown(MemberNames::with_pattern(R"(.*/(?<uid>[^/]+)/pixels\.raw)")
                        ->read("a/1.2.3/pixels.raw")),
              "1.2.3 1");
}

TEST(MemberName, RefusesAPatternThatIsNoneOrNamesNoUid) {
    EXPECT_EQ(MemberNames::with_pattern("(?<uid>[").error().code, ErrorCode::InvalidInput);
    EXPECT_EQ(MemberNames::with_pattern("(.*)").error().code, ErrorCode::InvalidInput);
    EXPECT_EQ(MemberNames::with_pattern("").error().code, ErrorCode::InvalidInput);
}

TEST(MemberName, GivesUpOnAPatternThatNeverEnds) {
    const auto names = MemberNames::with_pattern("(?<uid>(1+)+)x");
    ASSERT_TRUE(names);

    EXPECT_EQ(shown(names->read(std::string(4000, '1'))), "none");
}

}  // namespace
}  // namespace larmor::reassembly::fuse
