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
    EXPECT_EQ(status_of_type("multipart/related; type=\"text/xml\"; boundary=x", "--x--"), 415);
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

TEST_F(StoreTest, AnswersInXmlWhereThatIsAsked) {
    const std::string body = multipart_body({make_instance({})});
    const auto send = [&](std::string accept) {
        return api.send({.method = "POST",
                         .target = "/dicomweb/studies",
                         .headers = {{"Content-Type", multipart_content_type()},
                                     {"Accept", std::move(accept)}},
                         .body = body});
    };
    EXPECT_EQ(send("text/html").status, 406);
    EXPECT_EQ(count_instances(), 0U);
    const auto response = send("application/dicom+xml");
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.headers.get("Content-Type"), "application/dicom+xml");
    EXPECT_THAT(response.body,
                HasSubstr(R"(tag="00081155" vr="UI" keyword="ReferencedSOPInstanceUID">)"
                          R"(<Value number="1">1.2.3.1.1</Value>)"));
}

// PS3.18 section 10.5.1: one part of metadata for each instance.
TEST_F(StoreTest, TakesMetadataInXmlWithItsBulkData) {
    const auto metadata = [](std::string_view instance, std::string_view location) {
        std::string xml = "<NativeDicomModel>";
        for (const auto& [tag, vr, value] : std::vector<std::array<std::string_view, 3>>{
                 {"00080016", "UI", "1.2.840.10008.5.1.4.1.1.2"},
                 {"00080018", "UI", instance},
                 {"00100020", "LO", "P1"},
                 {"0020000D", "UI", "1.2.3"},
                 {"0020000E", "UI", "1.2.3.1"},
                 {"00280010", "US", "4"},
                 {"00280011", "US", "4"},
                 {"00280100", "US", "8"},
                 {"00280101", "US", "8"},
                 {"00280102", "US", "7"},
                 {"00280103", "US", "0"},
                 {"00280002", "US", "1"},
                 {"00280004", "CS", "MONOCHROME2"}}) {
            xml.append("<DicomAttribute tag=\"").append(tag).append("\" vr=\"").append(vr);
            xml.append("\"><Value number=\"1\">")
                .append(value)
                .append("</Value></DicomAttribute>");
        }
        return xml.append(R"(<DicomAttribute tag="7FE00010" vr="OB"><BulkData uri=")")
            .append(location)
            .append(R"("/></DicomAttribute></NativeDicomModel>)");
    };
    std::string body;
    const auto add = [&](std::string_view head, std::string_view content) {
        body.append("--x\r\n").append(head).append("\r\n").append(content).append("\r\n");
    };
    add("", metadata("1.2.3.1.8", "one"));
    add("Content-Type: application/dicom+xml\r\n", metadata("1.2.3.1.9", "two"));
    add("Content-Type: application/dicom+xml\r\n", "<NativeDicomModel>");
    for (const auto* location : {"one", "two"}) {
        add(std::string("Content-Type: application/octet-stream\r\nContent-Location: ") +
                location + "\r\n",
            std::string(16, location[0]));
    }
    body += "--x--\r\n";
    const auto response = api.send(
        {.method = "POST",
         .target = "/dicomweb/studies",
         .headers = {{"Content-Type",
                      "multipart/related; type=\"application/dicom+xml\"; boundary=x"}},
         .body = body});
    EXPECT_EQ(response.status, 202) << response.body;
    EXPECT_EQ(count_instances(), 2U);
    const auto frame =
        api.get("/dicomweb/studies/1.2.3/series/1.2.3.1/instances/1.2.3.1.9/frames/1",
                {{"Accept", "application/octet-stream"}});
    EXPECT_EQ(frame.body, std::string(16, 't'));
}

}  // namespace
}  // namespace larmor::api
