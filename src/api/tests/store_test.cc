#include <filesystem>
#include <fstream>
#include <regex>

#include "api/tests/api_fixture.h"

namespace larmor::api {
namespace {

using testing::HasSubstr;

struct StoreTest : testing::Test {
    ApiServer api;

    std::size_t count_instances() {
        const auto response = api.get("/dicomweb/instances");
        EXPECT_EQ(response.status, 200);
        const std::string& body = response.body;
        std::size_t count = 0;
        for (auto at = body.find("\"00080018\""); at != std::string::npos;
             at = body.find("\"00080018\"", at + 1)) {
            ++count;
        }
        return count;
    }
    std::string stored_bytes(const FileUids& uids) {
        const auto response = api.get("/dicomweb" + uids.path(),
                                      {{"Accept", "application/dicom; transfer-syntax=*"}});
        EXPECT_EQ(response.status, 200) << response.body;
        return response.body;
    }
};

TEST_F(StoreTest, AStoredInstanceReadsBackEqual) {
    const auto file = test_file("syntax/pydicom/CT_small.dcm");
    ASSERT_TRUE(file);
    const std::string bytes = content_of(*file);
    const auto response = api.store({bytes});
    ASSERT_EQ(response.status, 200) << response.body;
    EXPECT_EQ(response.headers.get("Content-Type"), "application/dicom+json");
    const FileUids uids = uids_of(bytes);
    EXPECT_THAT(response.body,
                HasSubstr(R"("00081155":{"vr":"UI","Value":[")" + uids.instance));
    EXPECT_THAT(response.body, HasSubstr(api.base() + uids.path()));
    EXPECT_EQ(stored_bytes(uids), bytes);
}

TEST_F(StoreTest, SendingItAgainChangesNothing) {
    const std::string bytes = make_instance({});
    EXPECT_EQ(api.store({bytes}).status, 200);
    EXPECT_EQ(api.store({bytes}).status, 200);
    EXPECT_EQ(api.store({bytes, bytes}).status, 200);
    EXPECT_EQ(count_instances(), 1U);
}

TEST_F(StoreTest, AConflictIsKeptAndNamed) {
    const std::string first = make_instance({.pixel = 1});
    const std::string second = make_instance({.pixel = 2});
    EXPECT_EQ(api.store({first}).status, 200);
    const auto response = api.store({second});
    EXPECT_EQ(response.status, 202);
    // 45313 is B101H; the image set is named by its 32 characters.
    EXPECT_THAT(response.body, HasSubstr(R"("00081196":{"vr":"US","Value":[45313]})"));
    EXPECT_TRUE(
        std::regex_search(response.body, std::regex("non-primary image set [0-9a-z]{32}")))
        << response.body;
    EXPECT_EQ(stored_bytes(uids_of(first)), first) << "the first stays primary";
    EXPECT_EQ(count_instances(), 1U);
}

TEST_F(StoreTest, AnInstanceOfAnotherStudyFails) {
    const std::string bytes = make_instance({});
    const auto response = api.store({bytes}, "/dicomweb/studies/1.2.99");
    EXPECT_EQ(response.status, 409);
    // 43265 is A901H.
    EXPECT_THAT(response.body, HasSubstr(R"("00081197":{"vr":"US","Value":[43265]})"));
    EXPECT_THAT(response.body, HasSubstr("00081198"));
    EXPECT_EQ(count_instances(), 0U);
    EXPECT_EQ(api.store({bytes}, "/dicomweb/studies/1.2.3").status, 200);
    EXPECT_EQ(api.store({bytes}, "/dicomweb/studies/not-a-uid").status, 400);
}

TEST_F(StoreTest, OneBadInstanceDoesNotFailTheOthers) {
    const auto response = api.store({make_instance({}), "this is no DICOM at all",
                                     make_instance({.instance = "1.2.3.1.2"})});
    EXPECT_EQ(response.status, 202);
    EXPECT_THAT(response.body, HasSubstr("0008119A"));
    EXPECT_THAT(response.body, HasSubstr(R"("00081197":{"vr":"US","Value":[49152]})"));
    EXPECT_EQ(count_instances(), 2U);
}

TEST_F(StoreTest, NothingStoredIsAConflict) {
    EXPECT_EQ(api.store({"this is no DICOM at all"}).status, 409);
}

TEST_F(StoreTest, ManyInstancesInOneRequestAreAllStored) {
    std::vector<std::string> instances;
    for (int i = 0; i < 150; ++i) {
        instances.push_back(make_instance({.instance = "1.2.3.1." + std::to_string(i)}));
    }
    EXPECT_EQ(api.store(instances).status, 200);
    EXPECT_EQ(count_instances(), 150U);
}

TEST_F(StoreTest, ABodyOfUnknownLengthIsTakenAsItComes) {
    std::vector<std::string> instances;
    for (int i = 0; i < 100; ++i) {
        instances.push_back(
            make_instance({.instance = "1.2.3.1." + std::to_string(i), .pixel_bytes = 60'000}));
    }
    // Larger than what the store keeps in memory, so it goes there piece by piece.
    instances.push_back(make_instance({.instance = "1.2.3.2.1", .pixel_bytes = 5'000'000}));
    instances.emplace_back("no DICOM");
    const std::string body = multipart_body(instances);
    std::string chunked =
        "POST /dicomweb/studies HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        "Authorization: Bearer " +
        api.token(auth::Role::Sender) + "\r\nContent-Type: " + multipart_content_type() +
        "\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (std::size_t at = 0; at < body.size(); at += 70'001) {
        const std::string piece = body.substr(at, 70'001);
        char size[32];
        std::snprintf(size, sizeof size, "%zx\r\n", piece.size());
        chunked += size + piece + "\r\n";
    }
    chunked += "0\r\n\r\n";
    http::Client raw("127.0.0.1", api.server->port());
    ASSERT_TRUE(raw.write_raw(chunked));
    const auto response = raw.read_response();
    ASSERT_TRUE(response) << response.error().message;
    EXPECT_EQ(response->status, 202) << response->body.substr(0, 500);
    EXPECT_EQ(count_instances(), 101U);
    const std::string& large = instances[100];
    EXPECT_EQ(stored_bytes(uids_of(large)), large);
}

TEST_F(StoreTest, ASingleInstanceMayComeWithoutMultipart) {
    const std::string bytes = make_instance({});
    const auto response = api.send({.method = "POST",
                                    .target = "/dicomweb/studies",
                                    .headers = {{"Content-Type", "application/dicom"}},
                                    .body = bytes});
    EXPECT_EQ(response.status, 200) << response.body;
    EXPECT_EQ(stored_bytes(uids_of(bytes)), bytes);
}

TEST_F(StoreTest, RefusesBodiesOfOtherTypes) {
    const auto status_of_type = [&](std::string_view type, std::string_view body) {
        return api
            .send({.method = "POST",
                   .target = "/dicomweb/studies",
                   .headers = {{"Content-Type", std::string(type)}},
                   .body = body})
            .status;
    };
    EXPECT_EQ(status_of_type("application/json", "{}"), 415);
    EXPECT_EQ(status_of_type("multipart/form-data; boundary=x", "--x--"), 415);
    EXPECT_EQ(status_of_type("multipart/related; type=\"application/dicom+xml\"; boundary=x",
                             "--x--"),
              415);
    EXPECT_EQ(status_of_type("multipart/related; type=\"application/dicom\"", "--x--"), 400);
    EXPECT_EQ(status_of_type("multipart/related; type=\"application/dicom\"; boundary=x",
                             "--x--\r\n"),
              400);
}

TEST_F(StoreTest, ACutBodyIsAnErrorAndWhatWasWholeStays) {
    std::string body = multipart_body({make_instance({})});
    body.resize(body.size() - 30);
    const auto response = api.send({.method = "POST",
                                    .target = "/dicomweb/studies",
                                    .headers = {{"Content-Type", multipart_content_type()}},
                                    .body = body});
    EXPECT_EQ(response.status, 400) << response.body;
    EXPECT_THAT(response.headers.get("Content-Type"), HasSubstr("problem+json"));
}

TEST_F(StoreTest, AnswersOnlyJson) {
    const std::string body = multipart_body({make_instance({})});
    const auto response = api.send({.method = "POST",
                                    .target = "/dicomweb/studies",
                                    .headers = {{"Content-Type", multipart_content_type()},
                                                {"Accept", "application/dicom+xml"}},
                                    .body = body});
    EXPECT_EQ(response.status, 406);
    EXPECT_EQ(count_instances(), 0U);
}

}  // namespace
}  // namespace larmor::api
