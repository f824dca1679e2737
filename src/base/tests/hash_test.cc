#include "base/hash.h"

namespace larmor {
namespace {

TEST(Hash, GivesThePublishedVectors) {
    // FIPS 180-2 appendix B.1; RFC 4231 test case 2; RFC 3720 section B.4 (32 bytes of zeros).
    EXPECT_EQ(to_hex(sha256(as_bytes("abc"))),
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(to_hex(hmac_sha256(as_bytes("Jefe"), as_bytes("what do ya want for nothing?"))),
              "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    EXPECT_EQ(crc32c(ByteBuffer(32)), 0x8a9136aaU);
    EXPECT_EQ(crc32c(as_bytes("123456789")), 0xe3069283U);
}

TEST(Hash, InPiecesIsTheSameAsAtOnce) {
    const std::string text(100'000, 'x');
    Sha256Stream stream;
    stream.update(as_bytes(text).first(1));
    stream.update(as_bytes(text).subspan(1));
    EXPECT_EQ(stream.finish(), sha256(as_bytes(text)));
    EXPECT_EQ(crc32c(as_bytes(text).subspan(7), crc32c(as_bytes(text).first(7))),
              crc32c(as_bytes(text)));
}

TEST(Hex, RefusesOddAndForeignDigits) {
    EXPECT_EQ(to_hex(*from_hex("00fFa1")), "00ffa1");
    EXPECT_FALSE(from_hex("0"));
    EXPECT_FALSE(from_hex("0g"));
}

}  // namespace
}  // namespace larmor
