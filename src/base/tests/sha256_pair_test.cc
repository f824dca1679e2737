#include "base/sha256_pair.h"

#include <gtest/gtest.h>

#include <fstream>
#include <random>

#include "base/sha256_pair_internal.h"

namespace larmor {
namespace {

ByteBuffer some_bytes(std::size_t count, unsigned seed) {
    std::mt19937 random(seed);
    ByteBuffer bytes(count);
    for (auto& byte : bytes) byte = static_cast<std::byte>(random());
    return bytes;
}

/// Each way that this processor has.
class Sha256PairWays : public testing::TestWithParam<Sha256Pair> {
protected:
    void SetUp() override {
        if (GetParam() == nullptr) GTEST_SKIP() << "this processor has no instructions for it";
    }
    static std::array<Sha256, 2> digests_of(std::span<const Bytes> one,
                                            std::span<const Bytes> other) {
        return GetParam()(one, other);
    }
    static std::string pair_in_hex(std::string_view one, std::string_view other) {
        const Bytes first = as_bytes(one), second = as_bytes(other);
        const auto digests = digests_of(std::span(&first, 1), std::span(&second, 1));
        return to_hex(digests[0]) + ' ' + to_hex(digests[1]);
    }
};
INSTANTIATE_TEST_SUITE_P(Both, Sha256PairWays,
                         testing::Values(sha256_one_after_the_other, sha256_interleaved()),
                         [](const auto& way) {
                             return way.index == 0 ? "OneAfterTheOther" : "Interleaved";
                         });

/// As Linux sees the processor.
bool processor_has(const std::string& flag) {
    std::ifstream file("/proc/cpuinfo");
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with("flags"))
            return (line + ' ').find(' ' + flag + ' ') != std::string::npos;
    }
    return false;
}

TEST(Sha256Pair, IsInterleavedWhereTheProcessorHasInstructionsForIt) {
    EXPECT_EQ(sha256_interleaved() != nullptr,
              processor_has("sha_ni") && processor_has("sse4_1"));
}

TEST_P(Sha256PairWays, GivesTheDigestsOfTheStandardsExamples) {
    // FIPS 180-2, appendices B.1 and B.2; NIST's example of no bytes.
    EXPECT_EQ(pair_in_hex("abc", "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad "
              "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    EXPECT_EQ(pair_in_hex("", "abc"),
              "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 "
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST_P(Sha256PairWays, AgreesWithOpensslAtEveryLengthAroundBlocks) {
    const auto bytes = some_bytes(300, 1);
    for (std::size_t one = 0; one <= bytes.size(); ++one) {
        const Bytes first = Bytes(bytes).first(one), second = Bytes(bytes).last(200 - one / 2);

        const auto digests = digests_of(std::span(&first, 1), std::span(&second, 1));

        ASSERT_EQ(digests[0], sha256(first)) << one;
        ASSERT_EQ(digests[1], sha256(second)) << one;
    }
}

TEST_P(Sha256PairWays, TakesPiecesOfAnySize) {
    std::mt19937 random(2);
    for (unsigned round = 0; round < 200; ++round) {
        std::array<ByteBuffer, 2> whole{some_bytes(random() % 20'000, 2 * round),
                                        some_bytes(random() % 20'000, 2 * round + 1)};
        std::array<std::vector<Bytes>, 2> pieces;
        for (std::size_t i = 0; i < whole.size(); ++i) {
            Bytes left(whole[i]);
            while (!left.empty()) {
                const auto most = random() % 3 == 0 ? 5000U : 130U;
                const auto count = std::min<std::size_t>(left.size(), random() % most);
                pieces[i].push_back(left.first(count));
                left = left.subspan(count);
            }
        }

        const auto digests = digests_of(pieces[0], pieces[1]);

        ASSERT_EQ(digests[0], sha256(whole[0])) << round;
        ASSERT_EQ(digests[1], sha256(whole[1])) << round;
        ASSERT_EQ(digests, sha256_pair(pieces[0], pieces[1])) << round;
    }
}

}  // namespace
}  // namespace larmor
