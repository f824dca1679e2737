#include <gtest/gtest.h>

#include <algorithm>
#include <future>

#include "async/executor.h"
#include "async/sync_wait.h"
#include "db/tests/postgres_server.h"
#include "db/tests/temp_library.h"
#include "events/inbox.h"
#include "ingest/tests/test_files.h"
#include "library/library.h"
#include "library/open_database.h"

namespace larmor {
namespace {

using db::testing::must;
using db::testing::PostgresServer;
using db::testing::TempDirectory;

/// A whole library whose rows are in PostgreSQL.
class PostgresLibrary : public ::testing::Test {
protected:
    void SetUp() override {
        if (PostgresServer::shared() == nullptr) GTEST_SKIP() << "PostgreSQL is not installed";
        url_ = PostgresServer::shared()->make_library();
    }
    Result<std::unique_ptr<Library>> open(const std::string& name, const std::string& url) {
        LibraryOptions options;
        options.folder = folder_.path() / name;
        options.database = url;
        return Library::open(std::move(options));
    }
    TempDirectory folder_;
    std::string url_;
};

TEST_F(PostgresLibrary, StoresPreparesAndFindsAgainAfterARestart) {
    const std::string file =
        ingest::testing_files::content_of(ingest::testing_files::ct_small());
    std::string study;
    {
        const auto library = must(open("library", url_));
        ASSERT_TRUE(library->preprocessor().start());
        const auto result =
            async::sync_wait(library->importer().import_bytes(as_bytes(file), {}));
        ASSERT_EQ(result.outcome, ingest::Outcome::Stored);
        const auto again =
            async::sync_wait(library->importer().import_bytes(as_bytes(file), {}));
        EXPECT_EQ(again.outcome, ingest::Outcome::Duplicate);
        must(library->preprocessor().wait_until_idle());
        const auto page = must(library->database().read([&](db::Snapshot& snapshot) {
            return library->catalog().search_studies(snapshot, {});
        }));
        ASSERT_EQ(page.items.size(), 1U);
        study = page.items[0].study.study_instance_uid;
        must(library->events().number_committed());
        EXPECT_EQ(library->events().last().sequence, 1);
    }
    const auto library = must(open("library", url_));
    const auto found =
        must(library->database().read([&](db::Snapshot& snapshot) -> Result<ByteBuffer> {
            auto& catalog = library->catalog();
            TRY(const auto stored, catalog.find_study(snapshot, study));
            TRY(const auto series, catalog.list_series(snapshot, stored.row));
            TRY(const auto instances,
                catalog.list_instances(snapshot, series.at(0).image_set.row, {}, 10));
            EXPECT_EQ(instances.at(0).preprocess, catalog::PreprocessState::Done);
            TRY(const auto place,
                library->store().locate(snapshot, instances.at(0).file.object));
            ByteBuffer bytes(place.size_bytes);
            TRY_VOID(library->store().read(place, 0, bytes));
            return bytes;
        }));
    EXPECT_TRUE(std::ranges::equal(found, as_bytes(file)));
}

async::Task<void> wait_once(events::EventBell::Listener& listener,
                            std::promise<events::EventBell::Woken>& woken) {
    woken.set_value(co_await listener.wait(std::chrono::milliseconds(0)));
}

TEST_F(PostgresLibrary, TakesAnEventOfOthersOnceAndRingsWhenItHasItsNumber) {
    const auto library = must(open("library", url_));
    auto listener = library->event_bell().listen();
    ASSERT_TRUE(listener);
    const events::IncomingEvent event{.id = "1", .source = "https://a.example", .type = "t"};
    const auto accept = [&] {
        const auto accepted = must(library->database().write_and_wait([&](db::Transaction& tx) {
            return events::accept_event(tx, library->events(), event);
        }));
        must(library->events().number_committed());
        return accepted;
    };
    EXPECT_FALSE(accept().is_duplicate);
    async::ThreadExecutor thread("bell");
    std::promise<events::EventBell::Woken> woken;
    async::spawn(thread.executor(), wait_once(*listener, woken));
    EXPECT_FALSE(woken.get_future().get().is_late) << "it did not ring with the number";

    EXPECT_TRUE(accept().is_duplicate);
    EXPECT_EQ(library->events().last().sequence, 1);
    EXPECT_EQ(db::testing::count(library->database(), "SELECT sequence FROM event_inbox"), 1);
}

TEST_F(PostgresLibrary, AFolderAndItsDatabaseBelongTogether) {
    must(open("library", url_));
    const auto other = open("other", url_);
    ASSERT_FALSE(other);
    EXPECT_EQ(other.error().code, ErrorCode::Conflict);
    EXPECT_TRUE(open("other", {})) << "a folder that was refused is as good as new";
    const auto without = open("library", {});
    ASSERT_FALSE(without);
    EXPECT_EQ(without.error().code, ErrorCode::Conflict);
    EXPECT_NE(without.error().message.find("--db"), std::string::npos);
    EXPECT_EQ(check_rows_are_in(folder_.path() / "library").error().code,
              ErrorCode::Unsupported);

    must(open("embedded", {}));
    const auto embedded = open("embedded", PostgresServer::shared()->make_library());
    ASSERT_FALSE(embedded);
    EXPECT_EQ(embedded.error().code, ErrorCode::Conflict);
}

TEST_F(PostgresLibrary, OneProcessHasTheFolderAtATime) {
    const auto first = must(open("library", url_));
    const auto second = open("library", url_);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, ErrorCode::Conflict);
}

}  // namespace
}  // namespace larmor
