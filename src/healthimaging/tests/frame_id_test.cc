#include "healthimaging/frame_id.h"

#include <set>

namespace larmor::healthimaging {
namespace {

constexpr std::string_view kDatastore = "0123456789abcdef0123456789abcdef";

FrameName name_of(std::int64_t file, std::uint32_t frame) {
    return {objects::ObjectId{file}, frame};
}

TEST(FrameId, IsThirtyTwoDigitsThatAreReadBack) {
    std::set<std::string> seen;
    for (const std::int64_t file :
         {std::int64_t{1}, std::int64_t{2}, std::int64_t{123'456'789}, std::int64_t{1} << 62}) {
        for (const std::uint32_t frame : {0U, 1U, 99'999U, UINT32_MAX}) {
            const std::string id = to_frame_id(name_of(file, frame), kDatastore);
            EXPECT_EQ(id.size(), 32);
            EXPECT_EQ(id.find_first_not_of("0123456789abcdef"), std::string::npos) << id;
            EXPECT_EQ(parse_frame_id(id, kDatastore), name_of(file, frame)) << id;
            EXPECT_TRUE(seen.insert(id).second) << id;
        }
    }
}

TEST(FrameId, NamesNothingInAnotherDatastore) {
    const std::string id = to_frame_id(name_of(17, 3), kDatastore);
    EXPECT_EQ(parse_frame_id(id, "ffffffffffffffffffffffffffffffff"), std::nullopt);
}

TEST(FrameId, IsNoneWithAnyDigitChanged) {
    const std::string id = to_frame_id(name_of(17, 3), kDatastore);
    for (std::size_t at = 0; at < id.size(); ++at) {
        std::string other = id;
        other[at] = other[at] == '0' ? '1' : '0';
        EXPECT_EQ(parse_frame_id(other, kDatastore), std::nullopt) << at;
    }
}

TEST(FrameId, HasOneSpelling) {
    std::string id = to_frame_id(name_of(17, 3), kDatastore);
    for (char& digit : id) {
        digit = static_cast<char>(std::toupper(static_cast<unsigned char>(digit)));
    }
    EXPECT_EQ(parse_frame_id(id, kDatastore), std::nullopt);
    EXPECT_EQ(parse_frame_id("", kDatastore), std::nullopt);
    EXPECT_EQ(parse_frame_id(std::string(31, 'a'), kDatastore), std::nullopt);
    EXPECT_EQ(parse_frame_id(std::string(32, 'z'), kDatastore), std::nullopt);
}

}  // namespace
}  // namespace larmor::healthimaging
