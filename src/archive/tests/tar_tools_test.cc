// Archives of the three tools that everybody uses, in every format that they write, with what
// makes readers stumble.
#include "archive/tar.h"
#include "archive/tests/archive_maker.h"

namespace larmor::archive {
namespace {

/// Names that old formats can't hold: GNU tar's v7 has 99 bytes, ustar 255 if a slash helps.
Files files_for(std::string_view format) {
    auto files = awkward_files();
    if (format == "v7" || format == "ustar") {
        files.erase("long/" + std::string(200, 'n'));
    }
    if (format == "v7") {
        std::erase_if(files, [](const auto& file) { return file.first.size() > 90; });
    }
    return files;
}

/// Each file as it is read, and where its range says that it lies in the archive.
void expect_files(const Workshop& workshop, const Files& files, const std::string& archive) {
    const auto contents = read_all(workshop.path(archive));
    ASSERT_FALSE(contents.error) << contents.error->message;
    EXPECT_TRUE(contents.unreadable.empty());
    Files found;
    const auto bytes = workshop.read(archive);
    for (const auto& member : contents.members) {
        if (member.kind != MemberKind::File) continue;
        auto name = member.path;
        if (name.starts_with("./")) name = name.substr(2);
        ASSERT_TRUE(member.range);
        found[name] = bytes.substr(member.range->offset, member.range->count);
        EXPECT_EQ(digests({{name, found[name]}}),
                  digests({{name, contents.files.at(member.path)}}));
    }
    EXPECT_EQ(digests(found), digests(files));
}

class BsdtarFormats : public testing::TestWithParam<const char*> {};

TEST_P(BsdtarFormats, GiveEveryFileBackWhereTheRangesSay) {
    const Workshop workshop;
    const auto files = files_for(GetParam());
    workshop.write_inputs(files);
    workshop.run(std::string("LC_ALL=C.UTF-8 bsdtar --format=") + GetParam() +
                 " -C in -cf a.tar .");

    expect_files(workshop, files, "a.tar");
}
INSTANTIATE_TEST_SUITE_P(All, BsdtarFormats, testing::Values("v7", "ustar", "gnutar", "pax"));

TEST(TarOfTools, GivesHardLinksTheBytesOfTheFilesThatTheyLeadTo) {
    for (const std::string tool :
         {"tar --format=v7", "tar --format=oldgnu", "tar --format=gnu", "tar --format=ustar",
          "tar --format=pax", "bsdtar --format=ustar", "bsdtar --format=gnutar",
          "bsdtar --format=pax"}) {
        const Workshop workshop;
        workshop.run(
            "cd in && printf 12345 > a && ln a b && ln -s a c && : > d && printf z > e && ln a "
            "f && ln d g");
        workshop.run(tool + " -C in -cf a.tar a b c d e f g");

        const auto contents = read_all(workshop.path("a.tar"));

        EXPECT_EQ(contents.files, (Files{{"a", "12345"},
                                         {"b", "12345"},
                                         {"d", ""},
                                         {"e", "z"},
                                         {"f", "12345"},
                                         {"g", ""}}))
            << tool;
        EXPECT_TRUE(contents.unreadable.empty()) << tool;
        ASSERT_EQ(contents.members.size(), 7U) << tool;
        EXPECT_EQ(contents.members[1].range, contents.members[0].range) << tool;
        EXPECT_EQ(contents.members[1].size_bytes, 5U) << tool;
        EXPECT_NE(contents.members[1].offset, contents.members[0].offset) << tool;
        EXPECT_EQ(contents.members[2].kind, MemberKind::Link) << tool;
    }
}

TEST(TarOfTools, FillsTheHolesOfSparseMembers) {
    for (const std::string tool :
         {"tar --sparse --format=oldgnu", "tar --sparse --format=gnu",
          "tar --sparse --format=pax --sparse-version=0.0",
          "tar --sparse --format=pax --sparse-version=0.1",
          "tar --sparse --format=pax --sparse-version=1.0", "bsdtar --format=pax"}) {
        const Workshop workshop;
        // More holes than one header has room for; holes at the beginning, at the end, all
        // hole, and an end inside a block. The last is a link to a sparse one.
        workshop.python(
            "import os\n"
            "def make(name, size, *places):\n"
            "    with open('in/' + name, 'wb') as f:\n"
            "        f.truncate(size)\n"
            "        for at in places: f.seek(at); f.write(os.urandom(4096))\n"
            "make('many', 60 * 200000, *range(0, 60 * 200000, 200000))\n"
            "make('front', 0, 1 << 20)\nmake('end', 1 << 20, 0)\nmake('all', 1 << 20)\n"
            "make('odd', 300001, 4096, 295905)\nos.link('in/odd', 'in/zlink')\n"
            "open('in/last', 'wb').write(b'z')\n");
        Files files;
        for (const std::string name : {"many", "front", "end", "all", "odd", "last"}) {
            files[name] = workshop.read("in/" + name);
        }
        files["zlink"] = files["odd"];
        workshop.run(tool + " -C in -cf a.tar many front end all odd last zlink");

        const auto contents = read_all(workshop.path("a.tar"));

        EXPECT_EQ(digests(contents.files), digests(files)) << tool;
        EXPECT_TRUE(contents.unreadable.empty()) << tool;
        EXPECT_LT(workshop.read("a.tar").size(), 2U << 20) << tool;
        EXPECT_TRUE(contents.members.at(0).is_sparse) << tool;
        EXPECT_FALSE(contents.members.at(0).range) << tool;
    }
}

TEST(TarOfTools, ReadsArchivesBehindEachOtherWithGarbageBetween) {
    const Workshop workshop;
    workshop.run("cd in && for i in 1 2 3; do printf \"file $i\" > $i; done");
    workshop.run("tar --format=gnu -C in -cf 1.tar 1; bsdtar --format=pax -C in -cf 2.tar 2");
    workshop.python(
        "import tarfile\nt = tarfile.open('3.tar', 'w', format=tarfile.PAX_FORMAT)\n"
        "t.add('in/3', arcname='3')\nt.close()\n");
    workshop.run("cat 1.tar 2.tar 3.tar > joined.tar");
    // Whole blocks of garbage, as a disk leaves them, and some that shifts all that follows.
    workshop.run("(cat 1.tar; yes garbage | head -c 5120; cat 2.tar 3.tar) > blocks.tar");

    const Files files{{"1", "file 1"}, {"2", "file 2"}, {"3", "file 3"}};
    EXPECT_EQ(read_all(workshop.path("joined.tar")).files, files);
    EXPECT_EQ(read_all(workshop.path("blocks.tar")).files, files);
}

TEST(TarOfTools, ReadsGarbageThatShiftsWhatFollows) {
    const Workshop workshop;
    workshop.run("cd in && for i in 1 2 3; do printf \"file $i\" > $i; done");
    workshop.run("tar -C in -cf 1.tar 1; tar -C in -cf 2.tar 2 3");
    workshop.run("(cat 1.tar; yes garbage | head -c 777; cat 2.tar) > shifted.tar");

    const auto contents = read_all(workshop.path("shifted.tar"));

    EXPECT_EQ(contents.files, (Files{{"1", "file 1"}, {"2", "file 2"}, {"3", "file 3"}}));
}

}  // namespace
}  // namespace larmor::archive
