#include "audit/chain.h"

#include <fcntl.h>

#include "audit/tests/trail_fixture.h"

namespace larmor::audit {
namespace {

using ChainTest = TrailTest;

TEST_F(ChainTest, TheSealIsTheHashThatSha256sumMakes) {
    // By python's hashlib; docs/formats/audit.md shows how to check one with head and
    // sha256sum.
    std::string batch;
    append_head(batch, {.trail = std::string(32, '0'), .number = 1});
    batch += "{\"record\":1}\n";
    ChainEnd end;
    append_seal(batch, 1, end);
    const auto hash = batch.find("\"hash\":\"") + 8;
    EXPECT_EQ(batch.substr(hash), to_hex(sha256(as_bytes(batch.substr(0, hash)))) + "\"}\n");
    EXPECT_EQ(batch.substr(hash, 64),
              "bdf4a86b4590a43de28e277a92876286935405782b7ae7296fe546e2c3119b7d");
    EXPECT_EQ(end.batch, 1U);
    EXPECT_EQ(end.record, 1U);
}

TEST_F(ChainTest, RefusesAnyByteChangedAnywhere) {
    {
        auto trail = open_trail();
        append(trail, 2, "first");
        append(trail, 1, "second");
        append(trail, 3, "third");
    }
    const std::string whole = content(path());
    ASSERT_TRUE(verify_trail(folder_));
    for (std::size_t at = 0; at < whole.size(); ++at) {
        for (const int flip : {1, 0x20, 0x80}) {
            std::string changed = whole;
            changed[at] = static_cast<char>(changed[at] ^ flip);
            EXPECT_TRUE(scan_file(as_bytes(changed), 1, {}).bad) << at << " with " << flip;
        }
    }
    for (std::size_t at = 0; at < whole.size(); at += 101) {
        std::string changed = whole;
        changed[at] = static_cast<char>(changed[at] ^ 1);
        replace(path(), changed);
        EXPECT_EQ(verify_trail(folder_).error().code, ErrorCode::Corrupt) << at;
    }
}

TEST_F(ChainTest, RefusesAnyByteLeftOutOrPutInAndAnyCut) {
    std::string before_last;
    {
        auto trail = open_trail();
        append(trail, 2, "first");
        before_last = content(path());
        append(trail, 1, "second");
        ASSERT_TRUE(trail.write_anchor());
    }
    const std::string whole = content(path());
    for (std::size_t at = 0; at < whole.size(); ++at) {
        std::string without = whole;
        without.erase(at, 1);
        EXPECT_TRUE(scan_file(as_bytes(without), 1, {}).bad) << at;
        std::string with = whole;
        with.insert(at, 1, 'x');
        EXPECT_TRUE(scan_file(as_bytes(with), 1, {}).bad) << at;
        if (at != before_last.size()) {
            EXPECT_TRUE(scan_file(as_bytes(whole.substr(0, at)), 1, {}).bad) << at;
        }
    }
    // A cut between two batches leaves a chain that is whole: the anchor knows better.
    replace(path(), before_last);
    EXPECT_THAT(verify_trail(folder_).error().message,
                testing::HasSubstr("its end is missing"));
}

TEST_F(ChainTest, NamesTheFirstBadBatch) {
    std::uint64_t second = 0;
    {
        auto trail = open_trail();
        append(trail, 1, "first");
        second = content(path()).size();
        append(trail, 1, "second");
        append(trail, 1, "third");
    }
    std::string changed = content(path());
    changed[changed.find("second")] = 'S';
    replace(path(), changed);
    const auto verified = verify_trail(folder_);
    ASSERT_FALSE(verified);
    EXPECT_THAT(
        verified.error().message,
        testing::HasSubstr("the batch at byte " + std::to_string(second) + " (number 2)"));
    EXPECT_THAT(verified.error().message, testing::HasSubstr(file_name(1)));
}

TEST_F(ChainTest, RefusesBatchesThatWereSwappedTakenOutOrSealedAnew) {
    std::vector<std::size_t> ends{0};
    {
        auto trail = open_trail();
        for (int i = 0; i < 3; ++i) {
            append(trail, 1, "same");
            ends.push_back(content(path()).size());
        }
    }
    const std::string whole = content(path());
    const auto batch = [&](std::size_t i) {
        return whole.substr(ends[i], ends[i + 1] - ends[i]);
    };
    replace(path(), batch(0) + batch(2) + batch(1));
    EXPECT_FALSE(verify_trail(folder_));
    replace(path(), batch(0) + batch(2));
    EXPECT_FALSE(verify_trail(folder_));
    replace(path(), batch(0) + batch(1) + batch(1) + batch(2));
    EXPECT_FALSE(verify_trail(folder_));

    // A forger makes a new seal for the second: the third no longer follows.
    std::string forged = batch(1);
    forged.resize(forged.find("{\"seal\""));
    forged.replace(forged.find("same"), 4, "none");
    ChainEnd end = read_batch(as_bytes(whole), 0, {})->end;
    append_seal(forged, 1, end);
    replace(path(), batch(0) + forged + batch(2));
    EXPECT_FALSE(verify_trail(folder_));
}

TEST_F(ChainTest, WithAnAnchorNotedElsewhereEvenTheLastBatchCantBeForged) {
    std::string anchor;
    {
        auto trail = open_trail();
        append(trail, 1, "first");
        anchor = to_text(trail.anchor());
    }
    const auto noted = parse_anchor(anchor);
    ASSERT_TRUE(noted);
    VerifyOptions options;
    options.anchor = *noted;
    EXPECT_TRUE(verify_trail(folder_, options));

    std::string forged = content(path());
    forged.resize(forged.find("{\"seal\""));
    forged.replace(forged.find("first"), 5, "other");
    ChainEnd end;
    append_seal(forged, 1, end);
    replace(path(), forged);
    EXPECT_TRUE(verify_trail(folder_)) << "whole in itself";
    EXPECT_FALSE(verify_trail(folder_, options));
}

TEST(Anchor, IsReadBackAndNothingElseIs) {
    Anchor anchor{.trail = std::string(32, 'a'), .file = 2, .end = {7, 9, {}}};
    anchor.end.hash[3] = std::byte{0x5a};
    const std::string text = to_text(anchor);
    EXPECT_EQ(*parse_anchor(text), anchor);
    for (std::size_t size = 0; size < text.size(); ++size) {
        EXPECT_FALSE(parse_anchor(text.substr(0, size)));
    }
    EXPECT_FALSE(parse_anchor(text + " "));
}

}  // namespace
}  // namespace larmor::audit
