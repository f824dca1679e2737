#include <simdjson.h>

#include <fstream>
#include <thread>

#include "api/tests/api_fixture.h"
#include "async/sync_wait.h"
#include "jobs/dispatch.h"
#include "workers/pool.h"
#include "workers/steps/run_job.h"

namespace larmor::api {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

/// The member of an object, as JSON.
std::string member(const std::string& json, std::string_view pointer) {
    simdjson::dom::parser parser;
    simdjson::dom::element element;
    if (parser.parse(json).at_pointer(pointer).get(element) != simdjson::SUCCESS) return "";
    return simdjson::minify(element);
}

struct JobsApiTest : testing::Test {
    ApiServer api;

    void start_work() {
        const auto service = api.library->jobs();
        step_ = std::make_unique<workers::RunJob>(workers::RunJob::Services{
            api.library->database(), service.queue, service.jobs, service.kinds,
            api.library->pool(), service.bell, api.library->run_gate()});
        auto pool = workers::Pool::create(
            {service.queue, api.library->database(), *step_, api.library->run_gate()}, {});
        ASSERT_TRUE(pool);
        pool_ = *std::move(pool);
        pool_->start();
    }

    http::ClientResponse post(std::string_view body, const std::string& key = {}) {
        http::Headers headers{{"Content-Type", "application/json"}};
        if (!key.empty()) headers.add("Idempotency-Key", key);
        return api.send({.method = "POST",
                         .target = "/v1/jobs",
                         .headers = std::move(headers),
                         .body = body});
    }
    http::ClientResponse send(std::string_view method, const std::string& target) {
        return api.send({.method = method, .target = target, .headers = {}});
    }
    /// An import of a folder with one CT; gives its path.
    std::string make_import() {
        const auto folder = api.folder / "in";
        std::filesystem::create_directories(folder);
        std::ofstream(folder / "ct.dcm") << make_instance({});
        const auto response = post(import_of(folder));
        EXPECT_EQ(response.status, 202) << response.body;
        return std::string(response.headers.get("Location"));
    }
    static std::string import_of(const std::filesystem::path& folder) {
        return R"({"kind":"import","parameters":{"paths":[")" + folder.string() +
               R"("],"report":"all"}})";
    }
    /// As a worker does.
    template <typename F>
    void change(F f) {
        const auto done = api.library->database().write_and_wait(std::move(f));
        EXPECT_TRUE(done) << done.error().message;
    }
    std::string trail() const {
        std::string text;
        for (const auto& file : std::filesystem::directory_iterator(api.folder / "audit")) {
            if (file.path().extension() == ".jsonl") text += content_of(file.path());
        }
        return text;
    }
    const jobs::Jobs& jobs() { return api.library->jobs().jobs; }

    std::unique_ptr<workers::RunJob> step_;
    std::unique_ptr<workers::Pool> pool_;
};

