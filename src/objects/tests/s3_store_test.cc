// The S3 driver on a real server: the promises of every store, and its own.
#include <gtest/gtest.h>
#include <unistd.h>

#include "async/sync_wait.h"
#include "db/sqlite/sqlite_database.h"
#include "db/tests/temp_library.h"
#include "objects/migrations.h"
#include "objects/s3/check.h"
#include "objects/s3/store.h"
#include "objects/tests/object_store_conformance.h"
#include "objects/tests/s3_server.h"

namespace larmor::objects {
namespace {

using db::testing::must;
using db::testing::TempDirectory;
using testing::FaultProxy;
using testing::S3Server;

/// A library whose rows are on disk and whose objects are in a bucket.
class S3UnderTest final : public StoreUnderTest {
public:
    explicit S3UnderTest(s3::ClientOptions client) : client_(std::move(client)) { open(); }
    ~S3UnderTest() override { close(); }

    s3::S3Store& store() override { return *store_; }
    db::Database& database() override { return *database_; }
    void let_pass(std::chrono::microseconds time) override { clock_.advance(time); }
    std::chrono::microseconds grace() const override { return std::chrono::hours(1); }
    void reopen() override {
        close();
        open();
    }

    s3::S3StoreOptions options() const {
        s3::S3StoreOptions options;
        options.client = client_;
        options.prefix = "library/";
        options.folder = directory_.path() / "objects";
        options.grace = grace();
        options.clock = &clock_;
        return options;
    }
    void close() {
        store_.reset();
        database_.reset();
    }
    void open_database() {
        database_ = must(db::sqlite::open_sqlite({.path = directory_.path() / "library.db"}));
        must(database_->migrate(std::array{migrations()}));
    }
    /// All names in the bucket, as another client sees them.
    std::vector<std::string> names() {
        const auto client = must(s3::Client::open(client_));
        std::vector<std::string> names;
        for (const auto& object : must(client->list({})).objects) names.push_back(object.key);
        return names;
    }

private:
    void open() {
        open_database();
        store_ = must(s3::open_s3_store(*database_, options()));
    }

