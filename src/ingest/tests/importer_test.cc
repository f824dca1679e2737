#include "ingest/importer.h"

#include <algorithm>

#include "async/sync_wait.h"
#include "audit/verify.h"
#include "db/tests/faulty_database.h"
#include "ingest/tests/test_files.h"
#include "library/check_library.h"
#include "library/library.h"
#include "objects/mapped_object.h"
#include "observe/metrics.h"

namespace larmor::ingest {
namespace {

using namespace testing_files;

class ImporterTest : public testing::Test {
protected:
    void SetUp() override { reopen(); }
    void reopen() {
        library.reset();
        auto opened = Library::open({.folder = folder.path() / "library", .clock = &clock});
        ASSERT_TRUE(opened) << opened.error().message;
        library = *std::move(opened);
    }
    ImportResult import(const std::string& content, ImportOptions options = {}) {
        return async::sync_wait(
            library->importer().import_bytes(as_bytes(content), std::move(options)));
    }
    ImportResult import(const fs::path& path) { return import(content_of(path)); }

    /// What the store holds of the instance that a search finds under this UID.
    std::string stored_content(const std::string& sop_instance_uid, std::size_t index = 0) {
        const auto found = library->database().read([&](db::Snapshot& snapshot) {
            return library->catalog().find_by_sop_instance_uid(snapshot, sop_instance_uid);
        });
        EXPECT_TRUE(found && found->size() > index);
        const auto location = library->store().locate(found->at(index).file.object);
        EXPECT_TRUE(location);
        const auto object = objects::map(library->store(), *location);
        EXPECT_TRUE(object);
        return to_string(object->bytes());
    }
    catalog::Catalog::Totals totals() {
        return library->database()
            .read([&](db::Snapshot& snapshot) { return library->catalog().totals(snapshot); })
            .value();
    }