TEST_F(JobsApiTest, AnImportIsMadeFollowedAndDone) {
    start_work();
    const auto folder = api.folder / "in";
    std::filesystem::create_directories(folder);
    std::ofstream(folder / "ct.dcm") << make_instance({});
    std::ofstream(folder / "text") << "hello";
    const auto created = post(import_of(folder));
    ASSERT_EQ(created.status, 202) << created.body;
    EXPECT_EQ(created.headers.get("Location"), "/v1/jobs/1");
    EXPECT_EQ(created.headers.get("Retry-After"), "1");
    EXPECT_EQ(member(created.body, "/id"), R"("1")");
    EXPECT_EQ(member(created.body, "/kind"), R"("import")");

    std::string job;
    std::string etag;
    do {
        http::Headers headers{{"Prefer", "wait=20"}};
        if (!etag.empty()) headers.add("If-None-Match", etag);
        const auto response = api.get("/v1/jobs/1", std::move(headers));
        ASSERT_TRUE(response.status == 200 || response.status == 304) << response.status;
        EXPECT_EQ(response.headers.get("Preference-Applied"), "wait=20");
        if (response.status == 304) continue;
        job = response.body;
        etag = response.headers.get("ETag");
    } while (member(job, "/ended_at").empty());
    EXPECT_EQ(member(job, "/state"), R"("succeeded")") << job;
    EXPECT_EQ(member(job, "/result/imported"), "1");
    EXPECT_EQ(member(job, "/result/rejected"), "1");
    EXPECT_EQ(member(job, "/progress/done"), "2");
    EXPECT_EQ(member(job, "/progress/total"), "2");
    EXPECT_EQ(member(job, "/item_errors"), "1");
    EXPECT_FALSE(member(job, "/expires_at").empty());
    EXPECT_THAT(api.get("/dicomweb/studies").body, HasSubstr("1.2.3"));

    const auto errors = api.get("/v1/jobs/1/errors");
    EXPECT_EQ(member(errors.body, "/errors/0/number"), "1");
    EXPECT_THAT(errors.body, HasSubstr("/in/text"));
    EXPECT_EQ(member(errors.body, "/next"), "1");
    EXPECT_EQ(api.get("/v1/jobs/1/errors?after=1").body, R"({"errors":[],"next":null})");

    const auto report = api.get("/v1/jobs/1/report");
    EXPECT_EQ(report.headers.get("Content-Type"), "application/x-ndjson");
    EXPECT_EQ(std::ranges::count(report.body, '\n'), 2);
    const std::string next(report.headers.get("Larmor-Next"));
    EXPECT_EQ(api.get("/v1/jobs/1/report?after=" + next).status, 204);

    EXPECT_EQ(send("DELETE", "/v1/jobs/1").status, 204);
    EXPECT_EQ(api.get("/v1/jobs/1").status, 404);
    const std::string shown = trail();
    EXPECT_THAT(shown, HasSubstr(R"("action":"query")")) << "items name files and UIDs";
    EXPECT_THAT(shown, HasSubstr(R"("via":"job")")) << "what was stored";
    EXPECT_THAT(shown, HasSubstr(R"("detail":"job 1")"));
}

TEST_F(JobsApiTest, TheSameKeyIsTheSameJob) {
    const std::string body = import_of("/in");
    const auto first = post(body, "k");
    const auto again = post(body, "k");
    EXPECT_EQ(again.status, 202);
    EXPECT_EQ(again.headers.get("Location"), first.headers.get("Location"));
    EXPECT_EQ(post(import_of("/other"), "k").status, 409);
    EXPECT_NE(post(body, "l").headers.get("Location"), first.headers.get("Location"));
    const auto stats = api.library->jobs().queue.stats();
    ASSERT_TRUE(stats);
    EXPECT_EQ(stats->depth(), 2);
}

TEST_F(JobsApiTest, WhatCouldNotBeginIsRefusedAtOnce) {
    EXPECT_THAT(post(R"({"kind":"dance"})").body, HasSubstr("import, index-check, replay"));
    EXPECT_EQ(post(R"({"kind":"import","parameters":{"paths":["in"]}})").status, 400);
    EXPECT_EQ(post(R"({"kind":"import","parameters":[]})").status, 400);
    EXPECT_EQ(post(R"({"parameters":{}})").status, 400);
    EXPECT_EQ(post("x").status, 400);
    EXPECT_EQ(post(R"({"kind":"replay","parameters":{"queue":"none","from":1}})").status, 400);
    for (const std::string own : {"webhooks", "preprocess", "jobs"}) {
        const auto refused =
            post(R"({"kind":"replay","parameters":{"queue":")" + own + R"(","from":1}})");
        EXPECT_EQ(refused.status, 400) << own;
        EXPECT_THAT(refused.body, HasSubstr("the program's own")) << own;
    }
    EXPECT_EQ(post(R"({"kind":"replay","parameters":{"rule":"none","from":1}})").status, 400);
    EXPECT_EQ(api.get("/v1/jobs").body, R"({"jobs":[],"next":null})");
}

