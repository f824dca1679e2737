#include "fsck/fsck.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "async/sync_wait.h"
#include "db/sqlite/sqlite_database.h"
#include "ingest/tests/test_files.h"
#include "library/check_library.h"
#include "library/library.h"

namespace larmor::fsck {
namespace {

using namespace ingest::testing_files;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

class Findings : public Observer {
public:
    void found(const Finding& finding) override {
        all.push_back(std::string(name_of(finding.severity)) + ": " + finding.where + ": " +
                      finding.what);
    }
    void progress(std::uint64_t checked, std::uint64_t total) override {
        EXPECT_LE(checked, total);
        last_checked = checked;
    }
    std::vector<std::string> all;
    std::uint64_t last_checked = 0;
};

/// A library with two CTs in segments and one, of 64 frames, in a file of its own; closed.
class FsckTest : public testing::Test {
protected:
    void SetUp() override {
        const auto large = folder.path() / "large.dcm";
        run_tool("/usr/bin/python3 -c \"import pydicom; d = pydicom.dcmread('" +
                 ct_small().string() +
                 "'); d.NumberOfFrames = 64; d.PixelData = d.PixelData * 64;"
                 " d.SOPInstanceUID = d.file_meta.MediaStorageSOPInstanceUID = '1.2.3.64';"
                 " d.save_as('" +
                 large.string() + "')\"");
        const auto library = Library::open({.folder = path()});
        ASSERT_TRUE(library) << library.error().message;
        for (const auto& file :
             {ct_small(), modified("-m SOPInstanceUID=1.2.3.4", folder.path() / "second")}) {
            EXPECT_EQ(import(**library, content_of(file)), ingest::Outcome::Stored);
        }
        auto stream = (*library)->importer().begin();
        const auto content = content_of(large);
        ASSERT_TRUE(async::sync_wait(stream->write(as_bytes(content))));
        EXPECT_EQ(async::sync_wait(stream->finish()).outcome, ingest::Outcome::Stored);
        ASSERT_TRUE((*library)->preprocessor().start());
        ASSERT_TRUE((*library)->preprocessor().wait_until_idle());
    }
    static ingest::Outcome import(Library& library, const std::string& content) {
        return async::sync_wait(library.importer().import_bytes(as_bytes(content))).outcome;
    }
    fs::path path() const { return folder.path() / "library"; }
    fs::path segment() const { return path() / "objects/segments/00000001.segment"; }
    fs::path large_file() const {
        for (const auto& entry :
             fs::recursive_directory_iterator(path() / "objects/files/instances")) {
            if (entry.is_regular_file()) return entry.path();
        }
        return {};
    }
    /// What another program did to the rows.
    void sql(const std::string& statements) const {
        run_tool("sqlite3 " + (path() / "library.sqlite").string() + " \"" + statements + "\"");
    }
    Summary check(bool repair = false) {
        findings.all.clear();
        const auto summary = check_library(path(), repair, findings);
        EXPECT_TRUE(summary) << summary.error().message;
        return summary.value_or(Summary{});
    }
    void flip_byte(const fs::path& file, std::uint64_t at) const {
        std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
        stream.seekg(static_cast<std::streamoff>(at));
        const char byte = static_cast<char>(stream.get() ^ 1);
        stream.seekp(static_cast<std::streamoff>(at));
        stream.put(byte);
    }

