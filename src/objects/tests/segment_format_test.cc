#include "objects/local/segment_format.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include "base/hash.h"
#include "db/tests/temp_library.h"

namespace larmor::objects::local {
namespace {

using db::testing::must;
using db::testing::TempDirectory;

TEST(SegmentFormat, EncodesARecordAsTheDocumentShows) {
    RecordHeader header{.segment = 1,
                        .offset = 4096,
                        .body_bytes = 2,
                        .body_crc32c = 0xf59dd9c2,
                        .created_us = 0x0006'4765'9b5e'4000,
                        .key = "a.dcm"};
    ByteBuffer bytes;
    append(bytes, header);
    // The example of docs/formats/segment.md; made with a CRC of its own in Python.
    EXPECT_EQ(to_hex(Bytes(bytes).first(64)),
              "4c524543"  // LREC
              "0100"
              "0500"              // version, key size
              "0100000000000000"  // segment
              "0010000000000000"  // offset
              "0200000000000000"  // body size
              "00405e9b65470600"  // created
              "c2d99df5"          // checksum of the body
              "00000000000000000000000000000000"
              "1a979105");  // checksum of what is above and of the key
    EXPECT_EQ(to_hex(Bytes(bytes).subspan(64)), "612e64636d000000");
    EXPECT_EQ(header.head_bytes(), 72U);
    EXPECT_EQ(header.next(), 4096U + 80);
}

/// A file with a header page and records of given bodies, one after the other.
class SegmentFile : public ::testing::Test {
protected:
    void SetUp() override {
        file_ = must(open_file(directory_.path() / "segment", O_RDWR | O_CREAT));
        must(write_at(file_, 0, encode(SegmentHeader{.segment = 7})));
    }
    std::uint64_t add(std::uint64_t offset, std::string_view body) {
        RecordHeader header{.segment = 7,
                            .offset = offset,
                            .body_bytes = body.size(),
                            .body_crc32c = crc32c(as_bytes(body)),
                            .key = "k"};
        ByteBuffer bytes;
        append(bytes, header);
        const auto text = as_bytes(body);
        bytes.insert(bytes.end(), text.begin(), text.end());
        must(write_at(file_, offset, bytes));
        return header.next();
    }
    void flip(std::uint64_t offset) {
        std::array<std::byte, 1> one{};
        must(read_at(file_, offset, one));
        one[0] ^= std::byte{0x40};
        must(write_at(file_, offset, one));
    }
    void set_size(std::uint64_t size) {
        ASSERT_EQ(::ftruncate(file_.get(), static_cast<off_t>(size)), 0);
    }
    TempDirectory directory_;
    UniqueFd file_;
};

TEST_F(SegmentFile, NoticesAFlippedBitAnywhereInARecord) {
    const std::string body = "the body of a record";
    const auto end = add(4096, body);
    set_size(1 << 16);
    const auto good = read_record_header(file_, 7, 4096);
    ASSERT_TRUE(good) << good.error().message;
    ASSERT_TRUE(check_body(file_, *good));

    for (std::uint64_t at = 4096; at < end; ++at) {
        // 1 byte of key and 7 of padding behind the fixed header, 4 bytes of padding at the
        // end.
        const bool padding =
            (at >= 4096 + 65 && at < 4096 + 72) || at >= 4096 + 72 + body.size();
        if (padding) continue;
        flip(at);
        const auto header = read_record_header(file_, 7, 4096);
        const bool noticed = !header || !check_body(file_, *header);
        EXPECT_TRUE(noticed) << "at byte " << at - 4096 << " of the record";
        flip(at);
    }
}

TEST_F(SegmentFile, ErrorsNameSegmentAndOffset) {
    add(4096, "x");
    flip(4096 + 72);
    set_size(8192);
    const auto header = read_record_header(file_, 7, 4096);
    ASSERT_TRUE(header);
    const auto body = check_body(file_, *header);
    ASSERT_FALSE(body);
    EXPECT_NE(body.error().message.find("segment 7 at byte 4096"), std::string::npos)
        << body.error().message;
}

TEST_F(SegmentFile, RefusesARecordThatWasWrittenForAnotherPlace) {
    add(4096, "x");
    ByteBuffer copy(80);
    must(read_at(file_, 4096, std::span(copy).first(73)));
    must(write_at(file_, 8192, copy));
    set_size(1 << 14);
    EXPECT_FALSE(read_record_header(file_, 7, 8192));
    EXPECT_FALSE(read_record_header(file_, 8, 4096));
}

TEST_F(SegmentFile, FindsTheEndBehindTheLastWholeRecord) {
    set_size(1 << 20);
    EXPECT_EQ(must(find_end(file_, 7, 4096)), 4096U) << "nothing was written";

    auto next = add(4096, std::string(100, 'a'));
    next = add(next, std::string(5000, 'b'));
    EXPECT_EQ(must(find_end(file_, 7, 4096)), align_up(next, 4096)) << "a group of two";

    const auto second_group = align_up(next, 4096);
    next = add(second_group, "c");
    EXPECT_EQ(must(find_end(file_, 7, 4096)), align_up(next, 4096)) << "and a group of one";
    EXPECT_EQ(must(find_end(file_, 7, second_group)), align_up(next, 4096));
}

TEST_F(SegmentFile, EndsBeforeATornRecordWhereverItIsCut) {
    const auto torn_at = align_up(add(4096, std::string(3000, 'a')), 4096);
    const auto end = add(torn_at, std::string(9000, 'b'));
    ByteBuffer whole(end - torn_at);
    must(read_at(file_, torn_at, whole));
    for (std::uint64_t cut = 0; cut < 9000; cut += 500) {
        // What was not written yet reads as zeros.
        ByteBuffer torn = whole;
        std::fill(torn.begin() + static_cast<std::ptrdiff_t>(cut), torn.end(), std::byte{0});
        must(write_at(file_, torn_at, torn));
        set_size(1 << 20);
        EXPECT_EQ(must(find_end(file_, 7, 4096)), torn_at) << "cut after " << cut;
    }
}

TEST_F(SegmentFile, SurvivesAHeaderThatLiesAboutItsSize) {
    RecordHeader header{.segment = 7, .offset = 4096, .body_bytes = ~0ULL - 100, .key = "k"};
    ByteBuffer bytes;
    append(bytes, header);
    must(write_at(file_, 4096, bytes));
    set_size(1 << 16);
    EXPECT_EQ(read_record_header(file_, 7, 4096).error().code, ErrorCode::Corrupt);
    EXPECT_EQ(must(find_end(file_, 7, 4096)), 4096U);
}

TEST(SegmentHeaderPage, RefusesDamageAndOtherVersions) {
    auto page = encode(SegmentHeader{.segment = 3, .created_us = 5});
    EXPECT_EQ(must(decode_segment_header(page)).segment, 3);
    for (const std::size_t at : {0UL, 8UL, 20UL, 33UL, 60UL}) {
        page[at] ^= std::byte{1};
        EXPECT_EQ(decode_segment_header(page).error().code, ErrorCode::Corrupt) << at;
        page[at] ^= std::byte{1};
    }
    EXPECT_FALSE(decode_segment_header(Bytes(page).first(10)));
}

}  // namespace
}  // namespace larmor::objects::local