TEST_F(JobsApiTest, ADeadLetterOfAJobIsRedrivenUnlessTheJobHasEnded) {
    auto& queue = api.library->jobs().queue;
    make_import();
    const auto received = async::sync_wait(queue.receive({.start = queue::Start::Later}));
    ASSERT_TRUE(received);
    ASSERT_EQ(received->size(), 1U);
    ASSERT_TRUE(async::sync_wait(
        queue.dead_letter(received->at(0).receipt_handle, queue::kWorkerLost, "")));
    const auto redrive = [&](const std::string& body) {
        return api.send_json("POST", "/v1/queues/jobs/redrive", body);
    };
    const std::string id = std::to_string(queue::to_int64(received->at(0).id));
    EXPECT_EQ(redrive(R"({"ids":[")" + id + R"("]})").body, R"({"redriven":1})");
    EXPECT_EQ(member(api.get("/v1/jobs/1").body, "/state"), R"("queued")");

    const auto again = async::sync_wait(queue.receive({.start = queue::Start::Later}));
    ASSERT_TRUE(again);
    ASSERT_FALSE(again->empty());
    ASSERT_TRUE(async::sync_wait(
        queue.dead_letter(again->at(0).receipt_handle, queue::kWorkerLost, "")));
    EXPECT_EQ(send("POST", "/v1/jobs/1/cancel").status, 202);
    const auto refused =
        redrive(R"({"ids":[")" + std::to_string(queue::to_int64(again->at(0).id)) + R"("]})");
    EXPECT_EQ(refused.status, 409);
    EXPECT_THAT(refused.body, HasSubstr("the job 1 has ended (cancelled)"));
    EXPECT_EQ(redrive(R"({"all":true})").body, R"({"redriven":0})");
    EXPECT_EQ(queue.stats()->dead, 1);
}

TEST_F(JobsApiTest, AReplayOfWhatIsNoLongerKeptIsGone) {
    ASSERT_TRUE(api.library->queues().create("index", {}));
    api.store({make_instance({})});
    change([&](db::Transaction& tx) -> Result<void> {
        for (;;) {
            TRY(const auto dropped, api.library->events().drop_oldest(tx, 99991231));
            if (dropped.is_done) return {};
        }
    });
    const auto gone = post(R"({"kind":"replay","parameters":{"queue":"index","from":1}})");
    EXPECT_EQ(gone.status, 410);
    EXPECT_THAT(gone.body, HasSubstr("no longer kept"));
}

TEST_F(JobsApiTest, JobsAreListedByStateKindAndCreatorPageByPage) {
    ASSERT_TRUE(api.library->queues().create("index", {}));
    for (int i = 0; i < 3; ++i) post(import_of("/in"));
    post(R"({"kind":"replay","parameters":{"queue":"index","from":1}})");
    change([&](db::Transaction& tx) { return jobs().cancel(tx, jobs::JobId(2)); });
    const auto ids = [&](const std::string& query) {
        const std::string body = api.get("/v1/jobs?" + query).body;
        std::string found;
        for (int i = 0; !member(body, "/jobs/" + std::to_string(i)).empty(); ++i) {
            found += member(body, "/jobs/" + std::to_string(i) + "/id");
        }
        return found + member(body, "/next");
    };
    EXPECT_EQ(ids(""), R"("4""3""2""1"null)");
    EXPECT_EQ(ids("limit=3"), R"("4""3""2""2")");
    EXPECT_EQ(ids("limit=3&before=2"), R"("1"null)");
    EXPECT_EQ(ids("state=cancelled"), R"("2"null)");
    EXPECT_EQ(ids("kind=replay"), R"("4"null)");
    EXPECT_EQ(ids("state=queued&kind=import"), R"("3""1"null)");
    EXPECT_EQ(ids("created_by=nobody"), "null");
    const std::string by = member(api.get("/v1/jobs/1").body, "/created_by");
    EXPECT_EQ(ids("created_by=" + by.substr(1, by.size() - 2) + "&limit=1"), R"("4""4")");
    EXPECT_EQ(api.get("/v1/jobs?state=asleep").status, 400);
    EXPECT_EQ(api.get("/v1/jobs?limit=0").status, 400);
    EXPECT_EQ(api.get("/v1/jobs?before=x").status, 400);
}

TEST_F(JobsApiTest, OneIsCancelledOnceAndRemovedWhenItHasEnded) {
    post(import_of("/in"));
    EXPECT_EQ(send("DELETE", "/v1/jobs/1").status, 409);
    const auto cancelled = send("POST", "/v1/jobs/1/cancel");
    EXPECT_EQ(cancelled.status, 202);
    EXPECT_EQ(member(cancelled.body, "/state"), R"("cancelled")");
    EXPECT_EQ(send("POST", "/v1/jobs/1/cancel").status, 202);
    EXPECT_EQ(send("DELETE", "/v1/jobs/1").status, 204);
    EXPECT_EQ(send("DELETE", "/v1/jobs/1").status, 404);
    EXPECT_EQ(send("POST", "/v1/jobs/1/cancel").status, 404);
    EXPECT_EQ(api.get("/v1/jobs/x").status, 404);

    post(import_of("/in"));
    change([&](db::Transaction& tx) -> Result<void> {
        TRY_VOID(jobs().begin(tx, jobs::JobId(2)));
        TRY_VOID(jobs().succeed(tx, jobs::JobId(2), "{}"));
        return {};
    });
    EXPECT_EQ(send("POST", "/v1/jobs/2/cancel").status, 409);
}

