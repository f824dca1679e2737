#include "archive/zip.h"

#include "archive/tests/archive_maker.h"

namespace larmor::archive {
namespace {

Contents read_zip_bytes(std::string_view bytes, const Limits& limits = {}) {
    auto reader = read_zip(std::make_unique<MemorySource>(as_bytes(bytes)), limits);
    if (!reader) {
        return {.error = reader.error()};
    }
    return read_all(**reader);
}

std::string make_zip(const std::string& command, const Files& files) {
    const Workshop workshop;
    workshop.write_inputs(files);
    workshop.run("cd in && " + command);
    return workshop.read("a.zip");
}

TEST(Zip, OfInfoZipGivesEveryFileBack) {
    const auto files = awkward_files();
    for (const std::string level : {"-0", "-6", "-9"}) {
        EXPECT_EQ(
            digests(read_zip_bytes(make_zip("zip -r " + level + " ../a.zip .", files)).files),
            digests(files))
            << level;
    }
}

TEST(Zip, WrittenToAPipeGivesEveryFileBack) {
    // Sizes stand behind the data then, and in zip64 fields where zip may use them.
    const auto files = awkward_files();
    for (const std::string zip64 : {"", "-fz-"}) {
        const auto zip = make_zip("zip -r " + zip64 + " - . | cat > ../a.zip", files);
        EXPECT_EQ(digests(read_zip_bytes(zip).files), digests(files)) << zip64;
    }
}

TEST(Zip, OfPythonWithForcedZip64GivesEveryFileBack) {
    const Workshop workshop;
    workshop.python(
        "import zipfile\n"
        "z = zipfile.ZipFile('a.zip', 'w', zipfile.ZIP_DEFLATED)\n"
        "for i in range(70000):\n    z.writestr(f'{i}', str(i))\n"
        "with z.open('big', 'w', force_zip64=True) as f: f.write(b'x' * 1000)\nz.close()\n");

    const auto contents = read_all(workshop.path("a.zip"));

    EXPECT_EQ(contents.files.size(), 70001U);
    EXPECT_EQ(contents.files.at("69999"), "69999");
    EXPECT_EQ(contents.files.at("big"), std::string(1000, 'x'));
    EXPECT_FALSE(contents.error);
}

TEST(Zip, BehindAnotherFileIsReadAsSelfExtractingOnesAre) {
    const Files files{{"a", "1"}, {"b", std::string(5000, 'b')}};
    const auto zip = make_zip("zip -r ../a.zip .", files);

    EXPECT_EQ(digests(read_zip_bytes(std::string(777, 'M') + zip).files), digests(files));
}

TEST(Zip, StoredMembersSayWhereTheyLie) {
    const auto zip = make_zip("zip -0 -r ../a.zip .", {{"a", "hello"}});
    const auto members = read_zip_bytes(zip).members;

    ASSERT_EQ(members.size(), 1U);
    ASSERT_TRUE(members[0].range);
    EXPECT_EQ(zip.substr(members[0].range->offset, members[0].range->count), "hello");
}

TEST(Zip, RefusesEncryptedMembersAndUnknownMethodsAndGoesOn) {
    const Workshop workshop;
    workshop.write_inputs({{"secret", "s"}, {"plain", "p"}});
    workshop.run("cd in && zip -P key ../a.zip secret && zip ../a.zip plain");
    auto contents = read_all(workshop.path("a.zip"));
    EXPECT_EQ(contents.unreadable, (Files{{"secret", "encrypted"}}));
    EXPECT_EQ(contents.files, (Files{{"plain", "p"}}));

    workshop.python(
        "import zipfile\n"
        "z = zipfile.ZipFile('b.zip', 'w')\n"
        "z.writestr('lzma', b'l' * 100, zipfile.ZIP_LZMA)\n"
        "z.writestr('plain', b'p')\nz.close()\n");
    contents = read_all(workshop.path("b.zip"));
    EXPECT_THAT(contents.unreadable["lzma"], testing::HasSubstr("method 14"));
    EXPECT_EQ(contents.files, (Files{{"plain", "p"}}));
}

TEST(Zip, FindsEveryChangedByteOfItsMembers) {
    const auto zip = make_zip("zip -r ../a.zip .", {{"a", std::string(300, 'a') + "and more"}});
    const auto directory = zip.find("PK\x01\x02");

    for (auto at = zip.find("UT", 30) + 32 /* extra fields */; at < directory; ++at) {
        auto changed = zip;
        changed[at] ^= 0x10;
        const auto contents = read_zip_bytes(changed);
        EXPECT_TRUE(contents.unreadable.contains("a")) << at;
    }
}

TEST(Zip, CutAnywhereIsOneError) {
    const auto zip = make_zip("zip -r ../a.zip .", {{"a", "1"}, {"b", "2"}});
    for (std::size_t size = 0; size < zip.size(); ++size) {
        const auto contents = read_zip_bytes(std::string_view(zip).substr(0, size));
        ASSERT_TRUE(contents.error) << size;
        EXPECT_EQ(contents.error->code, ErrorCode::InvalidInput);
    }
}

TEST(Zip, DoesNotTrustItsSizes) {
    const auto zip = make_zip("zip -r ../a.zip .", {{"a", std::string(1000, 'a')}});
    const auto entry = zip.find("PK\x01\x02");
    for (const std::uint32_t lie : {0U, 999U, 1001U, 0x7fffffffU}) {
        auto changed = zip;
        store_little(reinterpret_cast<std::byte*>(&changed[entry + 24]), lie);
        const auto contents = read_zip_bytes(changed);
        ASSERT_TRUE(contents.unreadable.contains("a")) << lie;
        EXPECT_LE(contents.files.at("a").size(), 1000U);
    }
    auto changed = zip;  // the compressed size reaches beyond the file
    store_little(reinterpret_cast<std::byte*>(&changed[entry + 20]), 0x7fffffffU);
    EXPECT_TRUE(read_zip_bytes(changed).unreadable.contains("a"));
}

TEST(Zip, StopsABombOfMembersThatShareTheirBytes) {
    // One member of 20 MiB of zeros, named by 200 entries: 4 GiB from a file of 30 KB.
    const Workshop workshop;
    workshop.python(
        "import zipfile, struct\n"
        "z = zipfile.ZipFile('one.zip', 'w', zipfile.ZIP_DEFLATED)\n"
        "z.writestr('zeros', bytes(20 << 20))\nz.close()\n"
        "b = open('one.zip', 'rb').read()\n"
        "d = b.index(b'PK\\x01\\x02'); e = b.index(b'PK\\x05\\x06')\n"
        "entry = b[d:e]\n"
        "end = bytearray(b[e:])\n"
        "struct.pack_into('<HHI', end, 8, 200, 200, 200 * len(entry))\n"
        "open('a.zip', 'wb').write(b[:d] + entry * 200 + end)\n");

    auto file = open_file(workshop.path("a.zip"), 0).value();
    auto reader = open(file).value();
    ByteBuffer piece(1 << 20);
    std::uint64_t given = 0;
    std::optional<Error> refused;
    while (!refused) {
        const auto member = reader->next();
        ASSERT_TRUE(member);
        ASSERT_TRUE(*member) << "the bomb was read whole";
        for (auto count = reader->read(piece);; count = reader->read(piece)) {
            if (!count) {
                refused = count.error();
                break;
            }
            if (*count == 0) {
                break;
            }
            given += *count;
        }
    }
    EXPECT_EQ(refused->code, ErrorCode::LimitExceeded);
    EXPECT_LE(given, 65U << 20);
}

TEST(Zip, NotesACountThatIsNotTrue) {
    auto zip = make_zip("zip -r ../a.zip .", {{"a", "1"}, {"b", "2"}});
    zip[zip.rfind("PK\x05\x06") + 10] = 7;
    auto reader = read_zip(std::make_unique<MemorySource>(as_bytes(zip))).value();

    EXPECT_EQ(read_all(*reader).files.size(), 2U);
    EXPECT_EQ(reader->damage_count(), 1U);
}

}  // namespace
}  // namespace larmor::archive
