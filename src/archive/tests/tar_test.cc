#include "archive/tar.h"

#include "archive/tests/archive_maker.h"
#include "archive/tests/tar_by_hand.h"

namespace larmor::archive {
namespace {

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
                                                        {"hard", File},
                                                        {"soft", Link},
                                                        {"pipe", Other},
                                                        {"folder/", Directory}}));
}

TEST(Tar, ReadsArchivesThatWereJoinedByCat) {
    const auto joined =
        header("a", "1", '0') + padded("1") + kEnd + header("b", "1", '0') + padded("2") + kEnd;

    EXPECT_EQ(read_tar_bytes(joined).files, (Files{{"a", "1"}, {"b", "2"}}));
    const auto damage = damage_in(joined);
    ASSERT_EQ(damage.size(), 1U);
    EXPECT_EQ(damage[0].offset, 1024U);
    EXPECT_EQ(damage[0].count, 1024U);
    EXPECT_TRUE(damage[0].is_remark);
}

TEST(Tar, NotesZerosInPlaceOfMembersAndWhetherTheyMayBeAnEnd) {
    const auto member = header("a", "1", '0') + padded("1");
    const auto next = header("b", "1", '0') + padded("2");
    struct Case {
        std::size_t blocks;
        bool is_remark;
    };
    // Behind the 2 blocks of the first member: 18 more are a record of 20, as tools fill it up.
    for (const auto& [blocks, is_remark] :
         {Case{1, false}, Case{2, true}, Case{3, false}, Case{18, true}, Case{38, true}}) {
        const auto archive = member + std::string(blocks * 512, '\0') + next + kEnd;

        EXPECT_EQ(read_tar_bytes(archive).files, (Files{{"a", "1"}, {"b", "2"}}));
        const auto damage = damage_in(archive);
        ASSERT_EQ(damage.size(), 1U) << blocks;
        EXPECT_EQ(damage[0].offset, 1024U) << blocks;
        EXPECT_EQ(damage[0].count, blocks * 512) << blocks;
        EXPECT_EQ(damage[0].is_remark, is_remark) << blocks;
    }
}

