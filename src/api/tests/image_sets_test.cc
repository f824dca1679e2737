#include <simdjson.h>

#include "api/tests/api_fixture.h"
#include "dicom/file.h"
#include "dicom/json_write.h"
#include "dicom/tags.h"
#include "dicom/values.h"

namespace larmor::api {
namespace {

using testing::HasSubstr;
using testing::Not;

struct ImageSetsTest : testing::Test {
    ApiServer api;
    MadeInstance first;
    MadeInstance second{.instance = "1.2.3.1.2", .pixel_bytes = 200'000, .pixel = 7};
    const std::string series_path = "/dicomweb/studies/1.2.3/series/1.2.3.1";
    const std::string first_path = series_path + "/instances/1.2.3.1.1";
    const std::string second_path = series_path + "/instances/1.2.3.1.2";

    void SetUp() override {
        const auto stored = api.store({make_instance(first), make_instance(second)});
        ASSERT_EQ(stored.status, 200) << stored.body;
        api.wait_until_prepared();
    }

    std::string image_set_id() {
        const auto series = api.library->database().read([&](db::Snapshot& snapshot) {
            return api.library->catalog().find_series(snapshot, "1.2.3", "1.2.3.1");
        });
        return series ? series->image_set.id : "none";
    }
    http::ClientResponse edit(std::string_view body, auth::Role role = auth::Role::Admin) {
        return api.send_json("POST", "/v1/image-sets/" + image_set_id() + "/edits", body, role);
    }
    http::ClientResponse get_dicom(const std::string& path, std::string_view syntax = "*") {
        return api.get(
            path, {{"Accept", "application/dicom; transfer-syntax=" + std::string(syntax)}});
    }
    /// An attribute as a file has it.
    static std::string text_in(const std::string& file, dicom::Tag tag) {
        const auto opened = dicom::open_file(as_bytes(file));
        if (!opened) return "no file: " + opened.error().message;
        const auto attributes = dicom::Attributes::read(opened->data_set, opened->encoding);
        return attributes ? attributes->text(tag) : "error";
    }
    static std::string pixels_of(const std::string& file) {
        const auto opened = dicom::open_file(as_bytes(file));
        if (!opened) return "no file";
        const auto found =
            dicom::find(opened->data_set, opened->encoding, dicom::tags::PixelData);
        return found && *found ? std::string(as_text((*found)->value)) : "no pixels";
    }
};

constexpr std::string_view kRename =
    R"({"updatableAttributes":{"Patient":{"DICOM":{"PatientName":"ANON^ANON"}}}})";

TEST_F(ImageSetsTest, AnEditIsSeenAtOnceInSearchesMetadataAndInstances) {
    // So that all of it is remembered.
    const auto before = get_dicom(first_path);
    EXPECT_EQ(before.body, make_instance(first));
    for (const auto& path : {series_path, first_path}) api.get(path + "/metadata");
    const auto frame = api.get(first_path + "/frames/1", {{"Accept", "*/*"}});

    const auto edited = edit(kRename);
    ASSERT_EQ(edited.status, 200) << edited.body;
    EXPECT_THAT(edited.body, HasSubstr(R"("versionId":")"));
    EXPECT_THAT(edited.body, HasSubstr(R"("imageSetWorkflowStatus":"UPDATED")"));

    EXPECT_THAT(api.get("/dicomweb/studies?PatientName=Anon^Anon").body, HasSubstr("1.2.3"));
    EXPECT_EQ(api.get("/dicomweb/studies?PatientName=Doe^Jane").body, "[]");
    EXPECT_THAT(api.get("/dicomweb/instances?includefield=04000561").body,
                HasSubstr("Doe^Jane"));
    for (const auto& path : {std::string("/dicomweb/studies/1.2.3"), series_path, first_path}) {
        const auto metadata = api.get(path + "/metadata").body;
        EXPECT_THAT(metadata,
                    HasSubstr(R"("00100010":{"vr":"PN","Value":[{"Alphabetic":"ANON^ANON"}]})"))
            << path;
    }
    for (const auto* syntax : {"*", "1.2.840.10008.1.2.1"}) {
        const auto after = get_dicom(first_path, syntax);
        ASSERT_EQ(after.status, 200);
        EXPECT_EQ(text_in(after.body, dicom::tags::PatientName), "ANON^ANON");
        EXPECT_EQ(text_in(after.body, dicom::tags::StudyInstanceUID), "1.2.3");
        EXPECT_EQ(pixels_of(after.body), pixels_of(before.body));
        EXPECT_NE(after.headers.get("ETag"), before.headers.get("ETag"));
    }
    EXPECT_EQ(pixels_of(get_dicom(second_path).body), pixels_of(make_instance(second)));
    const auto frame_after = api.get(first_path + "/frames/1", {{"Accept", "*/*"}});
    EXPECT_EQ(frame_after.headers.get("ETag"), frame.headers.get("ETag"));
}

TEST_F(ImageSetsTest, MetadataSaysWhatTheInstanceSays) {
    ASSERT_EQ(edit(R"({"updatableAttributes":{"Study":{"Series":{"1.2.3.1":{"DICOM":{
                   "RequestAttributesSequence/0/RequestedProcedureID":"R1",
                   "00091001":{"vr":"LO","Value":["private"]}}}}}},
                   "removableAttributes":{"Patient":{"DICOM":{"PatientID":null}}}})")
                  .status,
              200);
    const auto file = get_dicom(first_path).body;
    const auto opened = dicom::open_file(as_bytes(file));
    ASSERT_TRUE(opened);
    std::string json = "[";
    ASSERT_TRUE(dicom::write_json(
        json, opened->data_set, opened->encoding,
        {.bulk_data_uri = dicom::bulk_data_uri_under(api.base() + first_path.substr(9))}));
    EXPECT_EQ(api.get(first_path + "/metadata").body, json + "]");
}

