#include "api/healthimaging/errors.h"
#include "api/healthimaging/resource_arn.h"
#include "api/healthimaging/search_criteria.h"
#include "api/healthimaging/service_json.h"
#include "api/healthimaging/update_request.h"
#include "ingest/manifest_parameters.h"

namespace larmor::api {
namespace {

const std::string kDatastoreId(32, 'd');
const std::string kImageSetId(32, '1');

TEST(ResourceArn, NamesADatastoreOrAnImageSetWhateverTheRegion) {
    for (const auto* arn : {"arn:aws:medical-imaging:local:000000000000:datastore/",
                            "arn:aws-cn:medical-imaging:cn-north-1:123456789012:datastore/"}) {
        const auto datastore = parse_resource_arn(arn + kDatastoreId);
        ASSERT_TRUE(datastore) << datastore.error().message;
        EXPECT_EQ(datastore->datastore_id, kDatastoreId);
        EXPECT_EQ(datastore->image_set_id, "");
        const auto image_set =
            parse_resource_arn(arn + kDatastoreId + "/imageset/" + kImageSetId);
        ASSERT_TRUE(image_set) << image_set.error().message;
        EXPECT_EQ(image_set->image_set_id, kImageSetId);
    }
}

TEST(ResourceArn, RefusesEverythingElse) {
    const std::string begin = "arn:aws:medical-imaging:local:000000000000:";
    for (const auto& arn :
         {std::string(), std::string("arn:aws"), std::string("arn:aws:"),
          "arn:aws:s3:::" + kDatastoreId, begin, begin + "datastore/",
          begin + "datastore/" + kDatastoreId + "x", begin + "datastore/" + kDatastoreId + "/",
          begin + "datastore/" + kDatastoreId + "/imageset/",
          begin + "datastore/" + kDatastoreId + "/imageset/" + kImageSetId + "/x",
          "arn:aws:medical-imaging:datastore/" + kDatastoreId}) {
        EXPECT_FALSE(parse_resource_arn(arn)) << arn;
    }
}

TEST(ServiceObject, HasTimesInSecondsAndObjectsWithin) {
    const auto at = [](std::int64_t us) { return Time(std::chrono::microseconds(us)); };
    std::string used = "what was written before";
    EXPECT_EQ(ServiceObject(std::move(used))
                  .open("a")
                  .time("b", at(1'767'225'600'007'999))
                  .open("c")
                  .close()
                  .time("d", at(1'999'999))
                  .close()
                  .time("e", at(0))
                  .text("f", "{")
                  .text_if_any("g", "")
                  .number("h", -1)
                  .take(),
              R"({"a":{"b":1767225600.007,"c":{},"d":1.999},"e":0.000,"f":"{","h":-1})");
    EXPECT_EQ(ServiceObject().take(), "{}");
}

TEST(SearchCriteria, HaveBothEndsOfARange) {
    const auto query = parse_search_criteria(
        R"({"filters":[{"operator":"BETWEEN","values":[)"
        R"({"DICOMStudyDateAndTime":{"DICOMStudyDate":"20240101"}},)"
        R"({"DICOMStudyDateAndTime":{"DICOMStudyDate":"20240131","DICOMStudyTime":"1015"}}]},)"
        R"({"operator":"BETWEEN","values":[{"createdAt":1.5},{"createdAt":1767225600}]}],)"
        R"("sort":{"sortField":"createdAt","sortOrder":"ASC"}})");
    ASSERT_TRUE(query) << query.error().message;
    EXPECT_EQ(query->studied_from->date, "20240101");
    EXPECT_EQ(query->studied_to->time, "1015");
    EXPECT_EQ(query->created.from, Time(std::chrono::milliseconds(1500)));
    EXPECT_EQ(query->created.to, Time(std::chrono::seconds(1'767'225'600)));
    EXPECT_EQ(query->order, catalog::ImageSetQuery::Order::Created);
    EXPECT_EQ(query->direction, catalog::ImageSetQuery::Direction::Ascending);
}

TEST(SearchCriteria, AreRefusedWhereTheyAreNotOfTheModel) {
    for (const auto* criteria :
         {"[]", "{", R"({"filter":[]})", R"({"filters":{}})", R"({"filters":[{}]})",
          R"({"filters":[{"operator":"EQUAL","values":[{"PatientName":"x"}]}]})",
          R"({"filters":[{"operator":"EQUAL","values":[{"DICOMPatientId":7}]}]})",
          R"({"filters":[{"operator":"EQUAL","values":[{"isPrimary":"true"}]}]})",
          R"({"filters":[{"operator":"EQUAL","values":[{"createdAt":-1}]}]})",
          R"({"filters":[{"operator":"EQUAL","values":[{"createdAt":1e300}]}]})",
          R"({"filters":[{"operator":"EQUAL","values":[{"createdAt":1},{"createdAt":2}]}]})",
          R"({"filters":[{"operator":"BETWEEN","values":[{"createdAt":1},{"updatedAt":2}]}]})",
          R"({"sort":{"sortField":"name","sortOrder":"ASC"}})",
          R"({"sort":{"sortField":"createdAt"}})"}) {
        const auto query = parse_search_criteria(criteria);
        ASSERT_FALSE(query) << criteria;
        EXPECT_EQ(query.error().code, ErrorCode::InvalidInput) << criteria;
    }
}

TEST(SearchCriteria, GoOnRecordWithoutMoreThanTheTrailHas) {
    const auto query = parse_search_criteria(
        R"({"filters":[{"operator":"EQUAL","values":[{"DICOMPatientId":"P 1"}]},)"
        R"({"operator":"EQUAL","values":[{"DICOMStudyInstanceUID":"1.2.3"}]}]})");
    ASSERT_TRUE(query);
    EXPECT_EQ(criteria_for_record(*query), "PatientID=P 1&StudyInstanceUID=1.2.3");
}

// Of the service's model: the httpError of each error, and 429 for what clients try again.
TEST(ServiceErrors, HaveTheNamesAndStatusesOfTheModel) {
    const auto is = [](ErrorCode code, int status, std::string_view name) {
        const auto error = service_error_of(code);
        EXPECT_EQ(error.status, status) << name;
        EXPECT_EQ(error.name, name);
    };
    is(ErrorCode::InvalidInput, 400, "ValidationException");
    is(ErrorCode::LimitExceeded, 400, "ValidationException");
    is(ErrorCode::NoSpace, 402, "ServiceQuotaExceededException");
    is(ErrorCode::Denied, 403, "AccessDeniedException");
    is(ErrorCode::NotFound, 404, "ResourceNotFoundException");
    is(ErrorCode::Conflict, 409, "ConflictException");
    is(ErrorCode::Unavailable, 429, "ThrottlingException");
    is(ErrorCode::Corrupt, 500, "InternalServerException");
}

TEST(PageToken, IsGoodForItsCriteriaOnly) {
    const catalog::ImageSetQuery::Position position{1'767'225'600'000'000,
                                                    catalog::ImageSetRow{17}};
    const auto token = to_page_token(position, "{}");
    const auto back = parse_page_token(token, "{}");
    ASSERT_TRUE(back);
    EXPECT_EQ(back->key, position.key);
    EXPECT_EQ(back->row, position.row);
    EXPECT_FALSE(parse_page_token(token, R"({"filters":[]})"));
    for (const auto* wrong : {"", "1", "1.2", "a.2.3", "1.b.3", "1.2."}) {
        EXPECT_FALSE(parse_page_token(wrong, "{}")) << wrong;
    }
}

TEST(UpdateRequest, TakesDocumentsInBase64) {
    // {"Study":{"DICOM":{"StudyDescription":"x"}}}
    const auto update = parse_update_request(
        "latestVersion=3&force=true",
        R"({"DICOMUpdates":{"updatableAttributes":)"
        R"("eyJTdHVkeSI6eyJESUNPTSI6eyJTdHVkeURlc2NyaXB0aW9uIjoieCJ9fX0="}})");
    ASSERT_TRUE(update) << update.error().message;
    EXPECT_EQ(update->latest_version, 3);
    EXPECT_EQ(update->force, edits::Force::Yes);
    EXPECT_EQ(update->span, catalog::EditRequest::Span::ImageSet);
    ASSERT_EQ(update->document.updates.size(), 1U);
}

TEST(UpdateRequest, IsOneOfTheTwo) {
    const auto revert = parse_update_request("latestVersion=3", R"({"revertToVersionId":"1"})");
    ASSERT_TRUE(revert) << revert.error().message;
    EXPECT_EQ(revert->revert_to, 1);
    for (const auto& [query, body] : std::initializer_list<std::pair<const char*, const char*>>{
             {"", R"({"revertToVersionId":"1"})"},
             {"latestVersion=x", R"({"revertToVersionId":"1"})"},
             {"latestVersion=3&force=yes", R"({"revertToVersionId":"1"})"},
             {"latestVersion=3&includeStudyImageSets=true", R"({"revertToVersionId":"1"})"},
             {"latestVersion=3", "{}"},
             {"latestVersion=3", R"({"revertToVersionId":1})"},
             {"latestVersion=3", R"({"revertToVersionId":"1","DICOMUpdates":{}})"},
             {"latestVersion=3", R"({"DICOMUpdates":{"updatableAttributes":"{}"}})"}}) {
        const auto update = parse_update_request(query, body);
        ASSERT_FALSE(update) << query << ' ' << body;
        EXPECT_EQ(update.error().code, ErrorCode::InvalidInput);
    }
}

TEST(ImportPlace, IsAnAbsolutePathOfThisMachine) {
    EXPECT_EQ(*ingest::path_of_file_uri("file:///data/in%20box/"), "/data/in box/");
    for (const auto* uri :
         {"", "/data", "s3://bucket/in/", "file://host/data", "file://data",
          "file:///data/../etc", "file:///data/%2e%2e/etc", "file:///a%00b", "file:///a%zz"}) {
        EXPECT_FALSE(ingest::path_of_file_uri(uri)) << uri;
    }
}

}  // namespace
}  // namespace larmor::api
