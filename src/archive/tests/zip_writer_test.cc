#include "archive/zip_writer.h"

#include "archive/tests/archive_maker.h"

namespace larmor::archive {
namespace {

const Time kModified = Time(std::chrono::seconds(1'767'225'600));  // 2026-01-01T00:00:00Z

std::string zip_of(const Files& files) {
    ZipWriter writer;
    std::string zip;
    for (const auto& [path, content] : files) {
        zip += writer.begin({.path = path,
                             .size_bytes = content.size(),
                             .crc32 = crc32_of(as_bytes(content)),
                             .modified = kModified});
        zip += content;
    }
    return zip + writer.finish();
}

std::uint64_t length_of(const Files& files) {
    ZipLength length;
    for (const auto& [path, content] : files) length.add(path.size(), content.size());
    return length.total();
}

TEST(ZipWriter, UnzipAndPythonReadWhatItWrites) {
    const Files files{{"DICOMDIR", "root"},
                      {"DICOM/S0000001/I0000001", std::string(300'000, 'x')},
                      {"empty", ""}};
    const Workshop workshop;
    workshop.write("a.zip", zip_of(files));
    workshop.run("unzip -t a.zip");
    workshop.python(
        "import zipfile\n"
        "z = zipfile.ZipFile('a.zip')\n"
        "assert z.testzip() is None\n"
        "assert z.read('DICOM/S0000001/I0000001') == b'x' * 300000\n"
        "assert z.read('DICOMDIR') == b'root' and z.read('empty') == b''\n"
        "assert z.getinfo('DICOMDIR').date_time == (2026, 1, 1, 0, 0, 0)\n"
        "assert all(i.compress_type == zipfile.ZIP_STORED for i in z.infolist())\n"
        "assert all(i.flag_bits == 0 for i in z.infolist())\n");
    EXPECT_EQ(length_of(files), zip_of(files).size());
}

TEST(ZipWriter, SeventyThousandMembersNeedTheLargerEndRecord) {
    Files files;
    for (int i = 0; i < 70'000; ++i) files.emplace(std::to_string(i), std::to_string(i));
    const std::string zip = zip_of(files);
    const Workshop workshop;
    workshop.write("a.zip", zip);
    workshop.python(
        "import zipfile\n"
        "z = zipfile.ZipFile('a.zip')\n"
        "assert len(z.infolist()) == 70000 and z.read('69999') == b'69999'\n");
    EXPECT_EQ(length_of(files), zip.size());
}

/// A sparse file: nothing of the five gigabytes is written.
TEST(ZipWriter, AMemberAndAnOffsetOverFourGigabytesAreReadBack) {
    constexpr std::uint64_t kHuge = 5ULL << 30;
    const Workshop workshop;
    ZipWriter writer;
    const std::string first =
        writer.begin({.path = "huge", .size_bytes = kHuge, .crc32 = 1, .modified = kModified});
    const std::string second = writer.begin({.path = "b",
                                             .size_bytes = 1,
                                             .crc32 = crc32_of(as_bytes("b")),
                                             .modified = kModified});
    const std::string last = "b" + writer.finish();
    {
        std::ofstream out(workshop.path("a.zip"), std::ios::binary);
        out << first;
        out.seekp(static_cast<std::streamoff>(first.size() + kHuge));
        out << second << last;
    }
    workshop.python(
        "import zipfile\n"
        "z = zipfile.ZipFile('a.zip')\n"
        "assert z.getinfo('huge').file_size == 5 << 30 and z.read('b') == b'b'\n"
        "with z.open('huge') as f: assert f.read(10) == b'\\0' * 10\n");
    ZipLength length;
    length.add(4, kHuge);
    length.add(1, 1);
    EXPECT_EQ(length.total(), first.size() + kHuge + second.size() + last.size());
    EXPECT_EQ(length.total(), std::filesystem::file_size(workshop.path("a.zip")));
}

TEST(ZipWriter, OurOwnReaderReadsIt) {
    const Files files{{"a", "1"}, {"b/c", std::string(70'000, 'c')}};
    const std::string zip = zip_of(files);
    const Workshop workshop;
    workshop.write("a.zip", zip);
    const auto contents = read_all(workshop.path("a.zip"));
    EXPECT_EQ(contents.files, files);
    EXPECT_FALSE(contents.error);
}

TEST(Crc32, IsTheOneOfTheStandardsCheck) {
    EXPECT_EQ(crc32_of(as_bytes("123456789")), 0xcbf43926U);
    EXPECT_EQ(crc32_of(as_bytes("6789"), crc32_of(as_bytes("12345"))), 0xcbf43926U);
}

}  // namespace
}  // namespace larmor::archive
