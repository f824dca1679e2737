#include "base/bytes.h"

#include "base/checked.h"

namespace larmor {
namespace {

TEST(Slice, RefusesARangeThatWrapsAround) {
    const ByteBuffer bytes(16);
    EXPECT_TRUE(slice(bytes, 16, 0));
    EXPECT_FALSE(slice(bytes, 17, 0));
    EXPECT_FALSE(slice(bytes, 8, 9));
    EXPECT_FALSE(slice(bytes, 8, SIZE_MAX - 4));
}

TEST(Load, ReadsBothByteOrdersAndSigns) {
    const std::array<std::byte, 4> bytes{std::byte{0xfe}, std::byte{0xff}, std::byte{0x01},
                                         std::byte{0x02}};
    EXPECT_EQ(load_little<std::uint16_t>(bytes.data()), 0xfffe);
    EXPECT_EQ(load_big<std::uint16_t>(bytes.data()), 0xfeff);
    EXPECT_EQ(load_little<std::int16_t>(bytes.data()), -2);
    EXPECT_EQ(load_big<std::int32_t>(bytes.data()), static_cast<std::int32_t>(0xfeff0102));
}

TEST(Store, IsReadBackInItsOwnOrder) {
    std::array<std::byte, 8> bytes{};
    store_big<std::uint64_t>(bytes.data(), 0x0102030405060708);
    EXPECT_EQ(load_big<std::uint64_t>(bytes.data()), 0x0102030405060708U);
    EXPECT_EQ(load_little<std::uint64_t>(bytes.data()), 0x0807060504030201U);
}

TEST(Checked, SaysWhenANumberDoesNotFit) {
    EXPECT_EQ(checked_add<std::uint32_t>(0xffffffff, 1), std::nullopt);
    EXPECT_EQ(checked_multiply<std::uint64_t>(1ULL << 33, 1ULL << 33), std::nullopt);
    EXPECT_EQ(checked_multiply<std::uint64_t>(3, 5), 15U);
}

}  // namespace
}  // namespace larmor
