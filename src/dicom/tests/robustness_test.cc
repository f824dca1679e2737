// Hostile input: cut anywhere, changed anywhere, lying about lengths, endlessly deep.
#include <gtest/gtest.h>

#include <cstdlib>
#include <new>
#include <random>

#include "dicom/dump.h"
#include "dicom/file.h"
#include "dicom/quirks/quirks.h"
#include "dicom/rewrite.h"
#include "dicom/tests/codec_test_data.h"

namespace {
// Counts what this thread takes from the heap; everything else in this program is unaffected.
thread_local std::size_t allocated_bytes = 0;
}  // namespace

// Not inline: g++ would see free() of a pointer from new, and warn.
[[gnu::noinline]] void* operator new(std::size_t size) {
    allocated_bytes += size;
    if (void* p = std::malloc(size == 0 ? 1 : size)) return p;
    throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* p) noexcept {
    std::free(p);
}
[[gnu::noinline]] void operator delete(void* p, std::size_t) noexcept {
    std::free(p);
}

namespace larmor::dicom {
namespace {

using test::hex;

/// Reads to the end or the error; every token lies within the bytes and behind the one before.
/// Returns the error's text.
std::string check_reading(Bytes data_set, Encoding encoding) {
    Reader reader(data_set, encoding);
    std::size_t at = 0;
    for (Token token; reader.advance(token);) {
        if (token.kind == TokenKind::End) return {};
        EXPECT_GE(token.offset, at);
        EXPECT_GE(token.value_offset, token.offset);
        EXPECT_LE(token.value_offset + token.value.size(), data_set.size());
        if (!token.value.empty()) {
            EXPECT_EQ(token.value.data(), data_set.data() + token.value_offset);
        }
        at = token.value_offset + token.value.size();
        EXPECT_EQ(reader.offset(), at);
    }
    return reader.error().message;
}

TEST(Robustness, SaysWhereAFileEndsTooEarlyWhereverItIsCut) {
    for (const auto* name : {"nested_priv_SQ.dcm", "UN_sequence.dcm", "ExplVR_BigEndNoMeta.dcm",
                             "meta_missing_tsyntax.dcm", "rtplan.dcm",
                             "JPEG2000-embedded-sequence-delimiter.dcm"}) {
        const auto bytes = test::pydicom_file(name);
        const auto whole = open_file(bytes);
        ASSERT_TRUE(whole) << name;
        std::vector<std::size_t> boundaries{
            0};  // cutting there leaves a shorter, sound data set
        for (const auto& token : test::read_all(whole->data_set, whole->encoding)) {
            if (token.depth == 0) boundaries.push_back(token.offset);
        }
        for (std::size_t size = 0; size < bytes.size(); ++size) {
            const Bytes cut = Bytes(bytes).first(size);
            const auto file = open_file(cut);
            if (!file) {
                EXPECT_NE(file.error().message.find("at byte"), std::string::npos)
                    << name << size;
                continue;
            }
            const auto error = check_reading(file->data_set, file->encoding);
            if (error.empty()) {
                EXPECT_TRUE(std::ranges::binary_search(boundaries, file->data_set.size()))
                    << name << " was read after " << size << " bytes";
            } else {
                EXPECT_NE(error.find("at byte"), std::string::npos) << error;
            }
        }
    }
}

TEST(Robustness, SurvivesAnyChange) {
    std::mt19937 random(20'260'101);
    const auto pick = [&](std::size_t below) {
        return std::uniform_int_distribution<std::size_t>(0, below - 1)(random);
    };
    std::vector<std::string_view> accepted;
    for (const auto& quirk : all_quirks()) accepted.push_back(quirk.name);
    constexpr std::array kLies{0U, 1U, 0x7fU, 0x80U, 0xffU, 0xfeU, 0xe0U, 0x0dU};

    for (const auto* name : {"nested_priv_SQ.dcm", "UN_sequence.dcm", "ExplVR_BigEndNoMeta.dcm",
                             "priv_SQ.dcm", "rtplan.dcm", "reportsi.dcm", "image_dfl.dcm"}) {
        const auto bytes = test::pydicom_file(name);
        for (int round = 0; round < 400; ++round) {
            auto changed = bytes;
            const std::size_t changes = 1 + pick(8);
            for (std::size_t i = 0; i < changes; ++i) {
                const std::size_t at = pick(changed.size());
                const auto value = round % 2 == 0 ? pick(256) : kLies[pick(kLies.size())];
                changed[at] = static_cast<std::byte>(value);
            }
            const auto file = open_file(changed);
            if (!file) continue;
            const auto error = check_reading(file->data_set, file->encoding);
            std::string text;
            EXPECT_EQ(dump_text(*file, text).has_value(), error.empty()) << name << round;
            ByteBuffer out;
            if (error.empty()) {
                ASSERT_TRUE(rewrite(file->data_set, file->encoding, kExplicitLittle,
                                    Preserve::No, out));
                EXPECT_EQ(check_reading(out, kExplicitLittle), "") << name << round;
            } else if (round % 8 == 0) {
                const auto repaired = repair(file->data_set, file->encoding, accepted);
                if (repaired) {
                    EXPECT_EQ(check_reading(repaired->data_set, repaired->encoding), "")
                        << name << round;
                }
            }
        }
    }
}

TEST(Robustness, ReadsWithoutAllocating) {
    ByteBuffer data;
    for (int i = 0; i < 16; ++i) {
        const auto level = hex("0800 4011 'SQ' 0000 ffffffff feff 00e0 ffffffff");
        data.insert(data.end(), level.begin(), level.end());
    }
    for (int i = 0; i < 16; ++i) {
        const auto ends = hex("feff 0de0 00000000 feff dde0 00000000 ");
        data.insert(data.end(), ends.begin(), ends.end());
    }
    const auto before = allocated_bytes;
    Reader reader(data, kExplicitLittle);
    std::size_t tokens = 0;
    for (Token token; reader.advance(token) && token.kind != TokenKind::End;) ++tokens;
    EXPECT_EQ(allocated_bytes, before);
    EXPECT_EQ(tokens, 64U);
}

TEST(Robustness, AllocatesNothingForLengthsThatLie) {
    const auto meta = hex("0200 1000 'UI' 1400 '1.2.840.10008.1.2.1' 00");
    for (const auto* lie : {
             "e07f 1000 'OW' 0000 feffffff 0102",
             "0800 4011 'SQ' 0000 feffffff feff 00e0 feffffff",
             "e07f 1000 'OB' 0000 ffffffff feff 00e0 feffffff 00",
             "1000 2000 'LO' ffff 'AB'",
             "1100 0110 'ZZ' 0000 ffffff7f",
         }) {
        auto bytes = meta;
        const auto rest = hex(lie);
        bytes.insert(bytes.end(), rest.begin(), rest.end());
        std::string text;
        text.reserve(4096);
        const auto before = allocated_bytes;
        const auto file = open_file(bytes);
        ASSERT_TRUE(file);
        EXPECT_FALSE(dump_text(*file, text));
        ByteBuffer out;
        EXPECT_FALSE(
            rewrite(file->data_set, file->encoding, kImplicitLittle, Preserve::No, out));
        EXPECT_LT(allocated_bytes - before, 4096U) << lie;
    }
}

TEST(Robustness, ReadsDeepNestingInBoundedMemory) {
    ByteBuffer data;
    const auto level = hex("0800 4011 'SQ' 0000 ffffffff feff 00e0 ffffffff");
    for (int i = 0; i < 50'000; ++i) data.insert(data.end(), level.begin(), level.end());
    const auto before = allocated_bytes;
    const auto error = check_reading(data, kExplicitLittle);
    EXPECT_EQ(error, "more than 64 nested sequences in (0008,1140) at byte 1280");
    EXPECT_LT(allocated_bytes - before, 16'384U);
}

}  // namespace
}  // namespace larmor::dicom