TEST_F(ImageSetsTest, AnInstanceThatWasNotEditedIsGivenAsItIsStored) {
    ASSERT_EQ(edit(R"({"updatableAttributes":{"Study":{"Series":{"1.2.3.1":{"Instances":
                   {"1.2.3.1.2":{"DICOM":{"InstanceNumber":"99"}}}}}}}})")
                  .status,
              200);
    EXPECT_EQ(get_dicom(first_path).body, make_instance(first));
    EXPECT_EQ(text_in(get_dicom(second_path).body, dicom::tags::InstanceNumber), "99");
    EXPECT_THAT(api.get("/dicomweb/instances?InstanceNumber=99").body, HasSubstr("1.2.3.1.2"));
}

TEST_F(ImageSetsTest, EveryVersionCanBeReadComparedAndRestored) {
    ASSERT_EQ(edit(kRename).status, 200);
    const std::string set = "/v1/image-sets/" + image_set_id();
    const auto versions = api.get(set + "/versions").body;
    EXPECT_THAT(versions, HasSubstr(R"("cause":"import")"));
    EXPECT_THAT(versions, HasSubstr(R"("cause":"edit")"));

    EXPECT_EQ(get_dicom(first_path + "?imageSetVersion=1").body, make_instance(first));
    EXPECT_THAT(api.get(series_path + "/metadata?imageSetVersion=1").body,
                HasSubstr("Doe^Jane"));
    EXPECT_THAT(api.get(series_path + "/metadata?imageSetVersion=1").body,
                Not(HasSubstr("ANON")));
    EXPECT_EQ(api.get(first_path + "/metadata?imageSetVersion=9").status, 404);
    EXPECT_EQ(api.get(first_path + "/metadata?imageSetVersion=x").status, 400);
    EXPECT_EQ(api.get("/dicomweb/studies/1.2.3/metadata?imageSetVersion=1").status, 400);

    EXPECT_THAT(api.get(set + "/changes").body,
                HasSubstr(R"("path":"00100010","keyword":"PatientName","from":)"
                          R"({"state":"stored"},"to":{"state":"edited")"));
    const auto reverted = edit(R"({"revertToVersionId":"1"})");
    ASSERT_EQ(reverted.status, 200) << reverted.body;
    EXPECT_EQ(api.get(set + "/changes").body, R"({"changes":[]})");
    EXPECT_EQ(get_dicom(first_path).body, make_instance(first));
    EXPECT_THAT(api.get("/dicomweb/studies?PatientName=Doe^Jane").body, HasSubstr("1.2.3"));
}

