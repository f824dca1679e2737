#include "api/tests/api_fixture.h"

namespace larmor::api {
namespace {

using testing::HasSubstr;
using testing::Not;

struct DeletionsTest : testing::Test {
    ApiServer api;
    MadeInstance first;
    MadeInstance second{.instance = "1.2.3.1.2"};
    MadeInstance other{.study = "1.2.4", .series = "1.2.4.1", .instance = "1.2.4.1.1"};

    void SetUp() override {
        const auto stored =
            api.store({make_instance(first), make_instance(second), make_instance(other)});
        ASSERT_EQ(stored.status, 200) << stored.body;
        api.wait_until_prepared();
    }
    static std::string path_of(const MadeInstance& made) {
        return "/dicomweb/studies/" + made.study + "/series/" + made.series + "/instances/" +
               made.instance;
    }
    http::ClientResponse remove(std::string_view target, auth::Role role = auth::Role::Admin) {
        return api.send({.method = "DELETE", .target = target, .headers = {}}, role);
    }
    http::ClientResponse recover(const std::string& deletion) {
        const std::string target = deletion + "/recover";
        return api.send({.method = "POST", .target = target, .headers = {}});
    }
    int status_of_get(const std::string& target) {
        return api.get(target, {{"Accept", "*/*"}}).status;
    }
};

TEST_F(DeletionsTest, WhatIsDeletedIsGoneFromEveryResourceAtOnce) {
    const std::string study = "/dicomweb/studies/1.2.3";
    const std::vector<std::string> below = {"",
                                            "/metadata",
                                            "/series/1.2.3.1",
                                            "/series/1.2.3.1/metadata",
                                            "/series/1.2.3.1/instances/1.2.3.1.1",
                                            "/series/1.2.3.1/instances/1.2.3.1.1/metadata",
                                            "/series/1.2.3.1/instances/1.2.3.1.1/frames/1",
                                            "/series/1.2.3.1/instances/1.2.3.1.1/rendered",
                                            "/thumbnail"};
    for (const auto& path : below) {
        EXPECT_LT(status_of_get(study + path), 400) << path;
    }
    const auto deleted = remove(study);
    EXPECT_EQ(deleted.status, 204) << deleted.body;
    for (const auto& path : below) {
        EXPECT_EQ(status_of_get(study + path), 404) << path;
    }
    for (const auto* search :
         {"/dicomweb/studies", "/dicomweb/series", "/dicomweb/instances"}) {
        EXPECT_THAT(api.get(search).body, Not(HasSubstr("1.2.3.1"))) << search;
        EXPECT_THAT(api.get(search).body, HasSubstr("1.2.4")) << search;
    }
    EXPECT_EQ(remove(study).status, 404);
}

TEST_F(DeletionsTest, AnInstanceIsRecoveredByteForByte) {
    const auto deleted = remove(path_of(first));
    ASSERT_EQ(deleted.status, 204);
    EXPECT_EQ(status_of_get(path_of(first)), 404);
    EXPECT_LT(status_of_get(path_of(second)), 400);
    const std::string deletion(deleted.headers.get("Location"));
    const auto listed = api.get("/v1/deletions");
    EXPECT_THAT(listed.body, HasSubstr(R"("sop_instance_uid":"1.2.3.1.1")"));
    EXPECT_THAT(listed.body, HasSubstr(deletion.substr(deletion.rfind('/') + 1)));

    const auto recovered = recover(deletion);
    EXPECT_EQ(recovered.status, 200);
    EXPECT_EQ(recovered.body, R"({"recovered":1,"kept":0})");
    EXPECT_EQ(
        api.get(path_of(first), {{"Accept", "application/dicom; transfer-syntax=*"}}).body,
        make_instance(first));
    EXPECT_EQ(api.get("/v1/deletions").body, "[]");
    EXPECT_EQ(recover(deletion).status, 404);
}

TEST_F(DeletionsTest, WhatIsStoredAgainIsAnewAndRecoveryIsAConflict) {
    const auto deleted = remove("/dicomweb/studies/1.2.4");
    ASSERT_EQ(deleted.status, 204);
    auto changed = other;
    changed.pixel = 9;
    changed.patient_id = "P9";
    const auto stored = api.store({make_instance(changed)});
    EXPECT_EQ(stored.status, 200) << "no conflict: " << stored.body;
    EXPECT_EQ(recover(std::string(deleted.headers.get("Location"))).status, 409);
    EXPECT_THAT(api.get("/dicomweb/studies").body, HasSubstr("P9"));
}

TEST_F(DeletionsTest, APurgedStudyCanNotBeRecovered) {
    const auto deleted = remove("/dicomweb/studies/1.2.3");
    const std::string deletion(deleted.headers.get("Location"));
    EXPECT_EQ(remove(deletion).status, 204);
    EXPECT_EQ(recover(deletion).status, 404);
    EXPECT_EQ(remove(deletion).status, 404);
    EXPECT_EQ(api.store({make_instance(first)}).status, 200);
    EXPECT_LT(status_of_get(path_of(first)), 400);
}

TEST_F(DeletionsTest, OnlyTheAdminDeletesAndOnlyUids) {
    for (const auto role : {auth::Role::Reader, auth::Role::Writer, auth::Role::Sender}) {
        EXPECT_EQ(remove("/dicomweb/studies/1.2.3", role).status, 403);
    }
    EXPECT_EQ(remove("/dicomweb/studies/1.2.x").status, 400);
    EXPECT_EQ(remove("/dicomweb/studies/1.2.4/series/1.2.3.1").status, 404);
    EXPECT_EQ(api.get("/v1/deletions?limit=1001").status, 400);
    EXPECT_EQ(api.get("/v1/deletions").body, "[]");
}

}  // namespace
}  // namespace larmor::api