TEST_F(JobsApiTest, AWaitEndsWithTheChangeOrWithItsTime) {
    post(import_of("/in"));
    const auto asked = std::chrono::steady_clock::now();
    const auto unchanged = api.get("/v1/jobs/1", {{"Prefer", "wait=1"}});
    EXPECT_EQ(member(unchanged.body, "/state"), R"("queued")");
    EXPECT_GE(std::chrono::steady_clock::now() - asked, 1s);
    const std::string etag(unchanged.headers.get("ETag"));
    EXPECT_EQ(api.get("/v1/jobs/1", {{"If-None-Match", etag}}).status, 304);

    std::thread other([&] {
        while (api.library->jobs().bell.listeners() == 0) std::this_thread::yield();
        change([&](db::Transaction& tx) { return jobs().cancel(tx, jobs::JobId(1)); });
    });
    const auto changed =
        api.get("/v1/jobs/1", {{"Prefer", "respond-async, wait=60"}, {"If-None-Match", etag}});
    other.join();
    EXPECT_EQ(changed.status, 200);
    EXPECT_EQ(member(changed.body, "/state"), R"("cancelled")");
    EXPECT_LT(std::chrono::steady_clock::now() - asked, 30s);
    // What has ended does not change any more.
    EXPECT_EQ(api.get("/v1/jobs/1", {{"Prefer", "wait=60"}}).status, 200);
}

TEST_F(JobsApiTest, ProgressIsFollowedToTheEnd) {
    post(import_of("/in"));
    std::thread worker([&] {
        while (api.library->jobs().bell.listeners() == 0) std::this_thread::yield();
        const jobs::JobId id{1};
        change([&](db::Transaction& tx) { return jobs().begin(tx, id); });
        change([&](db::Transaction& tx) {
            const jobs::Step step{
                .progress = {5, 10, "files"}, .checkpoint = R"({"next":5})", .worked = 1s};
            return jobs().record(tx, id, step);
        });
        change([&](db::Transaction& tx) {
            return jobs().fail(tx, id, Error{ErrorCode::NoSpace, "the disk is full"});
        });
    });
    const auto response = api.send({.method = "GET", .target = "/v1/jobs/1/events"});
    worker.join();
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.headers.get("Content-Type"), "text/event-stream");
    EXPECT_THAT(response.body, HasSubstr("event: progress\nid: "));
    EXPECT_THAT(response.body, HasSubstr(R"("state":"failed")"));
    EXPECT_THAT(response.body, HasSubstr(R"("error":{"code":"NoSpace")"));
    EXPECT_THAT(response.body, HasSubstr(R"("rate":5.000)"));
    EXPECT_EQ(api.get("/v1/jobs/77/events").status, 404);
}

TEST_F(JobsApiTest, ChangesAreOnRecordAndNobodyButTheAdminSeesJobs) {
    post(import_of("/in"));
    send("POST", "/v1/jobs/1/cancel");
    const std::string changes = trail();
    EXPECT_THAT(changes, HasSubstr(R"("action":"job-change")"));
    EXPECT_THAT(changes, HasSubstr(R"("object":"1")"));
    EXPECT_THAT(changes, HasSubstr(R"("route":"jobs.cancel")"));
    for (const auto role : {auth::Role::Reader, auth::Role::Writer, auth::Role::Monitor}) {
        EXPECT_EQ(api.send({.method = "GET", .target = "/v1/jobs", .headers = {}}, role).status,
                  403);
    }
}

TEST(JobsReadOnly, NothingIsBegun) {
    LibraryOptions options;
    options.read_only = true;
    ApiServer api(Options{}, std::move(options));
    const auto refused =
        api.send({.method = "POST",
                  .target = "/v1/jobs",
                  .headers = {{"Content-Type", "application/json"}},
                  .body = R"({"kind":"import","parameters":{"paths":["/in"]}})"});
    EXPECT_EQ(refused.status, 507) << refused.body;
}

}  // namespace
}  // namespace larmor::api