TEST_F(ImageSetsTest, AStaleEditIsAConflictAndChangesNothing) {
    const auto set = api.get("/v1/image-sets/" + image_set_id()).body;
    simdjson::dom::parser parser;
    std::string_view version;
    ASSERT_EQ(parser.parse(set)["versionId"].get(version), simdjson::SUCCESS);
    const std::string body = R"({"latestVersionId":")" + std::string(version) +
                             R"(","updatableAttributes":{"Patient":{"DICOM":{)"
                             R"("PatientName":"ANON^ANON"}}}})";
    EXPECT_EQ(edit(body).status, 200);
    const auto again = edit(body);
    EXPECT_EQ(again.status, 409);
    EXPECT_THAT(again.body, HasSubstr("the latest version of the image set is"));
}

TEST_F(ImageSetsTest, ACopyIsReadByItsIdUntilItTakesThePlaceOfThePrimaryOne) {
    const std::string copies = "/v1/image-sets/" + image_set_id() + "/copy";
    const auto refused = api.send_json("POST", copies, "{}", auth::Role::Reader);
    EXPECT_EQ(refused.status, 403);
    const auto made = api.send_json("POST", copies, R"({"instances":["1.2.3.1.1"]})");
    ASSERT_EQ(made.status, 201) << made.body;
    EXPECT_THAT(made.body, HasSubstr(R"("numberOfCopiedInstances":1)"));
    const std::string copy(made.headers.get("Location"));
    const std::string id = copy.substr(copy.rfind('/') + 1);
    EXPECT_THAT(api.get(copy).body, HasSubstr(R"("imageSetWorkflowStatus":"COPIED")"));
    ASSERT_EQ(api.send_json("POST", copy + "/edits", kRename).status, 200);
    const std::string tag(get_dicom(first_path).headers.get("ETag"));
    EXPECT_EQ(get_dicom(first_path).body, make_instance(first));
    EXPECT_EQ(
        text_in(get_dicom(first_path + "?imageSetId=" + id).body, dicom::tags::PatientName),
        "ANON^ANON");
    EXPECT_EQ(get_dicom(second_path + "?imageSetId=" + id).status, 404);

    const std::string_view promote = R"({"promoteToPrimary":true,"force":true})";
    const auto promoted = api.send_json("POST", copy + "/copy", promote);
    ASSERT_EQ(promoted.status, 201) << promoted.body;
    EXPECT_THAT(promoted.body, HasSubstr(R"("demoted":{)"));
    const auto now = get_dicom(first_path);
    EXPECT_EQ(text_in(now.body, dicom::tags::PatientName), "ANON^ANON");
    EXPECT_EQ(pixels_of(now.body), pixels_of(make_instance(first)));
    EXPECT_NE(now.headers.get("ETag"), tag);
    EXPECT_EQ(get_dicom(second_path).status, 404) << "it is in the image set of before";
}

TEST_F(ImageSetsTest, BulkDataAndFilesOfACopyAreFoundByTheUidsThatItHasNow) {
    const auto made = api.send_json("POST", "/v1/image-sets/" + image_set_id() + "/copy",
                                    R"({"instances":["1.2.3.1.1"]})");
    ASSERT_EQ(made.status, 201) << made.body;
    const std::string copy(made.headers.get("Location"));
    const std::string of_copy = "?imageSetId=" + copy.substr(copy.rfind('/') + 1);
    // What is remembered of it must not have the old ones later.
    const std::string first_version = of_copy + "&imageSetVersion=1";
    api.get(series_path + "/metadata" + first_version);
    const auto read_bulk_data = [&](const std::string& metadata) {
        const std::string begin = R"("BulkDataURI":")" + api.base() + "/studies";
        const auto at = metadata.find(begin);
        if (at == std::string::npos) return "no URI in " + metadata;
        const auto from = at + begin.size() - std::string_view("/studies").size();
        const auto uri = metadata.substr(from, metadata.find('"', from) - from);
        return api.get("/dicomweb" + uri, {{"Accept", "application/octet-stream"}}).body;
    };
    // It becomes a namesake of the other instance of the series.
    const auto edited = api.send_json(
        "POST", copy + "/edits",
        R"({"force":true,"updatableAttributes":{"Study":{"Series":{"1.2.3.1":{"Instances":
           {"1.2.3.1.1":{"DICOM":{"SOPInstanceUID":"1.2.3.1.2"}}}}}}}})");
    ASSERT_EQ(edited.status, 200) << edited.body;
    const auto pixels = pixels_of(make_instance(first));
    for (const auto& query : {of_copy, first_version}) {
        for (const auto& path : {series_path, second_path}) {
            const auto metadata = api.get(path + "/metadata" + query).body;
            EXPECT_EQ(read_bulk_data(metadata), pixels) << path << query;
        }
    }
    const auto of_second = api.get(second_path + "/metadata").body;
    EXPECT_EQ(read_bulk_data(of_second), pixels_of(make_instance(second)));

    // In a zip the directory comes first, as it is.
    const auto directory = [&](const std::string& query) {
        const auto zip = api.get(series_path + query, {{"Accept", "application/zip"}});
        EXPECT_EQ(zip.status, 200) << zip.body;
        return zip.body.substr(0, zip.body.find("DICOM/S0000001"));
    };
    EXPECT_THAT(directory(of_copy), HasSubstr("1.2.3.1.2"));
    EXPECT_THAT(directory(first_version), HasSubstr("1.2.3.1.1"));
    EXPECT_THAT(directory(first_version), Not(HasSubstr("1.2.3.1.2")));
}