    TemporaryFolder folder;
    ManualClock clock{system_clock().now()};
    std::unique_ptr<Library> library;
};

TEST_F(ImporterTest, WhatIsStoredReadsBackEqualAfterARestart) {
    const ImportResult result = import(ct_small());
    ASSERT_EQ(result.outcome, Outcome::Stored) << result.error->message;
    EXPECT_EQ(result.sop_class_uid, "1.2.840.10008.5.1.4.1.1.2");
    EXPECT_EQ(result.size_bytes, fs::file_size(ct_small()));

    reopen();
    EXPECT_EQ(stored_content(result.sop_instance_uid), content_of(ct_small()));
    EXPECT_EQ(totals().instances, 1);
    EXPECT_EQ(totals().studies, 1);
}

std::int64_t gauge(std::string_view name) {
    const std::string text = observe::metrics().to_text();
    const auto at = text.find("\n" + std::string(name) + " ");
    return at == std::string::npos ? -1 : std::stoll(text.substr(at + name.size() + 2));
}

async::Task<Outcome> import_beside(Importer& importer, Bytes bytes) {
    ImportOptions options;  // GCC 12 destroys a default argument of an awaited call twice
    const ImportResult result = co_await importer.import_bytes(bytes, std::move(options));
    co_return result.outcome;
}
/// A reader that runs twice: how many arrivals wait then.
async::Task<Outcome> read_twice(std::vector<std::int64_t>& waiting) {
    waiting.push_back(gauge("larmor_import_waiting"));
    co_await async::yield();
    waiting.push_back(gauge("larmor_import_waiting"));
    co_return Outcome::Rejected;
}

TEST_F(ImporterTest, AReaderOnTheSameThreadDoesNotWaitForTheArrivalsBeforeIt) {
    const std::string content = content_of(ct_small());
    std::vector<std::int64_t> waiting;
    std::vector<async::Task<Outcome>> tasks;
    tasks.reserve(11);
    for (int i = 0; i < 10; ++i) {
        tasks.push_back(import_beside(library->importer(), as_bytes(content)));
    }
    tasks.push_back(read_twice(waiting));
    const auto outcomes = async::sync_wait(async::when_all(std::move(tasks)));

    EXPECT_THAT(waiting, testing::ElementsAre(10, 9)) << "one a turn";
    EXPECT_EQ(std::ranges::count(outcomes, Outcome::Stored), 1);
    EXPECT_EQ(std::ranges::count(outcomes, Outcome::Duplicate), 9);
    EXPECT_EQ(gauge("larmor_import_waiting"), 0);
    EXPECT_EQ(gauge("larmor_import_reading"), 0);
    EXPECT_GE(gauge("larmor_import_reading_max"), 1);
}

TEST_F(ImporterTest, AnEqualInstanceIsADuplicateHoweverItIsWritten) {
    ASSERT_EQ(import(ct_small()).outcome, Outcome::Stored);
    EXPECT_EQ(import(ct_small()).outcome, Outcome::Duplicate);
    EXPECT_EQ(import(made_by("dcmconv +te -e +g", folder.path() / "lengths")).outcome,
              Outcome::Duplicate);
    EXPECT_EQ(totals().instances, 1);
}

TEST_F(ImporterTest, AnotherCodingIsAnAlternateAndTheFirstStaysPrimary) {
    const ImportResult first = import(ct_small());
    EXPECT_EQ(import(made_by("dcmconv +ti", folder.path() / "implicit")).outcome,
              Outcome::Alternate);
    EXPECT_EQ(import(made_by("dcmcrle", folder.path() / "rle")).outcome, Outcome::Alternate);

    EXPECT_EQ(import(folder.path() / "rle").outcome, Outcome::Duplicate);
    EXPECT_EQ(import(made_by("dcmconv +ti -e +g", folder.path() / "implicit_again")).outcome,
              Outcome::Duplicate);
    EXPECT_EQ(stored_content(first.sop_instance_uid), content_of(ct_small()));
    EXPECT_EQ(totals().instances, 1);
}

TEST_F(ImporterTest, OtherContentUnderOneUidIsKeptApartAndNeverOverwrites) {
    const ImportResult first = import(ct_small());
    const fs::path other = modified("-m PatientBirthDate=19700101", folder.path() / "other");

    const ImportResult conflict = import(other);
    EXPECT_EQ(conflict.outcome, Outcome::Conflict);
    EXPECT_THAT(conflict.image_set_id, testing::MatchesRegex("[0-9a-z]{32}"));
    EXPECT_EQ(import(other).outcome, Outcome::Duplicate);

    EXPECT_EQ(stored_content(first.sop_instance_uid, 0), content_of(ct_small()));
    EXPECT_EQ(stored_content(first.sop_instance_uid, 1), content_of(other));
    EXPECT_EQ(totals().non_primary_image_sets, 1);
}

TEST_F(ImporterTest, OneSopInstanceUidInTwoSeriesIsAConflict) {
    ASSERT_EQ(import(ct_small()).outcome, Outcome::Stored);
    EXPECT_EQ(
        import(modified("-m SeriesInstanceUID=1.2.3.4", folder.path() / "series")).outcome,
        Outcome::Conflict);
    EXPECT_EQ(import(modified("-m StudyInstanceUID=1.2.3.5", folder.path() / "study")).outcome,
              Outcome::Conflict);
}

TEST_F(ImporterTest, AStudyUnderAnotherPatientIsAConflict) {
    ASSERT_EQ(import(ct_small()).outcome, Outcome::Stored);
    EXPECT_EQ(import(modified("-m PatientID=SOMEBODY_ELSE -m SOPInstanceUID=1.2.3.6",
                              folder.path() / "patient"))
                  .outcome,
              Outcome::Conflict);
}

TEST_F(ImporterTest, RefusesWithTheReason) {
    const auto reason = [&](const fs::path& path) {
        const ImportResult result = import(path);
        EXPECT_EQ(result.outcome, Outcome::Rejected);
        return result.error ? result.error->message : "";
    };
    EXPECT_EQ(reason(modified("-e SeriesInstanceUID", folder.path() / "1")),
              "SeriesInstanceUID is missing");
    EXPECT_EQ(reason(modified("-m StudyInstanceUID=..", folder.path() / "2")),
              "StudyInstanceUID is no UID (1 to 64 digits and dots)");
    EXPECT_EQ(reason(modified("-m SOPInstanceUID=1/../2", folder.path() / "3")),
              "SOPInstanceUID is no UID (1 to 64 digits and dots)");
    EXPECT_EQ(import(std::string("no DICOM at all")).outcome, Outcome::Rejected);
    EXPECT_EQ(import(std::string()).outcome, Outcome::Rejected);

    const std::string whole = content_of(ct_small());
    const ImportResult cut = import(whole.substr(0, whole.size() / 2));
    EXPECT_EQ(cut.outcome, Outcome::Rejected);
    EXPECT_THAT(cut.error->message, testing::HasSubstr("(7fe0,0010)"));
    EXPECT_FALSE(cut.sop_instance_uid.empty());
    EXPECT_EQ(totals().instances, 0);
}

TEST_F(ImporterTest, ARequestForOneStudyTakesNoOther) {
    const ImportResult result = import(content_of(ct_small()), {.study_instance_uid = "1.2.3"});
    EXPECT_EQ(result.outcome, Outcome::Rejected);
    EXPECT_THAT(result.error->message, testing::HasSubstr("1.2.3"));
}

TEST_F(ImporterTest, ManyAtOnceOfOneInstanceStoreItOnce) {
    const std::string content = content_of(ct_small());
    std::vector<async::Task<ImportResult>> tasks;
    for (int i = 0; i < 50; ++i)
        tasks.push_back(library->importer().import_bytes(as_bytes(content)));
    std::map<Outcome, int> outcomes;
    for (const ImportResult& result : async::sync_wait(async::when_all(std::move(tasks)))) {
        ++outcomes[result.outcome];
    }
    EXPECT_EQ(outcomes[Outcome::Stored], 1);
    EXPECT_EQ(outcomes[Outcome::Duplicate], 49);
    EXPECT_EQ(totals().instances, 1);
}

TEST_F(ImporterTest, ManyAtOnceUnderOneUidAreAllKept) {
    std::vector<std::string> contents(40, content_of(ct_small()));
    for (std::size_t i = 0; i < contents.size(); ++i) {
        contents[i][contents[i].size() - 200] = static_cast<char>(i);
    }
    std::vector<async::Task<ImportResult>> tasks;
    for (const std::string& content : contents) {
        tasks.push_back(library->importer().import_bytes(as_bytes(content)));
    }
    std::map<Outcome, int> outcomes;
    for (const ImportResult& result : async::sync_wait(async::when_all(std::move(tasks)))) {
        ++outcomes[result.outcome];
    }
    EXPECT_EQ(outcomes[Outcome::Stored], 1);
    EXPECT_EQ(outcomes[Outcome::Conflict], 39);
}

/// Files of their own in the library; no segments.
std::size_t large_files_in(const fs::path& library) {
    std::size_t files = 0;
    for (const auto& entry : fs::recursive_directory_iterator(library / "objects")) {
        files += entry.is_regular_file() && entry.path().extension() != ".segment" &&
                 entry.file_size() > 1'000'000;
    }
    return files;
}

TEST_F(ImporterTest, WhatAFailedCommitMayYetNeedStaysUntilTheNextStart) {
    const fs::path large = folder.path() / "large";
    run_tool("/usr/bin/python3 -c \"import pydicom; d = pydicom.dcmread('" +
             ct_small().string() +
             "'); d.NumberOfFrames = 64; d.PixelData = d.PixelData * 64; d.save_as('" +
             large.string() + "')\"");
    const std::string content = content_of(large);
    for (std::uint32_t seed = 1; seed <= 12; ++seed) {
        reopen();
        db::testing::FaultyDatabase faulty(
            library->database(), {.seed = seed, .faults_of_100 = 100, .be_late = [] {}});
        faulty.set_faults(true);
        ingest::Importer importer({
            .database = faulty,
            .store = library->store(),
            .catalog = library->catalog(),
            .pool = library->pool(),
            .admission = library->admission(),
        });
        ImportOptions options;
        const auto result =
            async::sync_wait(importer.import_bytes(as_bytes(content), std::move(options)));
        EXPECT_EQ(large_files_in(folder.path() / "library"), 1U) << "seed " << seed;
        const auto found = totals().instances;
        if (result.outcome != Outcome::Rejected) {
            EXPECT_EQ(found, 1) << "seed " << seed;
        }
        reopen();
        EXPECT_EQ(totals().instances, found);
        EXPECT_EQ(large_files_in(folder.path() / "library"), static_cast<std::size_t>(found));
        library.reset();
        fs::remove_all(folder.path() / "library");
    }
}

TEST_F(ImporterTest, ALargeInstanceInPiecesIsStoredAndKnownAgain) {
    // 64 frames of the CT: over the size of what is held in memory.
    const fs::path large = folder.path() / "large";
    const fs::path other_meta = folder.path() / "other_meta";
    run_tool(
        "/usr/bin/python3 -c \"import pydicom; d = pydicom.dcmread('" + ct_small().string() +
        "'); d.NumberOfFrames = 64; d.PixelData = d.PixelData * 64; d.save_as('" +
        large.string() + "'); d.file_meta.SourceApplicationEntityTitle = 'OTHER'; d.save_as('" +
        other_meta.string() + "')\"");
    std::string content = content_of(large);
    const auto send = [&] {
        const auto stream = library->importer().begin();
        for (std::size_t at = 0; at < content.size(); at += 100'000) {
            const auto written = async::sync_wait(
                stream->write(as_bytes(std::string_view(content).substr(at, 100'000))));
            EXPECT_TRUE(written);
        }
        return async::sync_wait(stream->finish());
    };
    const ImportResult first = send();
    ASSERT_EQ(first.outcome, Outcome::Stored) << first.error->message;
    EXPECT_EQ(send().outcome, Outcome::Duplicate);
    EXPECT_EQ(stored_content(first.sop_instance_uid), content);

    const auto large_files = [&] { return large_files_in(folder.path() / "library"); };

    // The bytes that the second arrival shared with the first stay, those that it had alone go
    // at once, and a stream that nobody finishes leaves no file.
    EXPECT_EQ(large_files(), 1U);
    const std::string original = std::exchange(content, content_of(other_meta));
    EXPECT_EQ(send().outcome, Outcome::Duplicate);
    EXPECT_EQ(large_files(), 1U);
    {
        const auto dropped = library->importer().begin();
        ASSERT_TRUE(async::sync_wait(dropped->write(as_bytes(content))));
    }
    EXPECT_EQ(large_files(), 1U);
    clock.advance(std::chrono::hours(100));
    ASSERT_TRUE(library->store().collect_garbage());
    EXPECT_EQ(stored_content(first.sop_instance_uid), original);
}

TEST_F(ImporterTest, BelowTheMarkDuplicatesAreStillToldAndNothingElseIsTaken) {
    const std::string content = content_of(ct_small());
    ASSERT_EQ(import(content).outcome, Outcome::Stored);
    library.reset();
    auto opened = Library::open({.folder = folder.path() / "library",
                                 .disk_reserve_bytes = 1'000,
                                 .read_disk = []() -> Result<admission::DiskSpace> {
                                     return admission::DiskSpace{999, 10'000};
                                 }});
    ASSERT_TRUE(opened) << opened.error().message;
    library = *std::move(opened);
    EXPECT_EQ(import(content).outcome, Outcome::Duplicate);
    const auto refused = import(modified("-gin", folder.path() / "other.dcm"));
    EXPECT_EQ(refused.outcome, Outcome::Rejected);
    ASSERT_TRUE(refused.error);
    EXPECT_EQ(refused.error->code, ErrorCode::NoSpace);
    EXPECT_EQ(totals().instances, 1);
}

/// Says nothing but what is wrong.
struct FailingObserver final : fsck::Observer {
    void found(const db::Finding& finding) override { ADD_FAILURE() << finding.what; }
    void progress(std::uint64_t /*checked*/, std::uint64_t /*total*/) override {}
};

TEST_F(ImporterTest, AClockThatJumpsLosesNothingAndKeepsSequencesRising) {
    using namespace std::chrono_literals;
    constexpr auto kYears = 24h * 3650;
    const std::array jumps = {kYears, -2 * kYears, kYears, -kYears, 3 * kYears, -2 * kYears};
    std::vector<std::string> uids;
    for (std::size_t i = 0; i < jumps.size(); ++i) {
        const auto result =
            import(modified("-gin", folder.path() / (std::to_string(i) + ".dcm")));
        ASSERT_EQ(result.outcome, Outcome::Stored);
        uids.push_back(result.sop_instance_uid);
        audit::Entry entry;
        entry.action = audit::Action::Store;
        entry.subject.series = std::to_string(i);
        ASSERT_TRUE(library->audit().record_and_wait(std::move(entry)));
        clock.jump(jumps[i]);
        if (i % 2 == 1) reopen();
    }
    const auto events = library->database().read([&](db::Snapshot& snapshot) {
        return library->events().read_after(snapshot, 0, 1'000);
    });
    ASSERT_TRUE(events);
    ASSERT_EQ(events->size(), uids.size());
    for (std::size_t i = 0; i < events->size(); ++i) {
        EXPECT_EQ(events->at(i).position.sequence, static_cast<std::int64_t>(i) + 1);
    }
    for (const auto& uid : uids) EXPECT_FALSE(stored_content(uid).empty());
    library.reset();
    const auto verified = audit::verify_trail(folder.path() / "library" / "audit");
    ASSERT_TRUE(verified) << verified.error().message;
    EXPECT_EQ(verified->records, uids.size());
    FailingObserver observer;
    const auto checked = check_library(folder.path() / "library", false, observer);
    ASSERT_TRUE(checked) << checked.error().message;
}

}  // namespace
}  // namespace larmor::ingest
