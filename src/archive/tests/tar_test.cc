#include "archive/tar.h"

#include "archive/tests/archive_maker.h"

namespace larmor::archive {
namespace {

Contents read_tar_bytes(std::string_view bytes) {
    auto reader = read_tar(std::make_unique<MemorySource>(as_bytes(bytes)));
    return read_all(*reader);
}

/// The damage that a reader notes over bytes, everything read.
std::vector<Damage> damage_in(std::string_view bytes) {
    auto reader = read_tar(std::make_unique<MemorySource>(as_bytes(bytes)));
    read_all(*reader);
    return reader->damage();
}

/// A header as the standard describes it, for what no tool writes.
std::string header(std::string_view name, std::string_view size_field, char type) {
    std::string block(512, '\0');
    const auto put = [&](std::size_t at, std::string_view text) {
        block.replace(at, text.size(), text);
    };
    put(0, name);
    put(100, "0000644");
    put(124, size_field);
    block[156] = type;
    put(257, std::string_view("ustar\00000", 8));
    put(148, "        ");
    unsigned sum = 0;
    for (const char c : block) {
        sum += static_cast<unsigned char>(c);
    }
    char field[8];
    std::snprintf(field, sizeof field, "%06o", sum);
    put(148, std::string_view(field, 7));
    return block;
}
std::string padded(std::string text) {
    text.resize((text.size() + 511) / 512 * 512);
    return text;
}
const std::string kEnd(1024, '\0');

class TarFormats : public testing::TestWithParam<const char*> {};

TEST_P(TarFormats, OfGnuTarGiveEveryFileBack) {
    const Workshop workshop;
    auto files = awkward_files();
    if (std::string_view(GetParam()) == "v7" || std::string_view(GetParam()) == "ustar") {
        // Neither has room for a name of 200 bytes; v7 has 100.
        files.erase("long/" + std::string(200, 'n'));
        std::erase_if(files, [](const auto& file) {
            return std::string_view(GetParam()) == "v7" && file.first.size() > 90;
        });
    }
    workshop.write_inputs(files);
    workshop.run(std::string("tar --format=") + GetParam() + " -C in -cf a.tar .");

    const auto contents = read_all(workshop.path("a.tar"));

    EXPECT_FALSE(contents.error) << contents.error->message;
    Files expected;
    for (const auto& [name, content] : files) {
        expected["./" + name] = content;
    }
    EXPECT_EQ(digests(contents.files), digests(expected));
    EXPECT_TRUE(contents.unreadable.empty());
}
INSTANTIATE_TEST_SUITE_P(All, TarFormats,
                         testing::Values("v7", "oldgnu", "gnu", "ustar", "pax"));

class PythonTarFormats : public testing::TestWithParam<const char*> {};

TEST_P(PythonTarFormats, GiveEveryFileBackWhereTheRangesSay) {
    const Workshop workshop;
    auto files = awkward_files();
    if (std::string_view(GetParam()) == "USTAR") {
        files.erase("long/" + std::string(200, 'n'));
    }
    workshop.write_inputs(files);
    workshop.python(std::string("import tarfile\n"
                                "t = tarfile.open('a.tar', 'w', format=tarfile.") +
                    GetParam() + "_FORMAT)\nt.add('in', arcname='')\nt.close()\n");

    const auto contents = read_all(workshop.path("a.tar"));

    EXPECT_EQ(digests(contents.files), digests(files));
    const auto bytes = workshop.read("a.tar");
    for (const auto& member : contents.members) {
        if (member.kind == MemberKind::File) {
            ASSERT_TRUE(member.range);
            EXPECT_EQ(bytes.substr(member.range->offset, member.range->count),
                      files[member.path]);
        }
    }
}
INSTANTIATE_TEST_SUITE_P(All, PythonTarFormats, testing::Values("USTAR", "GNU", "PAX"));

TEST(Tar, TakesASizeAndAPathFromPax) {
    const std::string records = "15 size=000005\n19 path=a/long/one\n";
    const auto archive = header("x", "0000000042", 'x') + padded(records) +
                         header("short", "00000000000", '0') + padded("12345") + kEnd;

    EXPECT_EQ(read_tar_bytes(archive).files, (Files{{"a/long/one", "12345"}}));
}

TEST(Tar, ReadsABase256Size) {
    const std::string size = std::string("\x80", 1) + std::string(10, '\0') + "\x03";
    const auto archive = header("a", size, '0') + padded("abc") + kEnd;

    EXPECT_EQ(read_tar_bytes(archive).files, (Files{{"a", "abc"}}));
}

TEST(Tar, PassesOverASizeThatNoArchiveCanHave) {
    for (const auto& size :
         {std::string("\xff") + std::string(11, '\xff'),
          std::string("\x80") + std::string(11, '\xff'), std::string("77777777777z")}) {
        const auto archive =
            header("liar", size, '0') + header("good", "3", '0') + padded("abc") + kEnd;

        EXPECT_EQ(read_tar_bytes(archive).files, (Files{{"good", "abc"}}));
        ASSERT_EQ(damage_in(archive).size(), 1U);
        EXPECT_EQ(damage_in(archive)[0].offset, 0U);
    }
}

TEST(Tar, RefusesSparseFilesAndGoesOn) {
    const Workshop workshop;
    workshop.run("truncate -s 10M in/holes && echo data >> in/holes && echo last > in/last");
    for (const std::string format : {"gnu", "pax"}) {
        workshop.run("tar --sparse --format=" + format + " -C in -cf a.tar holes last");

        const auto contents = read_all(workshop.path("a.tar"));

        ASSERT_EQ(contents.unreadable.size(), 1U) << format;
        EXPECT_THAT(contents.unreadable.begin()->second, testing::HasSubstr("sparse"));
        EXPECT_EQ(contents.files, (Files{{"last", "last\n"}})) << format;
    }
}

TEST(Tar, KnowsLinksFoldersAndDevices) {
    const Workshop workshop;
    workshop.run(
        "cd in && echo x > file && ln file hard && ln -s file soft && mkfifo pipe && mkdir "
        "folder");
    workshop.run("tar -C in -cf a.tar file hard soft pipe folder");

    std::map<std::string, MemberKind> kinds;
    for (const auto& member : read_all(workshop.path("a.tar")).members) {
        kinds[member.path] = member.kind;
    }

    using enum MemberKind;
    EXPECT_EQ(kinds, (std::map<std::string, MemberKind>{{"file", File},
                                                        {"hard", Link},
                                                        {"soft", Link},
                                                        {"pipe", Other},
                                                        {"folder/", Directory}}));
}

TEST(Tar, ReadsArchivesThatWereJoinedByCat) {
    const auto joined =
        header("a", "1", '0') + padded("1") + kEnd + header("b", "1", '0') + padded("2") + kEnd;

    EXPECT_EQ(read_tar_bytes(joined).files, (Files{{"a", "1"}, {"b", "2"}}));
    EXPECT_TRUE(damage_in(joined).empty());
}

TEST(Tar, FindsTheNextHeaderBehindADamagedOne) {
    auto archive = header("a", "1", '0') + padded("1") + header("b", "600", '0') +
                   padded(std::string(600, 'b')) + header("c", "1", '0') + padded("3") + kEnd;
    archive[1024 + 3] ^= 1;  // in b's name: its checksum is wrong now

    EXPECT_EQ(read_tar_bytes(archive).files, (Files{{"a", "1"}, {"c", "3"}}));
    const auto damage = damage_in(archive);
    ASSERT_EQ(damage.size(), 1U);
    EXPECT_EQ(damage[0].offset, 1024U);
    EXPECT_EQ(damage[0].count, 512U + 2 * 512U);
}

TEST(Tar, SaysWhereItWasCutAtEveryBlock) {
    const Files files{{"a", std::string(700, 'a')}, {"b", std::string(100, 'b')}};
    std::string archive;
    for (const auto& [name, content] : files) {
        char size[12];
        std::snprintf(size, sizeof size, "%011zo", content.size());
        archive += header(name, size, '0') + padded(content);
    }
    archive += kEnd;
    const std::size_t first_end = 512 + 1024, second_end = first_end + 1024;

    for (std::size_t size = 512; size < archive.size(); size += 256) {
        const auto cut = std::string_view(archive).substr(0, size);
        const auto contents = read_tar_bytes(cut);

        EXPECT_FALSE(contents.error) << size;
        EXPECT_EQ(contents.files.count("b"), size >= first_end + 512 ? 1U : 0U) << size;
        EXPECT_EQ(contents.unreadable.contains("a"), size < 512 + 700) << size;
        EXPECT_EQ(contents.unreadable.contains("b"),
                  size >= first_end + 512 && size < first_end + 612)
            << size;
        EXPECT_EQ(damage_in(cut).empty(), size >= second_end + 512 && size % 512 == 0) << size;
    }
}

TEST(Tar, IsNotWhatHasAWrongFirstBlock) {
    const auto contents = read_tar_bytes(std::string(2048, 'x'));

    ASSERT_TRUE(contents.error);
    EXPECT_EQ(contents.error->code, ErrorCode::InvalidInput);
}

TEST(Tar, MistrustsAMemberBehindABrokenPaxHeader) {
    for (const std::string records :
         {"99 path=x\n", "5 path\n", "path=x\n", "4 =\n", "-1 a=b\n"}) {
        char size[12];
        std::snprintf(size, sizeof size, "%011zo", records.size());
        const auto archive = header("x", size, 'x') + padded(records) + header("a", "1", '0') +
                             padded("1") + header("b", "1", '0') + padded("2") + kEnd;

        const auto contents = read_tar_bytes(archive);

        EXPECT_EQ(contents.files, (Files{{"b", "2"}})) << records;
        EXPECT_TRUE(contents.unreadable.contains("a")) << records;
    }
}

TEST(Tar, DoesNotHoldAGiantExtensionHeader) {
    const auto archive = header("x", "77777777777", 'x') + padded("11 path=x\n") + kEnd;

    EXPECT_TRUE(read_tar_bytes(archive).files.empty());
    ASSERT_FALSE(damage_in(archive).empty());
}

TEST(TarHeader, AcceptsChecksumsOfSignedCharacters) {
    auto block = header("\xc3\xa4", "0", '0');
    int sum = 0;
    block.replace(148, 8, "        ");
    for (const char c : block) {
        sum += static_cast<signed char>(c);
    }
    char field[8];
    std::snprintf(field, sizeof field, "%06o", static_cast<unsigned>(sum));
    block.replace(148, 7, std::string_view(field, 7));

    EXPECT_TRUE(is_tar_header(as_bytes(block)));
    block[10] ^= 1;
    EXPECT_FALSE(is_tar_header(as_bytes(block)));
}

}  // namespace
}  // namespace larmor::archive