TEST(Tar, NotesZerosAtTheEndThatAreNoEndAsToolsWriteIt) {
    enum class Said : std::uint8_t { Nothing, Remark, Damage };
    struct Case {
        std::size_t blocks;
        Said said;
    };
    const auto member = header("a", "1", '0') + padded("1");
    // Behind the 2 blocks of the member 18 more fill a record of 20 blocks, 62 one of 64.
    for (const auto& [blocks, said] :
         {Case{1, Said::Remark}, Case{2, Said::Nothing}, Case{3, Said::Damage},
          Case{17, Said::Damage}, Case{18, Said::Nothing}, Case{19, Said::Damage},
          Case{62, Said::Remark}, Case{99, Said::Damage}, Case{10'000, Said::Damage}}) {
        const auto archive = member + std::string(blocks * 512, '\0');

        EXPECT_EQ(read_tar_bytes(archive).files, (Files{{"a", "1"}})) << blocks;
        const auto damage = damage_in(archive);
        ASSERT_EQ(damage.size(), said == Said::Nothing ? 0U : 1U) << blocks;
        if (said == Said::Nothing) continue;
        EXPECT_EQ(damage[0].offset, 1024U) << blocks;
        EXPECT_EQ(damage[0].count, blocks * 512) << blocks;
        EXPECT_EQ(damage[0].is_remark, said == Said::Remark) << blocks;
    }
}

TEST(Tar, NotesZerosInPlaceOfTheLastMembersOfAnArchiveOfRecords) {
    std::string archive;
    for (int i = 0; i < 100; ++i) {
        archive += header("m" + std::to_string(i), "700", '0') + padded(std::string(448, 'x'));
    }
    const auto last_at = archive.size() - 30 * 1024;
    archive.resize((archive.size() + 1024 + 10'239) / 10'240 * 10'240);
    ASSERT_TRUE(damage_in(archive).empty());

    std::fill(archive.begin() + static_cast<std::ptrdiff_t>(last_at), archive.end(), '\0');

    const auto damage = damage_in(archive);
    EXPECT_EQ(read_tar_bytes(archive).files.size(), 70U);
    ASSERT_EQ(damage.size(), 1U);
    EXPECT_EQ(damage[0].offset, last_at);
    EXPECT_EQ(damage[0].count, archive.size() - last_at);
}

TEST(Tar, NotesZerosAndWhatIsNoMemberAtTheEnd) {
    const auto archive = header("a", "1", '0') + padded("1") + std::string(5 * 512, '\0') +
                         std::string(512, 'x') + std::string(3 * 512, '\0');

    const auto damage = damage_in(archive);

    ASSERT_EQ(damage.size(), 2U);
    EXPECT_EQ(damage[0].offset, 1024U);
    EXPECT_EQ(damage[0].count, 5U * 512);
    EXPECT_EQ(damage[1].offset, 1024U + 5 * 512);
    EXPECT_EQ(damage[1].count, 4U * 512);
}

TEST(Tar, GivesNoMemberTheNameOfOneWhoseHeaderIsDamaged) {
    const std::string records = "19 path=a/long/one\n";
    for (const std::string& damaged : {std::string(512, '\0'), std::string(512, 'x')}) {
        const auto archive = header("x", "0000000023", 'x') + padded(records) + damaged +
                             padded("1") + header("b", "1", '0') + padded("2") + kEnd;

        EXPECT_EQ(read_tar_bytes(archive).files, (Files{{"b", "2"}}));
    }
}

TEST(Tar, MistrustsANameThatMayBeCutByDamage) {
    const std::string long_name(100, 'n');
    const auto cut = header("x", "1", '0') + padded("1") + std::string(3 * 512, '\0') +
                     header(long_name, "1", '0') + padded("2") + kEnd;
    const auto whole = header(long_name, "1", '0') + padded("1") + kEnd;

    EXPECT_EQ(read_tar_bytes(cut).files, (Files{{"x", "1"}}));
    EXPECT_EQ(read_tar_bytes(cut).unreadable.count(long_name), 1U);
    EXPECT_EQ(read_tar_bytes(whole).files, (Files{{long_name, "1"}}));
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
    const std::size_t first_end = 512 + 1024;

    for (std::size_t size = 512; size < archive.size(); size += 256) {
        const auto cut = std::string_view(archive).substr(0, size);
        const auto contents = read_tar_bytes(cut);

        EXPECT_FALSE(contents.error) << size;
        EXPECT_EQ(contents.files.count("b"), size >= first_end + 512 ? 1U : 0U) << size;
        EXPECT_EQ(contents.unreadable.contains("a"), size < 512 + 700) << size;
        EXPECT_EQ(contents.unreadable.contains("b"),
                  size >= first_end + 512 && size < first_end + 612)
            << size;
        EXPECT_FALSE(damage_in(cut).empty()) << size;
    }
}

/// Can go over bytes without reading them.
class PassingSource final : public Source {
public:
    PassingSource(std::string_view bytes, std::size_t& read) : bytes_(bytes), read_(&read) {}
    Result<std::size_t> read(std::span<std::byte> out) override {
        const auto count = std::min(out.size(), bytes_.size());
        std::ranges::copy(as_bytes(bytes_.substr(0, count)), out.begin());
        bytes_.remove_prefix(count);
        *read_ += count;
        return count;
    }
    Result<Passed> pass(std::uint64_t count) override {
        const Passed passed{.bytes = std::min<std::uint64_t>(count, bytes_.size())};
        bytes_.remove_prefix(passed.bytes);
        return passed;
    }

private:
    std::string_view bytes_;
    std::size_t* read_;
};

TEST(Tar, DoesNotReadLargeMembersThatNobodyReads) {
    const std::string large(3 << 20, 'x');
    const auto archive =
        header("a", "00014000000", '0') + large + header("b", "1", '0') + padded("2") + kEnd;
    for (const auto size : {archive.size(), std::size_t{2 << 20}}) {
        std::size_t read = 0;
        auto reader = read_tar(
            std::make_unique<PassingSource>(std::string_view(archive).substr(0, size), read));
        std::vector<std::string> names;
        while (auto member = reader->next().value()) names.push_back(member->path);

        EXPECT_LT(read, 8192U);
        // Where the archive ends is seen all the same.
        EXPECT_EQ(names.size(), size == archive.size() ? 2U : 1U);
        EXPECT_EQ(reader->damage().size(), size == archive.size() ? 0U : 1U);
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
