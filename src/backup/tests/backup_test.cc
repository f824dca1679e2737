#include "backup/backup.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "async/sync_wait.h"
#include "events/event_log.h"
#include "ingest/tests/test_files.h"
#include "library/check_library.h"
#include "library/library.h"
#include "library/restore_library.h"
#include "objects/mapped_object.h"

namespace larmor::backup {
namespace {

using namespace ingest::testing_files;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// Stops after a number of files, where one is given.
class Watcher : public Observer {
public:
    explicit Watcher(std::uint64_t files_max = ~0ULL) : files_max_(files_max) {}
    bool copied(std::uint64_t files, std::uint64_t /*bytes*/) override {
        return files < files_max_;
    }
    void damaged(const std::string& where, const std::string& /*what*/) override {
        places.push_back(where);
    }
    std::vector<std::string> places;

private:
    std::uint64_t files_max_;
};

class Findings : public fsck::Observer {
public:
    void found(const fsck::Finding& finding) override {
        all.push_back(finding.where + ": " + finding.what);
    }
    void progress(std::uint64_t /*checked*/, std::uint64_t /*total*/) override {}
    std::vector<std::string> all;
};

std::vector<std::string> problems_of(const fs::path& library) {
    Findings findings;
    const auto summary = check_library(library, false, findings);
    EXPECT_TRUE(summary) << summary.error().message;
    return findings.all;
}

/// A copy of the CT with its UID replaced by one of the same length.
std::string instance(int number) {
    static const std::string kUid = "1.3.6.1.4.1.5962.1.1.1.1.1.20040119072730.12322";
    std::string content = content_of(ct_small());
    const std::string digits = std::to_string(100'000 + number);
    for (std::size_t at = 0; (at = content.find(kUid, at)) != std::string::npos; ++at) {
        content.replace(at + kUid.size() - digits.size(), digits.size(), digits);
    }
    return content;
}

class BackupTest : public testing::Test {
protected:
    std::unique_ptr<Library> open(const fs::path& at) {
        auto opened = Library::open({.folder = at});
        EXPECT_TRUE(opened) << opened.error().message;
        return opened ? *std::move(opened) : nullptr;
    }
    /// In pieces where it is to be a file of its own.
    void import(Library& library, const std::string& content) {
        auto stream = library.importer().begin();
        ASSERT_TRUE(async::sync_wait(stream->write(as_bytes(content))));
        const auto result = async::sync_wait(stream->finish());
        ASSERT_EQ(result.outcome, ingest::Outcome::Stored)
            << (result.error ? result.error->message : "");
    }
    void import_range(Library& library, int from, int to) {
        for (int i = from; i < to; ++i) import(library, instance(i));
    }
    std::string large() {
        const auto path = folder.path() / "large.dcm";
        run_tool("/usr/bin/python3 -c \"import pydicom; d = pydicom.dcmread('" +
                 ct_small().string() +
                 "'); d.NumberOfFrames = 64; d.PixelData = d.PixelData * 64;"
                 " d.SOPInstanceUID = d.file_meta.MediaStorageSOPInstanceUID = '1.2.3.64';"
                 " d.save_as('" +
                 path.string() + "')\"");
        return content_of(path);
    }
    Result<Summary> back_up(Observer& observer) {
        return backup::backup(source(), copies(), observer);
    }
    Result<Summary> restore(const fs::path& to) {
        Watcher watcher;
        return restore_library(copies(), to, RestoredTokens::Revoke, {.id = "uid:7"}, watcher)
            .map([](const Restored& restored) { return restored.copied; });
    }
    /// The SHA-256 of every instance's bytes, as they are read from the store.
    std::multiset<std::string> contents(Library& library) {
        std::multiset<std::string> hashes;
        const auto ids = library.database().read(
            [](db::Snapshot& snapshot) -> Result<std::vector<std::int64_t>> {
                TRY(db::Query query, snapshot.prepare("SELECT object FROM instances"));
                std::vector<std::int64_t> objects;
                for (;;) {
                    TRY(const bool row, query.next());
                    if (!row) return objects;
                    objects.push_back(query.int64(0));
                }
            });
        for (const auto id : ids.value()) {
            const auto location = library.store().locate(objects::ObjectId{id}).value();
            const auto object = objects::map(library.store(), location);
            EXPECT_TRUE(object) << object.error().message;
            if (object) hashes.insert(to_hex(sha256(object->bytes())));
        }
        return hashes;
    }
    fs::path source() const { return folder.path() / "library"; }
    fs::path copies() const { return folder.path() / "deep/copies"; }

    TemporaryFolder folder;
};

TEST_F(BackupTest, WhatIsRestoredIsEqualAndCleanAndBeginsANewEpoch) {
    std::multiset<std::string> expected;
    for (int i = 0; i < 5; ++i) expected.insert(to_hex(sha256(as_bytes(instance(i)))));
    {
        const auto library = open(source());
        import_range(*library, 0, 5);
        const auto big = large();
        import(*library, big);
        expected.insert(to_hex(sha256(as_bytes(big))));
        ASSERT_TRUE(library->preprocessor().start());
        ASSERT_TRUE(library->preprocessor().wait_until_idle());
        // The library stays open: as beside a server.
        Watcher watcher;
        const auto done = back_up(watcher);
        ASSERT_TRUE(done) << done.error().message;
        EXPECT_EQ(done->instances, 6U);
        EXPECT_EQ(done->damaged, 0U);
    }
    const auto restored = restore(folder.path() / "new");
    ASSERT_TRUE(restored) << restored.error().message;
    EXPECT_THAT(problems_of(folder.path() / "new"), IsEmpty());

    const auto library = open(folder.path() / "new");
    EXPECT_EQ(contents(*library), expected);
    EXPECT_EQ(library->events().last().epoch, 2);
    import(*library, instance(77));
    EXPECT_EQ(library->events().last().epoch, 2);
}

TEST_F(BackupTest, AnUploadThatWasOnItsWayIsNothingInWhatIsRestored) {
    const auto library = open(source());
    import(*library, instance(1));
    const auto upload = library->store().begin_upload("instances/on/its/way").value();
    ASSERT_TRUE(upload->write(as_bytes("half of it")));
    Watcher watcher;
    ASSERT_TRUE(back_up(watcher));
    ASSERT_TRUE(restore(folder.path() / "new"));
    EXPECT_THAT(problems_of(folder.path() / "new"), IsEmpty());
}

TEST_F(BackupTest, ASecondBackupCopiesOnlyWhatTheFolderLacks) {
    const auto library = open(source());
    import(*library, large());
    Watcher watcher;
    const auto first = back_up(watcher).value();
    // Rows, the file of the large instance, the one segment, if something lies in it.
    EXPECT_GE(first.bytes_copied, fs::file_size(folder.path() / "large.dcm"));
    import(*library, instance(1));
    const auto second = back_up(watcher).value();
    EXPECT_EQ(second.number, 2);
    EXPECT_EQ(second.files_copied, 2U) << "the rows and the segment that grows";
    EXPECT_LT(second.bytes_copied, fs::file_size(folder.path() / "large.dcm"));
    EXPECT_EQ(second.instances, 2U);
}

TEST_F(BackupTest, ASealedSegmentIsCopiedOnce) {
    const auto library = open(source());
    // The first segment has 4 MiB, an instance 39 KB.
    import_range(*library, 0, 130);
    const auto sealed = [&] {
        return library->database()
                   .read([](db::Snapshot& snapshot) -> Result<std::int64_t> {
                       TRY(db::Query query,
                           snapshot.prepare("SELECT count(*) FROM object_segments"
                                            " WHERE sealed_bytes IS NOT NULL"));
                       TRY_VOID(query.next());
                       return query.int64(0);
                   })
                   .value() > 0;
    };
    // The seal is one of the writer's own requests: some more commits come behind it.
    for (int i = 130; i < 200 && !sealed(); ++i) import(*library, instance(i));
    ASSERT_TRUE(sealed());
    Watcher watcher;
    ASSERT_TRUE(back_up(watcher));
    const auto copy = copies() / "segments/00000001.segment";
    ASSERT_TRUE(fs::exists(copy));
    const auto written = fs::last_write_time(copy);
    import(*library, instance(900));
    const auto second = back_up(watcher).value();
    EXPECT_EQ(fs::last_write_time(copy), written);
    EXPECT_EQ(second.files_copied, 2U);
    ASSERT_TRUE(restore(folder.path() / "new"));
    EXPECT_THAT(problems_of(folder.path() / "new"), IsEmpty());
}

TEST_F(BackupTest, OneThatWasInterruptedAnywhereLeavesTheOneBeforeIt) {
    const auto library = open(source());
    import_range(*library, 0, 3);
    Watcher whole;
    ASSERT_TRUE(back_up(whole));
    const auto before = contents(*library);
    import(*library, large());
    import_range(*library, 3, 6);
    // Ends after the rows, after the large file, and, as that is there already, after the
    // segment.
    int number = 0;
    for (const std::uint64_t files : {1, 2, 2}) {
        ++number;
        Watcher watcher(files);
        const auto stopped = back_up(watcher);
        ASSERT_FALSE(stopped) << files;
        EXPECT_EQ(stopped.error().code, ErrorCode::Cancelled);
        const auto to = folder.path() / ("new" + std::to_string(number));
        const auto restored = restore(to);
        ASSERT_TRUE(restored) << restored.error().message;
        EXPECT_EQ(restored->number, 1);
        EXPECT_THAT(problems_of(to), IsEmpty());
        EXPECT_EQ(contents(*open(to)), before);
    }
    ASSERT_TRUE(back_up(whole));
    ASSERT_TRUE(restore(folder.path() / "all"));
    EXPECT_EQ(contents(*open(folder.path() / "all")), contents(*library));
}

TEST_F(BackupTest, AFlippedByteInTheLibraryIsToldAndTheRestIsCopied) {
    {
        const auto library = open(source());
        import_range(*library, 0, 2);
    }
    {
        std::fstream file(source() / "objects/segments/00000001.segment",
                          std::ios::in | std::ios::out | std::ios::binary);
        file.seekp(4096 + 5000);
        file << "damage";
    }
    Watcher watcher;
    const auto done = back_up(watcher);
    ASSERT_TRUE(done) << done.error().message;
    EXPECT_EQ(done->damaged, 1U);
    EXPECT_THAT(watcher.places, ElementsAre("segment 1 at byte 4096"));
    ASSERT_TRUE(restore(folder.path() / "new"));
    EXPECT_THAT(problems_of(folder.path() / "new"),
                ElementsAre(HasSubstr("segment 1 at byte 4096")));
}

TEST_F(BackupTest, RefusesAFolderOfAnotherLibraryAndOneThatIsNotEmpty) {
    {
        import_range(*open(source()), 0, 1);
    }
    Watcher watcher;
    ASSERT_TRUE(back_up(watcher));
    const auto onto_itself = restore(source());
    ASSERT_FALSE(onto_itself);
    EXPECT_EQ(onto_itself.error().code, ErrorCode::Conflict);

    // Another store, and the same store in a later epoch.
    {
        import_range(*open(folder.path() / "other"), 0, 1);
    }
    ASSERT_TRUE(restore(folder.path() / "new"));
    for (const auto* name : {"other", "new"}) {
        const auto refused = backup::backup(folder.path() / name, copies(), watcher);
        ASSERT_FALSE(refused) << name;
        EXPECT_EQ(refused.error().code, ErrorCode::Conflict);
    }
    EXPECT_TRUE(restore(folder.path() / "again")) << "the refused ones left the backup alone";
}

TEST_F(BackupTest, ChangedRowsOfABackupAreRefusedAndLeaveNoLibrary) {
    {
        import_range(*open(source()), 0, 1);
    }
    Watcher watcher;
    ASSERT_TRUE(back_up(watcher));
    {
        std::fstream file(copies() / "rows/00000001.sqlite",
                          std::ios::in | std::ios::out | std::ios::binary);
        file.seekp(100);
        file << "damage";
    }
    const auto refused = restore(folder.path() / "new");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::Corrupt);
    EXPECT_FALSE(fs::exists(folder.path() / "new/library.sqlite"));
}

TEST_F(BackupTest, NothingIsRemovedFromTheStoreWhileOneRuns) {
    ManualClock clock{system_clock().now()};
    const auto library = Library::open({.folder = source(), .clock = &clock}).value();
    import(*library, large());
    const auto object =
        library->database()
            .write_and_wait([&](db::Transaction& tx) -> Result<std::int64_t> {
                TRY(db::Query query, tx.prepare("SELECT object FROM instances"));
                TRY_VOID(query.next());
                return query.int64(0);
            })
            .value();
    class Remover : public Watcher {
    public:
        bool copied(std::uint64_t /*files*/, std::uint64_t /*bytes*/) override {
            if (std::exchange(done, true)) return true;
            // After the rows and before the file.
            remove();
            return true;
        }
        std::function<void()> remove;
        bool done = false;
    } remover;
    remover.remove = [&] {
        ASSERT_TRUE(library->database().write_and_wait([&](db::Transaction& tx) {
            return library->store().remove(tx, objects::ObjectId{object});
        }));
        clock.advance(std::chrono::hours(48));
        EXPECT_EQ(library->store().collect_garbage().value(), 0U);
    };
    const auto done = back_up(remover);
    ASSERT_TRUE(done) << done.error().message;
    EXPECT_TRUE(remover.done);
    EXPECT_EQ(done->damaged, 0U);
    EXPECT_GT(library->store().collect_garbage().value(), 1'000'000U);
    ASSERT_TRUE(restore(folder.path() / "new"));
    EXPECT_THAT(problems_of(folder.path() / "new"), IsEmpty());
}

}  // namespace
}  // namespace larmor::backup
