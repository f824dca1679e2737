#include "archive/tests/archive_maker.h"
#include "archive/zip.h"

namespace larmor::archive {
namespace {

TEST(Open, KnowsEveryFormWithoutLookingAtNames) {
    const Workshop workshop;
    const auto files = awkward_files();
    workshop.write_inputs(files);
    workshop.run(
        "cd in && tar -cf ../1 --transform='s,^\\./,,' $(ls) && gzip -c ../1 > ../2 && "
        "zstd -q -c ../1 > ../3 && zip -q -r ../4.zip .");
    for (const std::string name : {"1", "2", "3", "4.zip"}) {
        EXPECT_EQ(digests(read_all(workshop.path(name)).files), digests(files)) << name;
    }
}

TEST(Open, GivesACompressedFileAsOneMemberOfUnknownSize) {
    const Workshop workshop;
    workshop.run("printf content | gzip > a && printf content | zstd -q > b");
    for (const std::string name : {"a", "b"}) {
        const auto contents = read_all(workshop.path(name));
        EXPECT_EQ(contents.files, (Files{{"", "content"}})) << name;
        EXPECT_FALSE(contents.members.at(0).size_bytes) << name;
    }
}

TEST(Open, ReadsATarInsideATar) {
    const Workshop workshop;
    workshop.run(
        "printf inner > in/x && tar -C in -czf inner.tgz x && tar -cf outer.tar inner.tgz");
    const auto file = open_file(workshop.path("outer.tar"), 0).value();
    auto outer = open(file).value();
    ASSERT_TRUE(outer->next().value());

    auto inner = open(std::make_unique<MemberSource>(*outer));

    ASSERT_TRUE(inner);
    EXPECT_EQ(read_all(**inner).files, (Files{{"x", "inner"}}));
}

TEST(Open, RefusesWhatIsNoArchive) {
    const Workshop workshop;
    workshop.write("short", "x");
    workshop.write("empty", "");
    // A DICOM file whose preamble says that it is a zip.
    workshop.write("dicom",
                   "PK\x03\x04" + std::string(124, '\0') + "DICM" + std::string(600, '\0'));
    for (const std::string name : {"short", "empty", "dicom"}) {
        const auto contents = read_all(workshop.path(name));
        ASSERT_TRUE(contents.error) << name;
        EXPECT_EQ(contents.error->code, ErrorCode::Unsupported) << name;
    }
}

TEST(Open, TakesZerosForATarWithoutMembersWhereATarIsWanted) {
    const Workshop workshop;
    workshop.run("tar -cf a -T /dev/null && gzip -k a && bsdtar -cf b -T /dev/null");
    for (const std::string name : {"a", "a.gz", "b"}) {
        const auto bytes = workshop.read(name);
        const auto reader = open_tar(std::make_unique<MemorySource>(as_bytes(bytes)));
        ASSERT_TRUE(reader) << name;
        EXPECT_FALSE((*reader)->next().value()) << name;
        EXPECT_TRUE((*reader)->damage().empty()) << name;
    }
    const auto zeros = workshop.read("b");
    EXPECT_FALSE(open(std::make_unique<MemorySource>(as_bytes(zeros))));
    EXPECT_FALSE(open_tar(std::make_unique<MemorySource>(Bytes())));
}

TEST(Open, RefusesAZipThatCannotBeReadFromItsEnd) {
    const Workshop workshop;
    workshop.run("printf x > in/x && zip -q a.zip in/x");
    const auto bytes = workshop.read("a.zip");
    const auto reader = open(std::make_unique<MemorySource>(as_bytes(bytes)));
    ASSERT_FALSE(reader);
    EXPECT_EQ(reader.error().code, ErrorCode::Unsupported);
}

}  // namespace
}  // namespace larmor::archive
