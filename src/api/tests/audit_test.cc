#include <set>

#include "api/access.h"
#include "api/audited.h"
#include "api/tests/api_fixture.h"
#include "async/sync_wait.h"
#include "audit/verify.h"

namespace larmor::api {
namespace {

using audit::Action;
using audit::Outcome;
using audit::Record;

struct AuditTest : testing::Test {
    ApiServer api;
    std::string made = make_instance({});
    const std::string instance_ = "/studies/1.2.3/series/1.2.3.1/instances/1.2.3.1.1";

    std::vector<Record> records() {
        std::vector<Record> all;
        audit::VerifyOptions options;
        options.see = [&](const std::filesystem::path&, const audit::Batch& batch) {
            for (const auto line : batch.records) {
                const auto record = audit::parse_record(line);
                EXPECT_TRUE(record) << line;
                if (record) all.push_back(*record);
            }
        };
        options.patience = std::chrono::seconds(1);
        const auto verified = audit::verify_trail(api.library->audit().folder(), options);
        EXPECT_TRUE(verified) << verified.error().message;
        return all;
    }
    /// The last one with this action; fails the test where there is none.
    Record last(Action action) {
        Record found;
        for (const auto& record : records()) {
            if (record.entry.action == action) found = record;
        }
        EXPECT_NE(found.number, 0U) << audit::name_of(action);
        return found;
    }
    /// A refusal is put on record behind its answer; records keep their order.
    void wait_for_refusals() {
        audit::Entry behind;
        behind.action = Action::Stop;
        ASSERT_TRUE(api.library->audit().record_and_wait(std::move(behind)));
    }
    int post(std::string_view target, std::string_view type, std::string_view body) {
        http::Headers headers;
        headers.add("Content-Type", type);
        return api.send({.method = "POST", .target = target, .headers = headers, .body = body})
            .status;
    }
};

constexpr std::string_view kByUri =
    "/wado?requestType=WADO&studyUID=1.2.3&seriesUID=1.2.3.1&objectUID=1.2.3.1.1";

std::string image_set_id(Library& library) {
    const auto series = library.database().read([&](db::Snapshot& snapshot) {
        return library.catalog().find_series(snapshot, "1.2.3", "1.2.3.1");
    });
    EXPECT_TRUE(series);
    return series->image_set.id;
}

/// A path that the pattern matches and that is there.
std::string existing_path(const std::string& pattern, const std::string& letter,
                          const std::string& image_set, const std::string& arn) {
    std::string path = pattern;
    const std::pair<std::string, std::string> values[] = {
        {"{study}", "1.2.3"},      {"{series}", "1.2.3.1"},   {"{instance}", "1.2.3.1.1"},
        {"{frames}", "1"},         {"{queue}", "work"},       {"{letter}", letter},
        {"{path...}", "7FE00010"}, {"{imageSet}", image_set}, {"{resource...}", arn}};
    for (const auto& [name, value] : values) {
        if (const auto at = path.find(name); at != std::string::npos) {
            path.replace(at, name.size(), value);
        }
    }
    return path == "/wado" ? std::string(kByUri) : path;
}

/// Makes a dead letter in the queue `work`; gives its id.
std::string bury_in_work(Library& library) {
    const auto queue = library.queues().create("work", {});
    EXPECT_TRUE(queue);
    EXPECT_TRUE(async::sync_wait((*queue)->send({{.body = "x"}})));
    const auto received = async::sync_wait((*queue)->receive({}));
    EXPECT_TRUE(received);
    const auto& message = received->at(0);
    EXPECT_TRUE(async::sync_wait((*queue)->dead_letter(message.receipt_handle, "test", "")));
    return std::to_string(queue::to_int64(message.id));
}

/// Of a stream that does not end only the head is read.
std::string first_line_of_stream(ApiServer& api, const std::string& path) {
    http::Client raw("127.0.0.1", api.server->port());
    const auto sent =
        raw.write_raw("GET " + path + " HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer " +
                      api.token(auth::Role::Admin) + "\r\n\r\n");
    EXPECT_TRUE(sent);
    return raw.read_raw(std::string_view("HTTP/1.1 200").size()).value_or("");
}

TEST_F(AuditTest, EveryRouteThatShowsSomethingOfAPatientLeavesARecord) {
    ASSERT_EQ(api.store({made}).status, 200);
    api.wait_until_prepared();
    const std::string letter = bury_in_work(*api.library);
    const std::string image_set = image_set_id(*api.library);
    const std::string arn =
        events::image_set_arn({}, api.library->catalog().datastore_id(), image_set);
    std::size_t walked = 0;
    for (const http::Route* route : api.router->routes()) {
        const Action action = action_of(*route);
        const auto needed = right_of(*route);
        if (route->method != http::Method::Get || needed == auth::Right::Public ||
            needed == auth::Right::SignedIn || needed == auth::Right::Observe) {
            continue;
        }
        // Say nothing of patients, but for the items of a job: jobs_test.cc.
        if (route->pattern.starts_with("/v1/rules") || route->pattern.starts_with("/v1/jobs") ||
            route->pattern.find("DICOMImportJob") != std::string::npos) {
            continue;
        }
        ++walked;
        EXPECT_NE(action, Action::None) << route->name;
        if (route->name == "events.stream") {
            ASSERT_EQ(first_line_of_stream(api, route->pattern), "HTTP/1.1 200");
        } else {
            const auto response =
                api.get(existing_path(route->pattern, letter, image_set, arn));
            ASSERT_LT(response.status, 300) << route->name << response.body;
        }
        // Another route may have opened the window: then it was counted.
        bool found = false;
        for (const auto& record : records()) {
            found = found || (record.entry.action == action &&
                              record.entry.outcome == Outcome::Success &&
                              record.entry.actor.role == "admin");
        }
        EXPECT_TRUE(found) << route->name;
    }
    EXPECT_GT(walked, 20U);
}

TEST_F(AuditTest, ARecordOfTheUriServiceNamesWhatItsQueryNames) {
    ASSERT_EQ(api.store({made}).status, 200);
    ASSERT_EQ(api.get(kByUri).status, 200);
    const auto read = last(Action::Retrieve).entry;
    EXPECT_EQ(read.outcome, Outcome::Success);
    EXPECT_EQ(read.subject.patient_id, "P1");
    EXPECT_EQ(read.subject.study, "1.2.3");
    EXPECT_EQ(read.subject.series, "1.2.3.1");
    EXPECT_EQ(read.subject.instance, "1.2.3.1.1");
    ASSERT_EQ(api.get(std::string(kByUri) + "&anonymize=yes").status, 406);
    wait_for_refusals();
    const auto refused = last(Action::Retrieve).entry;
    EXPECT_EQ(refused.outcome, Outcome::Refused);
    EXPECT_EQ(refused.subject.instance, "1.2.3.1.1");
}

TEST_F(AuditTest, ARecordSaysWhoDidWhatToWhom) {
    ASSERT_EQ(api.store({made}).status, 200);
    ASSERT_EQ(api.get("/dicomweb" + instance_ + "/frames/1").status, 200);
    const auto stored = last(Action::Store).entry;
    EXPECT_EQ(stored.subject.patient_id, "P1");
    EXPECT_EQ(stored.subject.study, "1.2.3");
    EXPECT_EQ(stored.subject.series, "1.2.3.1");
    EXPECT_EQ(stored.subject.instances, 1U);
    const auto read = last(Action::Retrieve).entry;
    EXPECT_EQ(read.outcome, Outcome::Success);
    EXPECT_EQ(read.actor.id.size(), 32U);
    EXPECT_EQ(read.actor.name, "test");
    EXPECT_EQ(read.actor.role, "admin");
    EXPECT_EQ(read.actor.via, "token");
    EXPECT_EQ(read.actor.address, "127.0.0.1");
    EXPECT_EQ(read.subject.patient_id, "P1");
    EXPECT_EQ(read.subject.instance, "1.2.3.1.1");
    EXPECT_EQ(read.route, "retrieve.frames");
    EXPECT_FALSE(read.request_id.empty());
}

TEST_F(AuditTest, AQueryIsOnRecordWithoutThePersonsName) {
    ASSERT_EQ(api.get("/dicomweb/studies?PatientName=Doe*&PatientID=P1&00100030=19700101"
                      "&StudyDate=20200101-20211231&limit=5")
                      .status /
                  100,
              2);
    const auto query = last(Action::Query).entry.subject.query;
    EXPECT_EQ(query,
              "PatientName=(not recorded)&PatientID=P1&00100030=(not recorded)"
              "&StudyDate=20200101-20211231&limit=5");
}

TEST_F(AuditTest, RefusalsAreOnRecordWithWhatIsKnown) {
    EXPECT_EQ(api.send_bare({.method = "GET", .target = "/dicomweb/studies/9/metadata"}).status,
              401);
    EXPECT_EQ(api.send({.method = "GET", .target = "/dicomweb/studies/1.2.3/metadata"},
                       auth::Role::Sender)
                  .status,
              403);
    EXPECT_EQ(api.get("/dicomweb/studies/9.9/metadata").status, 404);
    // They are not waited for; this is, and it is behind them.
    ASSERT_LT(api.get("/dicomweb/studies?limit=1").status, 300);
    std::vector<audit::Entry> refused;
    for (const auto& record : records()) {
        if (record.entry.outcome == Outcome::Refused) refused.push_back(record.entry);
    }
    ASSERT_EQ(refused.size(), 3U);
    EXPECT_EQ(refused[0].actor.id, "");
    EXPECT_EQ(refused[0].subject.study, "") << "a stranger fills no trail with what it likes";
    EXPECT_EQ(refused[0].action, Action::ReadMetadata);
    EXPECT_EQ(refused[1].actor.role, "sender");
    EXPECT_EQ(refused[1].subject.study, "1.2.3");
    EXPECT_EQ(refused[2].subject.study, "9.9");
    EXPECT_EQ(refused[2].detail, "status 404");
}

TEST_F(AuditTest, SignInAndTokensAreOnRecord) {
    const std::string body = R"({"token":")" + api.token(auth::Role::Reader) + "\"}";
    const auto signed_in = api.send_bare({.method = "POST",
                                          .target = "/v1/session",
                                          .headers = {{"Content-Type", "application/json"}},
                                          .body = body});
    ASSERT_EQ(signed_in.status, 201);
    const auto sign_in = last(Action::SignIn).entry;
    EXPECT_EQ(sign_in.actor.via, "session");
    EXPECT_EQ(sign_in.actor.role, "reader");
    EXPECT_EQ(sign_in.subject.object.size(), 32U) << "the token";
    EXPECT_NE(sign_in.subject.object, sign_in.actor.id);