    TempDirectory directory_;
    ManualClock clock_{Time(std::chrono::seconds(1'767'225'600))};  // 2026-01-01
    s3::ClientOptions client_;
    std::unique_ptr<db::sqlite::SqliteDatabase> database_;
    std::unique_ptr<s3::S3Store> store_;
};

INSTANTIATE_TEST_SUITE_P(S3, ObjectStoreConformance,
                         ::testing::Values(StoreFactory{
                             "s3",
                             []() -> std::unique_ptr<StoreUnderTest> {
                                 auto* const server = S3Server::shared();
                                 if (server == nullptr) return nullptr;
                                 return std::make_unique<S3UnderTest>(server->make_bucket());
                             }}),
                         [](const auto& param) { return param.param.name; });

class S3StoreTest : public ::testing::Test {
protected:
    void SetUp() override {
        server_ = S3Server::shared();
        if (server_ == nullptr) GTEST_SKIP() << "no S3 server is installed";
        library_ = std::make_unique<S3UnderTest>(server_->make_bucket());
    }
    s3::S3Store& store() { return library_->store(); }

    static Result<StagedObject> stage(ObjectStore& store, std::string key,
                                      std::string_view body) {
        StageRequest request;
        request.key = std::move(key);
        request.body = {as_bytes(body)};
        return async::sync_wait(store.stage(std::move(request)));
    }
    ObjectId put(std::string key, std::string_view body) {
        const auto staged = must(stage(store(), std::move(key), body));
        return record(staged);
    }
    ObjectId record(const StagedObject& staged) {
        return must(library_->database().write_and_wait(
            [&](db::Transaction& tx) { return store().record(tx, staged); }));
    }

    S3Server* server_ = nullptr;
    std::unique_ptr<S3UnderTest> library_;
};

/// What a check found, a line each.
class Findings final : public db::CheckObserver {
public:
    void found(const db::Finding& finding) override {
        all.push_back((finding.severity == db::Severity::Error ? "error: " : "note: ") +
                      finding.where + ": " + finding.what);
    }
    void progress(std::uint64_t, std::uint64_t) override {}
    std::vector<std::string> all;
};

TEST_F(S3StoreTest, NamesEachObjectByItsKeyAndContent) {
    const auto hash = to_hex(sha256(as_bytes("a scan")));
    put("instances/1/2/3/" + hash + ".dcm", "a scan");
    put("prepared/1/2/3/4.json", "a scan");
    EXPECT_EQ(library_->names(),
              (std::vector<std::string>{"library/@larmor-store",
                                        "library/instances/1/2/3/" + hash + ".dcm",
                                        "library/prepared/1/2/3/4.json/" + hash}));
}

TEST_F(S3StoreTest, TakesDifferentSmallObjectsOfOneKey) {
    const auto first = put("prepared/thumbnail.jpg", "one");
    const auto second = put("prepared/thumbnail.jpg", "other");
    EXPECT_EQ(as_text(must(store().read_all(first, 100))), "one");
    EXPECT_EQ(as_text(must(store().read_all(second, 100))), "other");
}

TEST_F(S3StoreTest, WritesTheIntentBeforeItPuts) {
    FaultProxy proxy(server_->endpoint());
    auto options = library_->options();
    options.client.endpoint = proxy.url();
    const auto slow = must(s3::open_s3_store(library_->database(), options));
    proxy.fault("status", "PUT", R"("status":403,"code":"AccessDenied","times":1)");
    proxy.fault("status", "HEAD", R"("status":503,"code":"SlowDown","times":100)");
    proxy.fault("status", "GET", R"("status":503,"code":"SlowDown","times":100)");
    EXPECT_EQ(stage(*slow, "refused", "bytes").error().code, ErrorCode::Denied);
    EXPECT_EQ(db::testing::count(library_->database(), "SELECT count(*) FROM object_intents"),
              1);
}

TEST_F(S3StoreTest, RemovesAtTheNextStartWhatWasPutAndNotRecorded) {
    must(stage(store(), "lost", "bytes"));
    EXPECT_EQ(library_->names().size(), 2U);
    library_->reopen();
    EXPECT_EQ(library_->names(), std::vector<std::string>{"library/@larmor-store"});
}

TEST_F(S3StoreTest, LeavesAloneWhatAnotherWriterPut) {
    auto options = library_->options();
    options.writer = "beside";
    const auto beside = must(s3::open_s3_store(library_->database(), options));
    const auto staged = must(stage(*beside, "of/another", "bytes"));
    store().collect_garbage();
    const auto again = must(s3::open_s3_store(library_->database(), library_->options()));
    EXPECT_EQ(as_text(must(store().read_all(record(staged), 100))), "bytes");
}

TEST_F(S3StoreTest, KeepsWhatTwoUploadsOfTheSameBytesShareWhenOneIsDropped) {
    const auto first = must(stage(store(), "k", "bytes"));
    const auto second = must(stage(store(), "k", "bytes"));
    must(store().drop(second));
    EXPECT_EQ(as_text(must(store().read_all(record(first), 100))), "bytes");
}

TEST_F(S3StoreTest, RefusesAPlaceOfAnotherLibrary) {
    const TempDirectory directory;
    const auto database =
        must(db::sqlite::open_sqlite({.path = directory.path() / "library.db"}));
    must(database->migrate(std::array{migrations()}));
    auto options = library_->options();
    options.folder = directory.path();
    const auto refused = s3::open_s3_store(*database, options);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::Conflict);
}

TEST_F(S3StoreTest, SignsAUrlThatGivesARange) {
    const auto location = must(store().locate(put("k", "0123456789")));
    const auto url = must(store().signed_url(location, std::chrono::seconds(60)));
    const std::string command = "curl -sS --noproxy '*' -r 3-6 '" + url + "'";
    FILE* const curl = ::popen(command.c_str(), "r");
    ASSERT_NE(curl, nullptr);
    std::array<char, 64> answer{};
    const auto count = std::fread(answer.data(), 1, answer.size(), curl);
    EXPECT_EQ(::pclose(curl), 0);
    EXPECT_EQ(std::string_view(answer.data(), count), "3456");
}

TEST_F(S3StoreTest, FetchesTheRangeThatIsOpenedAndNoMore) {
    FaultProxy proxy(server_->endpoint());
    auto options = library_->options();
    options.client.endpoint = proxy.url();
    const auto store = must(s3::open_s3_store(library_->database(), options));
    const auto location = must(this->store().locate(put("k", "0123456789")));
    proxy.clear();
    const auto slice = must(store->open(location, {3, 4}));
    EXPECT_EQ(must(size_of(*slice.file)), 4U);
    EXPECT_EQ(proxy.requests("GET"), 1);
    EXPECT_EQ(store->open(location, {3, 8}).error().code, ErrorCode::InvalidInput);
}

TEST_F(S3StoreTest, SaysCorruptWhenOtherBytesStandThere) {
    const auto location = must(store().locate(put("k", "0123456789")));
    const auto client = must(s3::Client::open(library_->options().client));
    must(client->put("library/" + location.key, as_bytes("012345678X"), {}));
    EXPECT_EQ(store().verify(location).error().code, ErrorCode::Corrupt);
    EXPECT_EQ(store().open_whole(location).error().code, ErrorCode::Corrupt);
    must(client->put("library/" + location.key, as_bytes("01"), {}));
    std::array<std::byte, 4> part{};
    EXPECT_EQ(store().read(location, 3, part).error().code, ErrorCode::Corrupt);
    EXPECT_EQ(store().read(location, 0, std::span(part).first(1)).error().code,
              ErrorCode::Corrupt);
}

TEST_F(S3StoreTest, ItsCheckNamesWhatIsMissingOtherOrNobodys) {
    const auto kept = must(store().locate(put("kept", "kept")));
    const auto gone = must(store().locate(put("gone", "gone")));
    const auto changed = must(store().locate(put("changed", "changed")));
    const auto unrecorded = must(stage(store(), "unrecorded", "x"));
    const auto client = must(s3::Client::open(library_->options().client));
    must(client->remove("library/" + gone.key));
    must(client->put("library/" + changed.key, as_bytes("chanGed"), {}));
    must(client->put("library/foreign", as_bytes("x"), {}));

    Findings findings;
    db::Check check(library_->database(), findings);
    must(s3::check_store(check, library_->options()));
    ASSERT_EQ(findings.all.size(), 4U);
    EXPECT_TRUE(findings.all[0].starts_with("error: object file " + gone.key + ": there is no"))
        << findings.all[0];
    EXPECT_TRUE(findings.all[1].starts_with("error: object file " + changed.key + ": "))
        << findings.all[1];
    EXPECT_EQ(findings.all[2], "note: library/foreign: no row names this object");
    EXPECT_EQ(findings.all[3],
              "note: upload " + std::to_string(unrecorded.intent) +
                  ": was begun and never recorded: " + unrecorded.location.key);
    EXPECT_EQ(check.summary().objects, 3U);

    must(s3::remove_leftovers(library_->database(), library_->options()));
    Findings after;
    db::Check again(library_->database(), after);
    must(s3::check_store(again, library_->options()));
    EXPECT_EQ(after.all.size(), 3U);
    EXPECT_TRUE(store().verify(kept));
}

TEST_F(S3StoreTest, ALargeUploadGoesInPartsAndLeavesNoneBehind) {
    FaultProxy proxy(server_->endpoint());
    auto options = library_->options();
    options.client.endpoint = proxy.url();
    const auto store = must(s3::open_s3_store(library_->database(), options));
    const std::string body(20 << 20, 'x');
    proxy.clear();
    proxy.fault("reset", "PUT");
    proxy.fault("status", "PUT", R"("status":503,"code":"SlowDown","times":2)");
    proxy.fault("lost_reply", "POST", R"("match":"uploadId","times":1)");
    auto upload = must(store->begin_upload("large"));
    must(upload->write(as_bytes(body)));
    const auto staged = upload->finish();
    ASSERT_TRUE(staged) << staged.error().message;
    EXPECT_GT(proxy.requests("PUT"), 3);
    EXPECT_TRUE(store->verify(staged->location));
    EXPECT_EQ(must(must(s3::Client::open(library_->options().client))->abort_uploads("")), 0U);
}

}  // namespace
}  // namespace larmor::objects