    TemporaryFolder folder;
    Findings findings;
};

TEST_F(FsckTest, AGoodLibraryIsCleanAndEveryByteWasRead) {
    const auto summary = check();
    EXPECT_THAT(findings.all, IsEmpty());
    EXPECT_EQ(summary.instances, 3U);
    EXPECT_EQ(summary.errors + summary.notes, 0U);
    EXPECT_GE(summary.bytes, 2 * fs::file_size(ct_small()) + fs::file_size(large_file()));
    EXPECT_EQ(findings.last_checked, summary.bytes);
}

TEST_F(FsckTest, OneFlippedByteInASegmentIsFoundWithItsPlaceAndObject) {
    // The first record begins behind the header page; its body is far longer than 2,000 bytes.
    flip_byte(segment(), 4096 + 2000);
    EXPECT_EQ(check().errors, 1U);
    EXPECT_THAT(findings.all,
                ElementsAre(testing::AllOf(HasSubstr("error: segment 1 at byte 4096: "),
                                           HasSubstr("checksum"),
                                           HasSubstr("instances/1.3.6.1.4.1.5962"))));
}

TEST_F(FsckTest, AFlippedByteInASegmentsHeaderIsFound) {
    flip_byte(segment(), 20);
    EXPECT_EQ(check().errors, 1U);
    EXPECT_THAT(findings.all, ElementsAre(HasSubstr("error: segment 1 at byte 0: ")));
}

TEST_F(FsckTest, AFlippedByteAndARemovedFileOfALargeObjectAreFoundByItsKey) {
    const auto key = large_file().lexically_relative(path() / "objects/files").string();
    flip_byte(large_file(), 100'000);
    EXPECT_EQ(check().errors, 1U);
    EXPECT_THAT(findings.all, ElementsAre(HasSubstr("error: object file " + key + ": ")));
    fs::remove(large_file());
    EXPECT_EQ(check(true).unrepaired_errors(), 1U) << "a repair must not drop an instance";
    EXPECT_EQ(check().instances, 3U);
    EXPECT_THAT(findings.all,
                ElementsAre(testing::AllOf(HasSubstr(key), HasSubstr("missing"))));
}

TEST_F(FsckTest, ASegmentThatIsGoneOrCutIsFoundThoughTheStoreWouldNotOpen) {
    fs::resize_file(segment(), 4096 + 100);
    check();
    EXPECT_THAT(findings.all, Contains(HasSubstr("error: segment 1 at byte 4196: ")));
    fs::remove(segment());
    ASSERT_FALSE(Library::open({.folder = path()}));
    EXPECT_EQ(check().errors, 1U);
    EXPECT_THAT(findings.all, ElementsAre(testing::AllOf(HasSubstr("error: segment 1: "),
                                                         HasSubstr("are lost"))));
}

TEST_F(FsckTest, ADeletedRowOfAnObjectIsALossAndOneOfAnInstanceLeavesAnOrphan) {
    sql("DELETE FROM objects WHERE id = (SELECT object FROM instances WHERE"
        " sop_instance_uid = '1.2.3.4')");
    EXPECT_EQ(check().errors, 1U);
    EXPECT_THAT(findings.all, ElementsAre(HasSubstr("error: instance 1.2.3.4: ")));

    sql("DELETE FROM instances WHERE sop_instance_uid = '1.2.3.64'");
    check();
    EXPECT_THAT(findings.all, Contains(testing::AllOf(HasSubstr("note: object file instances/"),
                                                      HasSubstr("no row points at"))));
    EXPECT_THAT(findings.all, Contains(HasSubstr("prepared_instances")));
    EXPECT_THAT(findings.all, Contains(HasSubstr("number_of_instances says 3, there are 2")));
}

TEST_F(FsckTest, WrongCountsAreFoundAndMadeAnew) {
    sql("UPDATE studies SET number_of_instances = 7, number_of_series = 4;"
        "UPDATE image_sets SET number_of_instances = 9");
    EXPECT_EQ(check().errors, 3U);
    EXPECT_THAT(findings.all,
                Contains(testing::AllOf(HasSubstr("error: study 1.3.6.1.4.1.5962.1.2.1"),
                                        HasSubstr("number_of_series says 4, there are 1"))));
    const auto repaired = check(true);
    EXPECT_EQ(repaired.repaired, 3U);
    EXPECT_EQ(repaired.unrepaired_errors(), 0U);
    EXPECT_EQ(check().errors, 0U);
}

TEST_F(FsckTest, CopiesShareTheirObjectsAndAWrongCountOfOwnersIsFoundAndMadeAnew) {
    {
        const auto library = Library::open({.folder = path()});
        ASSERT_TRUE(library);
        auto& catalog = (*library)->catalog();
        const auto sets = (*library)->database().read([&](db::Snapshot& snapshot) {
            return catalog.list_image_sets(snapshot, catalog::ImageSetRow{0}, 1);
        });
        ASSERT_TRUE(sets);
        const auto copied = (*library)->database().write_and_wait([&](db::Transaction& tx) {
            return catalog.copy_image_set(tx, {.source = sets->front().id});
        });
        ASSERT_TRUE(copied) << copied.error().message;
    }
    EXPECT_EQ(check().errors, 0U);
    EXPECT_THAT(findings.all, IsEmpty()) << "shared is neither lost nor too much";
    sql("UPDATE shared_objects SET more_owners = 5"
        " WHERE object = (SELECT max(object) FROM shared_objects);"
        "DELETE FROM shared_objects WHERE object = (SELECT min(object) FROM shared_objects)");
    EXPECT_EQ(check().errors, 2U);
    EXPECT_THAT(
        findings.all,
        UnorderedElementsAre(HasSubstr("5 owners beyond the first are counted, there are 1"),
                             HasSubstr("0 owners beyond the first are counted, there are 1")));
    EXPECT_EQ(check(true).repaired_errors, 2U);
    EXPECT_EQ(check().errors, 0U);
}

TEST_F(FsckTest, AMissingEventAndAMissingVersionAreFound) {
    sql("DELETE FROM events_1 WHERE sequence = 2;"
        "DELETE FROM image_set_versions WHERE version = 2");
    EXPECT_EQ(check().errors, 2U);
    EXPECT_THAT(findings.all,
                Contains("error: event 3: the numbers from 2 up to it are missing"));
    EXPECT_THAT(findings.all,
                Contains(HasSubstr("latest_version says 3, there are 2 versions")));
}

TEST_F(FsckTest, ForeignFilesAreNotesAndLeftoversOfUploadsAreRemoved) {
    write_content(path() / "objects/files/foreign.dcm", "x");
    write_content(path() / "objects/segments/00000077.segment", "x");
    write_content(path() / "objects/incoming/12.part", "x");
    sql("INSERT INTO object_intents (id, key, created) VALUES (12, 'instances/12', 0)");
    auto summary = check();
    EXPECT_EQ(summary.errors, 0U);
    EXPECT_EQ(summary.notes, 4U);
    EXPECT_THAT(findings.all,
                UnorderedElementsAre(HasSubstr("note: files/foreign.dcm: "),
                                     HasSubstr("note: segments/00000077.segment: "),
                                     HasSubstr("note: incoming/12.part: "),
                                     HasSubstr("note: upload 12: ")));
    EXPECT_EQ(check(true).repaired, 2U);
    EXPECT_EQ(check().notes, 2U);
    EXPECT_TRUE(fs::exists(path() / "objects/files/foreign.dcm"));
}

TEST_F(FsckTest, ADamagedPageOfTheDatabaseIsAFinding) {
    // The last page of the file holds rows or an index of some table.
    const auto database = path() / "library.sqlite";
    std::fstream file(database, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(fs::file_size(database) - 4096));
    file << std::string(4096, 'X');
    file.close();
    EXPECT_GE(check().errors, 1U);
    EXPECT_THAT(findings.all, Contains(HasSubstr("error: library.sqlite: ")));
}

TEST_F(FsckTest, ALibraryInUseIsRefusedWithThePidOfItsOwner) {
    const auto library = Library::open({.folder = path()});
    ASSERT_TRUE(library);
    const auto refused = check_library(path(), false, findings);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::Conflict);
    EXPECT_THAT(refused.error().message,
                HasSubstr("in use by process " + std::to_string(::getpid())));
}

TEST_F(FsckTest, AFolderWithoutALibraryIsRefusedAndStaysAsItIs) {
    const auto refused = check_library(folder.path() / "nothing", false, findings);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::NotFound);
    EXPECT_FALSE(fs::exists(folder.path() / "nothing"));
}

}  // namespace
}  // namespace larmor::fsck