    ASSERT_EQ(post("/v1/tokens", "application/json",
                   R"({"name":"x","role":"reader","lifetime":"1h"})"),
              201);
    const auto created = last(Action::TokenCreate).entry;
    EXPECT_EQ(created.subject.object.size(), 32U);
    ASSERT_EQ(
        api.send({.method = "DELETE", .target = "/v1/tokens/" + created.subject.object}).status,
        204);
    EXPECT_EQ(last(Action::TokenRevoke).entry.subject.object, created.subject.object);
    ASSERT_EQ(api.get("/v1/tokens").status, 200);
    EXPECT_EQ(last(Action::ListTokens).entry.outcome, Outcome::Success);
}

TEST_F(AuditTest, AnInstanceThatIsAddedAloneIsOnRecordToo) {
    ASSERT_EQ(post("/v1/instances", "application/dicom", made), 201);
    EXPECT_EQ(last(Action::Store).entry.subject.series, "1.2.3.1");
}

TEST_F(AuditTest, ARequestOfManySeriesLeavesARecordForEach) {
    std::vector<std::string> instances;
    for (const char* uid : {"1.2.3.1", "1.2.3.2", "1.2.3.3"}) {
        for (const char* instance : {".1", ".2"}) {
            instances.push_back(
                make_instance({.series = uid, .instance = std::string(uid) + instance}));
        }
    }
    ASSERT_EQ(api.store(instances).status, 200);
    std::set<std::string> series;
    for (const auto& record : records()) {
        if (record.entry.action != Action::Store) continue;
        EXPECT_EQ(record.entry.subject.instances, 2U);
        series.insert(record.entry.subject.series);
    }
    EXPECT_EQ(series, (std::set<std::string>{"1.2.3.1", "1.2.3.2", "1.2.3.3"}));
}

TEST(AuditNote, IsBoundedHoweverManySeriesOneRequestHas) {
    AuditNote note;
    for (int i = 0; i < 5000; ++i) note.stored("1", "1." + std::to_string(i));
    ASSERT_EQ(note.subjects.size(), 1000U);
    EXPECT_EQ(note.subjects.back().instances, 4001U);
    EXPECT_EQ(note.subjects.back().study, "");
}

}  // namespace
}  // namespace larmor::api