TEST_F(ImageSetsTest, ACopyThatCanNotBeIsRefusedWithTheMemberThatIsWrong) {
    const std::string copies = "/v1/image-sets/" + image_set_id() + "/copy";
    const auto refused = [&](std::string_view body, int status, const std::string& what) {
        const auto answer = api.send_json("POST", copies, body);
        EXPECT_EQ(answer.status, status) << body;
        EXPECT_THAT(answer.body, HasSubstr(what));
    };
    refused("[]", 400, "JSON object");
    refused(R"({"latestVersionId":2})", 400, "latestVersionId");
    refused(R"({"latestVersionId":"0"})", 400, "latestVersionId");
    refused(R"({"instances":[]})", 400, "instances");
    refused(R"({"destination":{}})", 400, "imageSetId");
    refused(R"({"promoteToPrimary":"yes"})", 400, "promoteToPrimary");
    refused(R"({"copy":1})", 400, "copy");
    refused(R"({"latestVersionId":"99"})", 409, "the latest version of the image set is");
    refused(R"({"instances":["1.9"]})", 404, "1.9");
    refused(R"({"promoteToPrimary":true})", 400, "primary already");
    EXPECT_EQ(api.send_json("POST", "/v1/image-sets/none/copy", "{}").status, 404);
}

TEST_F(ImageSetsTest, StudiesAndPatientsAreEditedAsAWhole) {
    const MadeInstance other{.series = "1.2.3.2", .instance = "1.2.3.2.1"};
    ASSERT_EQ(api.store({make_instance(other)}).status, 200);
    EXPECT_EQ(edit(kRename).status, 409) << "the other series would keep the name";
    const auto study = api.send_json("POST", "/v1/studies/1.2.3/edits", kRename);
    ASSERT_EQ(study.status, 200) << study.body;
    const auto patient =
        api.send_json("POST", "/v1/patients/P1/edits",
                      R"({"updatableAttributes":{"Patient":{"DICOM":{"PatientID":"P2"}}}})");
    ASSERT_EQ(patient.status, 200) << patient.body;
    EXPECT_THAT(api.get("/dicomweb/series?PatientID=P2").body, HasSubstr("1.2.3.2"));
    EXPECT_EQ(api.send_json("POST", "/v1/patients/P1/edits", kRename).status, 404);
    EXPECT_EQ(api.send_json("POST", "/v1/studies/9/edits", kRename).status, 404);
}

TEST_F(ImageSetsTest, WhatMustNotBeEditedIsRefusedByItsTag) {
    const auto pixels = edit(
        R"({"updatableAttributes":{"Study":{"Series":{"1.2.3.1":{"DICOM":{"Rows":1}}}}}})");
    EXPECT_EQ(pixels.status, 400);
    EXPECT_THAT(pixels.body, HasSubstr("(0028,0010)"));
    EXPECT_EQ(edit("{}").status, 400);
    EXPECT_EQ(edit(R"({"unknown":1})").status, 400);
    EXPECT_EQ(edit(kRename, auth::Role::Writer).status, 403);
    EXPECT_EQ(api.send({.method = "DELETE",
                        .target = "/dicomweb/studies/1.2.3/series/1.2.3.1?imageSetVersion=1",
                        .headers = {}})
                  .status,
              400)
        << "a version is not deleted, and the series was not meant";
}

}  // namespace
}  // namespace larmor::api
