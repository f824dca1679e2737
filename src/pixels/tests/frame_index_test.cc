#include "pixels/frame_index.h"

#include <sys/mman.h>

#include <cstdio>
#include <string>

#include "pixel_test_data.h"

namespace larmor::pixels::test {
namespace {

constexpr const char* kJpegBaseline = "1.2.840.10008.1.2.4.50";
constexpr const char* kJpeg2000 = "1.2.840.10008.1.2.4.90";
constexpr const char* kRle = "1.2.840.10008.1.2.5";

std::string little32(std::initializer_list<std::uint32_t> values) {
    std::string out;
    for (const auto value : values) {
        for (int i = 0; i < 4; ++i) out.push_back(static_cast<char>(value >> (8 * i)));
    }
    return out;
}
std::string little64(std::initializer_list<std::uint64_t> values) {
    std::string out;
    for (const auto value : values) {
        for (int i = 0; i < 8; ++i) out.push_back(static_cast<char>(value >> (8 * i)));
    }
    return out;
}

/// Encapsulated Pixel Data of so many frames.
Result<Instance> encapsulated(const char* syntax, std::string frames, std::string table,
                              std::vector<std::string> fragments,
                              const std::string& extended_offsets = {},
                              const std::string& extended_lengths = {}) {
    auto builder = image_data_set({.frames = std::move(frames)});
    if (!extended_offsets.empty()) builder.add({0x7fe0, 0x0001}, "OV", extended_offsets);
    if (!extended_lengths.empty()) builder.add({0x7fe0, 0x0002}, "OV", extended_lengths);
    std::vector<ByteBuffer> items = {to_buffer(table)};
    for (const auto& fragment : fragments) items.push_back(to_buffer(fragment));
    builder.add_sequence(kPixelData, items, "OB");
    return open_instance(builder.file(syntax));
}

/// What the ranges of a frame hold.
std::string content(const Instance& instance, std::uint32_t frame) {
    const auto view = instance.index.view();
    const auto location = view.locate(frame);
    if (!location) return location.error().message;
    const auto parts = frame_parts(instance.file, view, *location);
    if (!parts) return parts.error().message;
    std::string all;
    for (const auto part : *parts) all += as_text(part);
    return all;
}

const std::string kStart = "\xff\xd8\xff\xe0";
const std::string kEnd = "\xff\xd9";

TEST(FrameIndex, NativeFramesFollowEachOther) {
    auto builder = image_data_set({.frames = "3"});
    builder.add(kPixelData, "OB", "aaaabbbbcccc");
    const auto instance = open_instance(builder.file("1.2.840.10008.1.2.1"));
    ASSERT_TRUE(instance) << instance.error().message;

    EXPECT_EQ(instance->index.view().frame_count(), 3U);
    EXPECT_EQ(instance->index.stored.size(), 32U);
    EXPECT_EQ(content(*instance, 0), "aaaa");
    EXPECT_EQ(content(*instance, 2), "cccc");
    EXPECT_EQ(instance->index.view().locate(3).error().code, ErrorCode::NotFound);
    EXPECT_TRUE(instance->index.notes.empty());
}

TEST(FrameIndex, OneBitFramesStartInsideAByte) {
    // 3 x 3 pixels: frames of 9 bits, at bits 0, 9 and 18.
    auto builder = image_data_set(
        {.rows = 3, .columns = 3, .frames = "3", .bits_allocated = 1, .bits_stored = 1});
    builder.add(kPixelData, "OB", std::string("\x01\x02\x04\x00", 4));
    const auto instance = open_instance(builder.file("1.2.840.10008.1.2.1"));
    ASSERT_TRUE(instance) << instance.error().message;
    const auto base = instance->file.data_set_offset + instance->image.pixel_data->value_offset;

    const auto view = instance->index.view();
    EXPECT_EQ(*view.locate(0), (FrameLocation{{{base, 2}}, 0}));
    EXPECT_EQ(*view.locate(1), (FrameLocation{{{base + 1, 2}}, 1}));
    EXPECT_EQ(*view.locate(2), (FrameLocation{{{base + 2, 2}}, 2}));
    // By hand: each frame has its first pixel set, in bits 0, 9 and 18.
    for (std::uint32_t f = 0; f < 3; ++f) {
        const auto frame = instance->decode(f);
        ASSERT_TRUE(frame) << frame.error().message;
        EXPECT_THAT(frame->values<std::uint8_t>(),
                    testing::ElementsAre(1, 0, 0, 0, 0, 0, 0, 0, 0));
    }
}

TEST(FrameIndex, ByteFramesInBigEndianWordsStartInsideAWord) {
    // Two frames of three bytes, 1 2 3 and 4 5 6, in three words written high byte first. The
    // data set itself must be big endian: PS3.5 section 7.3.
    const auto us = [](std::uint16_t element, std::uint16_t value) {
        std::string out = {
            0, 0x28, static_cast<char>(element >> 8), static_cast<char>(element), 'U', 'S',
            0, 2,    static_cast<char>(value >> 8),   static_cast<char>(value)};
        return out;
    };
    const std::string data_set = us(0x0002, 1) +
                                 std::string(
                                     "\0\x28\0\x04"
                                     "CS\0\x0c"
                                     "MONOCHROME2 ",
                                     20) +
                                 std::string(
                                     "\0\x28\0\x08"
                                     "IS\0\x02"
                                     "2 ",
                                     10) +
                                 us(0x0010, 1) + us(0x0011, 3) + us(0x0100, 8) + us(0x0101, 8) +
                                 us(0x0102, 7) + us(0x0103, 0) +
                                 std::string(
                                     "\x7f\xe0\0\x10"
                                     "OW\0\0\0\0\0\x06"
                                     "\x02\x01\x04\x03\x06\x05",
                                     18);
    auto file = DataSetBuilder().file("1.2.840.10008.1.2.2");
    const auto tail = as_bytes(data_set);
    file.insert(file.end(), tail.begin(), tail.end());
    const auto instance = open_instance(std::move(file));
    ASSERT_TRUE(instance) << instance.error().message;

    const auto second = instance->index.view().locate(1);
    ASSERT_TRUE(second);
    EXPECT_EQ(second->bit_offset, 8U);
    EXPECT_EQ(second->ranges.at(0).count, 4U);
    EXPECT_THAT(instance->decode(0)->values<std::uint8_t>(), testing::ElementsAre(1, 2, 3));
    EXPECT_THAT(instance->decode(1)->values<std::uint8_t>(), testing::ElementsAre(4, 5, 6));
}

TEST(FrameIndex, TooFewNativeFramesAreNotedAndNoneIsRefused) {
    auto builder = image_data_set({.frames = "3"});
    builder.add(kPixelData, "OB", "aaaabbbbcc");
    const auto two = open_instance(builder.file("1.2.840.10008.1.2.1"));
    ASSERT_TRUE(two);
    EXPECT_EQ(two->index.view().frame_count(), 2U);
    EXPECT_THAT(two->index.notes,
                testing::ElementsAre("Number of Frames is 3, Pixel Data holds 2"));

    auto empty = image_data_set({});
    empty.add(kPixelData, "OB", "aa");
    EXPECT_EQ(open_instance(empty.file("1.2.840.10008.1.2.1")).error().message,
              "Pixel Data has 2 bytes, one frame takes 4");
}

TEST(FrameIndex, BasicOffsetTableGathersFragmentsIntoFrames) {
    // Frame 1 has fragments of 6 and 4 bytes: frame 2 starts at 8 + 6 + 8 + 4 = 26.
    const auto instance = encapsulated(kJpegBaseline, "2", little32({0, 26}),
                                       {kStart + "ab", "cd" + kEnd, kStart + "ef" + kEnd});
    ASSERT_TRUE(instance) << instance.error().message;
    EXPECT_EQ(content(*instance, 0), kStart + "abcd" + kEnd);
    EXPECT_EQ(content(*instance, 1), kStart + "ef" + kEnd);
    EXPECT_EQ(instance->index.view().locate(0)->ranges.size(), 2U);
    EXPECT_TRUE(instance->index.notes.empty());
}

TEST(FrameIndex, ExtendedOffsetTableComesFirstAndItsLengthsCutThePadding) {
    // The second codestream has 7 bytes and one of padding.
    const auto instance =
        encapsulated(kJpegBaseline, "2", {},
                     {kStart + "ab" + kEnd, kStart + "c" + kEnd + std::string(1, '\0')},
                     little64({0, 16}), little64({8, 7}));
    ASSERT_TRUE(instance) << instance.error().message;
    EXPECT_EQ(content(*instance, 1), kStart + "c" + kEnd);
    EXPECT_TRUE(instance->index.notes.empty());
}

TEST(FrameIndex, TablesThatLieAreNotUsed) {
    const std::vector<std::string> fragments = {kStart + "ab" + kEnd, kStart + "cd" + kEnd};
    const struct {
        const char* what;
        std::string table;
    } tables[] = {
        {"into the middle of a fragment", little32({0, 12})},
        {"beyond the end", little32({0, 4096})},
        {"descending", little32({16, 0})},
        {"twice the same", little32({0, 0})},
        {"not from 0", little32({8, 16})},
        {"too many", little32({0, 16, 32})},
        {"too few", little32({0})},
    };
    for (const auto& [what, table] : tables) {
        const auto instance = encapsulated(kJpegBaseline, "2", table, fragments);
        ASSERT_TRUE(instance) << what << instance.error().message;
        EXPECT_EQ(content(*instance, 0), fragments[0]) << what;
        EXPECT_EQ(content(*instance, 1), fragments[1]) << what;
        EXPECT_THAT(instance->index.notes,
                    testing::ElementsAre("Basic Offset Table does not fit: not used"))
            << what;
    }
    for (const auto& lengths :
         {little64({8, 9}), little64({0, 8}), little64({8}), little64({8, ~0ULL})}) {
        const auto instance =
            encapsulated(kJpegBaseline, "2", {}, fragments, little64({0, 16}), lengths);
        ASSERT_TRUE(instance);
        EXPECT_EQ(content(*instance, 1), fragments[1]);
        EXPECT_THAT(instance->index.notes,
                    testing::ElementsAre("Extended Offset Table does not fit: not used"));
    }
}

TEST(FrameIndex, OneFrameIsAllFragments) {
    const auto instance =
        encapsulated(kJpegBaseline, "", {}, {kStart + "ab", "cdef", "gh" + kEnd});
    ASSERT_TRUE(instance);
    EXPECT_EQ(content(*instance, 0), kStart + "abcdefgh" + kEnd);
}

TEST(FrameIndex, AsManyFragmentsAsFramesAreOneEach) {
    const auto instance = encapsulated(kRle, "3", {}, {"aaaa", "bbbb", "cc"});
    ASSERT_TRUE(instance);
    EXPECT_EQ(content(*instance, 0), "aaaa");
    EXPECT_EQ(content(*instance, 2), "cc");
}

TEST(FrameIndex, WithoutTablesTheCodestreamsTell) {
    // The preview inside the first codestream is no frame: what came before it had no end.
    const auto jpeg =
        encapsulated(kJpegBaseline, "2", {},
                     {kStart + "a.", kStart + "no", "b" + kEnd + std::string(1, '\0'),
                      kStart + "cd", "e." + kEnd});
    ASSERT_TRUE(jpeg) << jpeg.error().message;
    EXPECT_EQ(content(*jpeg, 0), kStart + "a." + kStart + "nob" + kEnd + std::string(1, '\0'));
    EXPECT_EQ(content(*jpeg, 1), kStart + "cde." + kEnd);

    const std::string soc = "\xff\x4f\xff\x51";
    const auto j2k =
        encapsulated(kJpeg2000, "2", {}, {soc + "ab", "cd" + kEnd, soc + "ef", kEnd});
    ASSERT_TRUE(j2k);
    EXPECT_EQ(content(*j2k, 0), soc + "abcd" + kEnd);
    EXPECT_EQ(content(*j2k, 1), soc + "ef" + kEnd);

    // Nobody wrote an end: then every start counts, if there are as many as frames.
    const auto endless =
        encapsulated(kJpegBaseline, "2", {}, {kStart + "ab", "cd", kStart + "ef"});
    ASSERT_TRUE(endless);
    EXPECT_EQ(content(*endless, 0), kStart + "abcd");
}

TEST(FrameIndex, FramesThatNobodyCanFindAreRefusedOrNoted) {
    EXPECT_EQ(encapsulated(kJpegBaseline, "2", {}, {"ab", "cd", "ef"}).error().message,
              "3 fragments without a usable offset table cannot be parted into 2 frames");
    EXPECT_EQ(encapsulated("1.2.840.10008.1.2.4.102", "2", {}, {"ab", "cd", "ef"}).error().code,
              ErrorCode::InvalidInput);
    EXPECT_EQ(encapsulated(kJpegBaseline, "2", {}, {}).error().message,
              "Pixel Data without fragments");

    const auto fewer = encapsulated(kJpegBaseline, "3", {},
                                    {kStart + "ab", "cd" + kEnd, kStart + "ef" + kEnd, "gh"});
    ASSERT_TRUE(fewer) << fewer.error().message;
    EXPECT_EQ(fewer->index.view().frame_count(), 2U);
    EXPECT_THAT(fewer->index.notes,
                testing::ElementsAre("Number of Frames is 3, the fragments hold 2"));
}

TEST(FrameIndex, ManyFramesAreFoundFromBlocksAndTakeFewBytes) {
    std::vector<std::string> fragments;
    for (int i = 0; i < 1000; ++i) {
        fragments.push_back("frame" + std::to_string(i) + std::string(i % 50 * 2, 'x'));
        if (fragments.back().size() % 2 != 0) fragments.back().push_back('.');
    }
    const auto instance = encapsulated(kRle, "1000", {}, fragments);
    ASSERT_TRUE(instance);
    for (std::uint32_t f = 0; f < 1000; ++f) EXPECT_EQ(content(*instance, f), fragments[f]);
    EXPECT_LT(instance->index.stored.size(), 4000U);
}

TEST(FrameIndex, DamagedBytesGiveAnErrorAndNothingElse) {
    std::vector<std::string> fragments(100, "abcd");
    const auto instance = encapsulated(kRle, "100", {}, fragments);
    ASSERT_TRUE(instance);
    const auto& stored = instance->index.stored;
    for (std::size_t size = 0; size < stored.size(); ++size) {
        EXPECT_EQ(FrameIndexView::open(Bytes(stored).first(size)).error().code,
                  ErrorCode::Corrupt);
    }
    for (std::size_t at = 0; at < stored.size(); ++at) {
        for (const int value : {0x00, 0x7f, 0x80, 0xff}) {
            auto damaged = stored;
            damaged[at] = static_cast<std::byte>(value);
            const auto view = FrameIndexView::open(damaged);
            if (!view) continue;
            for (std::uint32_t f = 0; f < std::min(view->frame_count(), 200U); ++f) {
                const auto location = view->locate(f);
                if (!location) {
                    EXPECT_EQ(location.error().code, ErrorCode::Corrupt);
                }
            }
        }
    }
}

TEST(FrameIndex, ItsPageShowsTheBytesThatItWrites) {
    // The two examples of docs/formats/frame_index.md, so that the page cannot age.
    auto native = image_data_set(
        {.rows = 3, .columns = 3, .frames = "3", .bits_allocated = 1, .bits_stored = 1});
    native.add(kPixelData, "OB", std::string(4, '\0'));
    const auto coded = encapsulated(kJpegBaseline, "2", little32({0, 26}),
                                    {kStart + "ab", "cd" + kEnd, kStart + "ef" + kEnd});
    const auto page = read_file(LARMOR_SOURCE_DIR "/docs/formats/frame_index.md", 1U << 20);
    ASSERT_TRUE(page) << page.error().message;
    for (const auto& stored : {open_instance(native.file("1.2.840.10008.1.2.1"))->index.stored,
                               coded->index.stored}) {
        std::string line;
        for (std::size_t i = 0; i < stored.size(); ++i) {
            char text[4];
            std::snprintf(text, sizeof text, "%02x", static_cast<unsigned>(stored[i]));
            line += text;
            if ((i + 1) % 16 == 0 || i + 1 == stored.size()) {
                EXPECT_THAT(*page, testing::HasSubstr(line));
                line.clear();
            } else {
                line += ' ';
            }
        }
    }
}

TEST(FrameIndex, TwoGibibytesAreIndexedWithoutReadingThem) {
    // 4,096 frames of 512 KiB in a file with a hole: a page that is read would be in memory.
    constexpr std::uint64_t kFrameBytes = 512 * 512 * 2;
    constexpr std::uint64_t kValueBytes = kFrameBytes * 4096;
    auto builder = image_data_set({.rows = 512,
                                   .columns = 512,
                                   .frames = "4096",
                                   .bits_allocated = 16,
                                   .bits_stored = 16});
    builder.add(kPixelData, "OW", "");
    auto head = builder.file("1.2.840.10008.1.2.1");
    store_little(head.data() + head.size() - 4, static_cast<std::uint32_t>(kValueBytes));
    const TempFolder folder;
    const auto path = folder.path() / "large.dcm";
    std::ofstream(path, std::ios::binary) << as_text(head);
    std::filesystem::resize_file(path, head.size() + kValueBytes);

    const auto instance = open_instance(path);
    ASSERT_TRUE(instance) << instance.error().message;
    const auto view = instance->index.view();
    EXPECT_EQ(view.frame_count(), 4096U);
    EXPECT_EQ(instance->index.stored.size(), 32U);
    const auto last = view.locate(4095);
    ASSERT_TRUE(last);
    EXPECT_EQ(last->ranges.at(0), (ByteRange{head.size() + kFrameBytes * 4095, kFrameBytes}));
    EXPECT_TRUE(instance->decode(4095));

    const auto bytes = instance->mapped.bytes();
    std::vector<unsigned char> resident((bytes.size() + 4095) / 4096);
    ASSERT_EQ(::mincore(const_cast<std::byte*>(bytes.data()), bytes.size(), resident.data()),
              0);
    const auto pages =
        std::ranges::count_if(resident, [](auto page) { return (page & 1) != 0; });
    // The head, the last frame, and what the kernel reads ahead.
    EXPECT_LT(pages, 2000);
}

/// One frame a line, from pydicom's own way through fragments.
TEST(FrameIndex, AgreesWithPydicomOnEveryEncapsulatedFile) {
    const TempFolder folder;
    std::vector<std::filesystem::path> files;
    for (const auto& path : dicom_files()) {
        const auto instance = open_instance(path);
        if (instance && instance->image.pixel_data->encapsulated) files.push_back(path);
    }
    ASSERT_GT(files.size(), 20U);
    const auto list = folder.path() / "files.txt";
    {
        std::ofstream out(list);
        for (const auto& path : files) out << path.string() << '\n';
    }
    const auto answers = folder.path() / "answers.txt";
    ASSERT_EQ(larmor::test::run_command("/usr/bin/python3 " LARMOR_SOURCE_DIR
                                        "/src/pixels/tests/frames_oracle.py " +
                                        shell_quoted(list) + " >" + shell_quoted(answers)),
              0);
    std::ifstream lines(answers);
    std::size_t compared = 0;
    for (const auto& path : files) {
        const auto instance = open_instance(path);
        ASSERT_TRUE(instance);
        std::string expected;
        ASSERT_TRUE(std::getline(lines, expected)) << path;
        std::string ours;
        for (std::uint32_t f = 0; f < instance->index.view().frame_count(); ++f) {
            const auto bytes = content(*instance, f);
            unsigned sum = 1;
            for (const char c : bytes) sum = (sum * 31 + static_cast<unsigned char>(c)) % 65521;
            ours += std::to_string(bytes.size()) + ":" + std::to_string(sum) + " ";
        }
        EXPECT_EQ(ours, expected) << path;
        ++compared;
    }
    std::cerr << compared << " files compared with pydicom.encaps\n";
}

}  // namespace
}  // namespace larmor::pixels::test
