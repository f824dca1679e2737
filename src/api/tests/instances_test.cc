#include <filesystem>

#include "api/tests/api_fixture.h"

namespace larmor::api {
namespace {

using testing::HasSubstr;
using testing::Not;

struct InstancesTest : testing::Test {
    ApiServer api;

    http::ClientResponse add(std::string_view bytes, std::string_view query = "",
                             auth::Role role = auth::Role::Writer) {
        const std::string target = "/v1/instances" + std::string(query);
        return api.send({.method = "POST",
                         .target = target,
                         .headers = {{"Content-Type", "application/dicom"}},
                         .body = bytes},
                        role);
    }
    http::Headers headers_of(auth::Role role) const {
        return {{"Content-Type", "application/dicom"},
                {"Authorization", "Bearer " + api.token(role)}};
    }
    std::string found_instances() { return api.get("/dicomweb/instances").body; }
    std::string stored_bytes(const FileUids& uids) {
        return api
            .get("/dicomweb" + uids.path(),
                 {{"Accept", "application/dicom; transfer-syntax=*"}})
            .body;
    }
};

TEST_F(InstancesTest, SaysWhatBecameOfTheInstance) {
    const std::string bytes = make_instance({});
    const auto stored = add(bytes);
    ASSERT_EQ(stored.status, 201) << stored.body;
    EXPECT_EQ(stored.headers.get("Content-Type"), "application/json");
    EXPECT_EQ(stored.headers.get("Location"), api.base() + uids_of(bytes).path());
    EXPECT_EQ(stored.body,
              R"({"outcome":"stored","study_instance_uid":"1.2.3",)"
              R"("series_instance_uid":"1.2.3.1","sop_class_uid":"1.2.840.10008.5.1.4.1.1.2",)"
              R"("sop_instance_uid":"1.2.3.1.1","size_bytes":)" +
                  std::to_string(bytes.size()) + "}");
    EXPECT_EQ(stored_bytes(uids_of(bytes)), bytes);

    const auto again = add(bytes);
    EXPECT_EQ(again.status, 200);
    EXPECT_THAT(again.body, HasSubstr(R"({"outcome":"duplicate",)"));
    EXPECT_TRUE(again.headers.get("Location").empty());

    const auto other = add(make_instance({.pixel = 2}));
    EXPECT_EQ(other.status, 201);
    EXPECT_THAT(other.body, HasSubstr(R"({"outcome":"conflict",)"));
    EXPECT_THAT(other.body, HasSubstr(R"("image_set_id":")"));
    EXPECT_TRUE(other.headers.get("Location").empty()) << "DICOMweb shows the first";
    EXPECT_EQ(stored_bytes(uids_of(bytes)), bytes);
}

TEST_F(InstancesTest, AnInstanceThatBreaksOffIsRejectedWithItsReasonAndItsPlace) {
    const std::string bytes = make_instance({.pixel_bytes = 4096});
    const auto cut = add(std::string_view(bytes).substr(0, bytes.size() - 100));
    EXPECT_EQ(cut.status, 400);
    EXPECT_EQ(cut.headers.get("Content-Type"), "application/problem+json");
    EXPECT_THAT(cut.body, HasSubstr(R"("code":"InvalidInput","outcome":"rejected")"));
    EXPECT_THAT(cut.body, HasSubstr("byte"));
    EXPECT_THAT(cut.body, HasSubstr(R"("size_bytes":)" + std::to_string(bytes.size() - 100)));
    const auto text = add("hello, this is no DICOM");
    EXPECT_EQ(text.status, 400);
    EXPECT_THAT(text.body, HasSubstr(R"("outcome":"rejected")"));
    EXPECT_EQ(add("").status, 400);
    EXPECT_THAT(found_instances(), Not(HasSubstr("00080018")));
}

TEST_F(InstancesTest, TakesALargeInstanceInPieces) {
    // More than is kept in memory of a body, and of an instance.
    const std::string bytes = make_instance({.pixel_bytes = 12 << 20});
    http::Client client("127.0.0.1", api.server->port());
    ASSERT_TRUE(client.begin_body({.method = "POST",
                                   .target = "/v1/instances",
                                   .headers = headers_of(auth::Role::Sender)}));
    for (std::size_t at = 0; at < bytes.size(); at += 1'000'003) {
        const auto count = std::min<std::size_t>(1'000'003, bytes.size() - at);
        ASSERT_TRUE(client.write_body(as_bytes(bytes).subspan(at, count)));
    }
    const auto response = client.end_body();
    ASSERT_TRUE(response) << response.error().message;
    EXPECT_EQ(response->status, 201) << response->body;
    EXPECT_TRUE(stored_bytes(uids_of(bytes)) == bytes);
    EXPECT_THAT(add(bytes).body, HasSubstr(R"("outcome":"duplicate")")) << "with a length";
}

TEST_F(InstancesTest, NothingRemainsOfAClientThatWentAway) {
    const std::string bytes = make_instance({.pixel_bytes = 4 << 20});
    http::Client client("127.0.0.1", api.server->port());
    ASSERT_TRUE(client.begin_body({.method = "POST",
                                   .target = "/v1/instances",
                                   .headers = headers_of(auth::Role::Writer)}));
    ASSERT_TRUE(client.write_body(as_bytes(bytes).first(3 << 20)));
    client.close();
    EXPECT_EQ(api.server->stop(std::chrono::seconds(20)).requests_cut, 0U);
    for (const auto& entry : std::filesystem::recursive_directory_iterator(api.folder)) {
        if (entry.is_regular_file() &&
            entry.path().string().find("incoming") != std::string::npos) {
            ADD_FAILURE() << entry.path();
        }
    }
}

TEST_F(InstancesTest, OnlyWhoMayStoreMay) {
    const std::string bytes = make_instance({});
    EXPECT_EQ(add(bytes, "", auth::Role::Reader).status, 403);
    EXPECT_EQ(add(bytes, "", auth::Role::Monitor).status, 403);
    const auto bare = api.send_bare({.method = "POST",
                                     .target = "/v1/instances",
                                     .headers = {{"Content-Type", "application/dicom"}},
                                     .body = bytes});
    EXPECT_EQ(bare.status, 401);
    EXPECT_THAT(bare.body, Not(HasSubstr("outcome"))) << "nothing was judged";
    EXPECT_EQ(add(bytes, "", auth::Role::Sender).status, 201);
    EXPECT_EQ(add(bytes, "", auth::Role::Admin).status, 200);
}

TEST_F(InstancesTest, TakesNothingButOneInstanceOfTheStudyThatWasNamed) {
    const std::string bytes = make_instance({});
    const auto as = [&](std::string_view type) {
        return api
            .send({.method = "POST",
                   .target = "/v1/instances",
                   .headers = {{"Content-Type", std::string(type)}},
                   .body = bytes})
            .status;
    };
    EXPECT_EQ(as("application/octet-stream"), 415);
    EXPECT_EQ(as("multipart/related; type=\"application/dicom\"; boundary=x"), 415);
    EXPECT_EQ(add(bytes, "?study=1.2.3").status, 400);
    EXPECT_EQ(add(bytes, "?StudyInstanceUID=..%2Fx").status, 400);
    const auto other = add(bytes, "?StudyInstanceUID=1.2.4");
    EXPECT_EQ(other.status, 400);
    EXPECT_THAT(other.body, HasSubstr(R"("outcome":"rejected","study_instance_uid":"1.2.3")"));
    EXPECT_EQ(add(bytes, "?StudyInstanceUID=1.2.3").status, 201);
}

TEST_F(InstancesTest, RefusesABodyOverTheLimitBeforeAndWhileItArrives) {
    Options options;
    options.store_body_max_bytes = 100'000;
    auto router = make_router({.database = api.library->database(),
                               .store = api.library->store(),
                               .catalog = api.library->catalog(),
                               .importer = api.library->importer(),
                               .purger = api.library->purger(),
                               .events = api.library->events(),
                               .event_bell = api.library->event_bell(),
                               .queues = api.library->queues(),
                               .jobs = api.library->jobs(),
                               .pool = api.library->pool(),
                               .credentials = api.library->credentials(),
                               .sign_in_code = *api.sign_in_code,
                               .audit = api.library->audit(),
                               .admission = api.library->admission()},
                              options);
    ASSERT_TRUE(router);
    http::ServerOptions server_options;
    server_options.threads = 1;
    const auto server = http::Server::start(std::move(server_options), *router);
    ASSERT_TRUE(server);
    http::Client client("127.0.0.1", (*server)->port());
    const std::string bytes = make_instance({.pixel_bytes = 200'000});
    const auto headers = headers_of(auth::Role::Writer);
    const auto whole = client.send(
        {.method = "POST", .target = "/v1/instances", .headers = headers, .body = bytes});
    ASSERT_TRUE(whole) << whole.error().message;
    EXPECT_EQ(whole->status, 413);
    ASSERT_TRUE(
        client.begin_body({.method = "POST", .target = "/v1/instances", .headers = headers}));
    static_cast<void>(client.write_body(as_bytes(bytes)));
    const auto in_pieces = client.end_body();
    ASSERT_TRUE(in_pieces) << in_pieces.error().message;
    EXPECT_EQ(in_pieces->status, 413);
    EXPECT_THAT(in_pieces->body, HasSubstr("LimitExceeded"));
    EXPECT_THAT(found_instances(), Not(HasSubstr("00080018")));
}

}  // namespace
}  // namespace larmor::api
