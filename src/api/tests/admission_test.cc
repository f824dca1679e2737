#include "admission/admission.h"

#include <gmock/gmock.h>

#include "api/tests/api_fixture.h"

namespace larmor::api {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr std::uint64_t kReserve = std::uint64_t{8} << 20;
constexpr std::uint64_t kRoomy = std::uint64_t{1} << 40;

/// A server whose disk is as full as the test says, and fails when it says so.
class StoreAdmissionTest : public testing::Test {
protected:
    std::atomic<std::uint64_t> free_bytes{kRoomy};
    std::atomic<std::uint64_t> used_by_others{0};  ///< between two readings
    std::atomic<bool> fail_row_syncs{false};
    std::atomic<bool> fail_object_syncs{false};

    LibraryOptions library_options() {
        LibraryOptions options;
        options.disk_reserve_bytes = kReserve;
        options.read_disk = [this]() -> Result<admission::DiskSpace> {
            const std::uint64_t now = free_bytes;
            free_bytes = now - std::min<std::uint64_t>(now, used_by_others);
            return admission::DiskSpace{now, kRoomy};
        };
        options.fail_row_syncs = &fail_row_syncs;
        options.fail_object_syncs = &fail_object_syncs;
        return options;
    }

    static std::string instance(int number, std::size_t pixel_bytes = 512) {
        return make_instance(
            {.instance = "1.2.3.1." + std::to_string(number), .pixel_bytes = pixel_bytes});
    }
    static http::ClientResponse add(ApiServer& api, const std::string& bytes) {
        return api.send({.method = "POST",
                         .target = "/v1/instances",
                         .headers = {{"Content-Type", "application/dicom"}},
                         .body = bytes});
    }
    static int remove(ApiServer& api, int number) {
        const auto target = "/dicomweb/studies/1.2.3/series/1.2.3.1/instances/1.2.3.1." +
                            std::to_string(number);
        return api.send({.method = "DELETE", .target = target}).status;
    }
    static std::string metric(ApiServer& api, const std::string& name) {
        const auto text = api.get("/metrics").body;
        const auto at = text.find("\n" + name + " ");
        EXPECT_NE(at, std::string::npos) << name;
        const auto value = at + name.size() + 2;
        return text.substr(value, text.find('\n', value) - value);
    }
    static void expect_reads_go_on(ApiServer& api) {
        EXPECT_EQ(api.get("/dicomweb/instances").status, 200);
        EXPECT_EQ(api.get("/dicomweb/studies/1.2.3/metadata").status, 200);
        EXPECT_EQ(api.get("/dicomweb/studies/1.2.3").status, 200);
    }
    static void expect_refused(const http::ClientResponse& response, std::string_view why) {
        EXPECT_EQ(response.status, 507) << response.body;
        EXPECT_EQ(response.headers.get("Content-Type"), "application/problem+json");
        EXPECT_THAT(response.body, HasSubstr(R"("status":507)"));
        EXPECT_THAT(response.body, HasSubstr(R"("code":"NoSpace")"));
        EXPECT_THAT(response.body, HasSubstr(std::string(why)));
    }
};

TEST_F(StoreAdmissionTest, OfALowDiskAnEditIsRefusedAndChangesNothing) {
    ApiServer api{Options{}, library_options()};
    ASSERT_EQ(add(api, instance(1)).status, 201);
    const std::string_view rename =
        R"({"updatableAttributes":{"Patient":{"DICOM":{"PatientName":"ANON^ANON"}}}})";
    free_bytes = kReserve / 2;
    expect_refused(api.send_json("POST", "/v1/studies/1.2.3/edits", rename), "disk");
    EXPECT_THAT(api.get("/dicomweb/studies").body, Not(HasSubstr("ANON^ANON")));

    expect_refused(api.send_json("POST", "/v1/image-sets/any/copy", "{}"), "disk");

    free_bytes = kRoomy;
    EXPECT_EQ(api.send_json("POST", "/v1/studies/1.2.3/edits", rename).status, 200);
    EXPECT_THAT(api.get("/dicomweb/studies").body, HasSubstr("ANON^ANON"));
}

TEST_F(StoreAdmissionTest, BelowTheMarkStoresAnswer507AndEverythingElseGoesOn) {
    ApiServer api(Options{}, library_options());
    ASSERT_EQ(api.store({instance(1)}).status, 200);
    EXPECT_EQ(api.get("/readyz").body, R"({"status":"ready"})");

    free_bytes = kReserve - 1;
    expect_refused(api.store({instance(2)}), "short of space");
    expect_refused(add(api, instance(2)), std::to_string(kReserve));
    expect_reads_go_on(api);
    const auto ready = api.get("/readyz");
    EXPECT_EQ(ready.status, 200);
    EXPECT_THAT(ready.body, HasSubstr(R"("status":"ready","reason":"the disk is short)"));
    EXPECT_EQ(metric(api, "larmor_disk_free_bytes"), std::to_string(kReserve - 1));
    EXPECT_EQ(metric(api, "larmor_disk_reserve_bytes"), std::to_string(kReserve));
    EXPECT_EQ(metric(api, "larmor_read_only"), "0");
    // Tokens are ended, and made, in the reserve.
    EXPECT_EQ(api.send({.method = "POST",
                        .target = "/v1/tokens",
                        .headers = {{"Content-Type", "application/json"}},
                        .body = R"({"name":"x","role":"reader","lifetime":"1h"})"})
                  .status,
              201);

    EXPECT_EQ(api.store({instance(3)}).status, 507);
    EXPECT_EQ(remove(api, 1), 204) << "deletes go on";

    free_bytes = kRoomy;
    EXPECT_EQ(api.store({instance(2)}).status, 200);
    EXPECT_EQ(api.get("/readyz").body, R"({"status":"ready"})");
}

TEST_F(StoreAdmissionTest, ABodyThatWouldNotFitIsRefused) {
    ApiServer api(Options{}, library_options());
    ASSERT_EQ(api.store({instance(3)}).status, 200);
    free_bytes = kReserve + 100'000;
    expect_refused(add(api, instance(2, 200'000)), "short of space");
    EXPECT_EQ(add(api, instance(1)).status, 201) << "a smaller one fits";
}

TEST_F(StoreAdmissionTest, AnInstanceThatSaysNoLengthIsRefusedWhereTheDiskEnds) {
    ApiServer api(Options{}, library_options());
    ASSERT_EQ(api.store({instance(1)}).status, 200);
    free_bytes = kReserve + 2'000'000;
    used_by_others = 400'000;
    ASSERT_TRUE(api.client->begin_body(
        {.method = "POST",
         .target = "/v1/instances",
         .headers = {{"Content-Type", "application/dicom"},
                     {"Authorization", "Bearer " + api.token(auth::Role::Sender)}}}));
    static_cast<void>(api.client->write_body(as_bytes(instance(2, 4'000'000))));
    const auto answer = api.client->end_body();
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->status, 507);
    EXPECT_TRUE(std::filesystem::is_empty(api.folder / "objects" / "incoming"))
        << "its beginning was removed";
    expect_reads_go_on(api);
}

TEST_F(StoreAdmissionTest, ReadOnlyBySwitchIsReadyAndStoresNothing) {
    auto options = library_options();
    options.read_only = true;
    ApiServer api(Options{}, std::move(options));
    expect_refused(api.store({instance(1)}), "--read-only was given");
    EXPECT_EQ(remove(api, 1), 507);
    EXPECT_EQ(api.get("/dicomweb/instances").status, 200);
    EXPECT_EQ(api.get("/v1/deletions").status, 200);
    const auto ready = api.get("/readyz");
    EXPECT_EQ(ready.status, 200);
    EXPECT_THAT(ready.body, HasSubstr("read-only"));
    EXPECT_EQ(metric(api, "larmor_read_only"), "1");
}

enum class Disk : std::uint8_t { Rows, Segments, Files };
class FailedSyncTest : public StoreAdmissionTest, public testing::WithParamInterface<Disk> {};

TEST_P(FailedSyncTest, TheLibraryStoresNothingMoreSaysSoAndReadsGoOn) {
    ApiServer api(Options{}, library_options());
    ASSERT_EQ(api.store({instance(1)}).status, 200);
    api.wait_until_prepared();

    auto& fails = GetParam() == Disk::Rows ? fail_row_syncs : fail_object_syncs;
    fails = true;
    const auto lost = add(api, instance(2, GetParam() == Disk::Files ? 2'000'000 : 512));
    EXPECT_GE(lost.status, 500) << lost.body;
    fails = false;  // the disk works again, but nobody knows what it holds

    expect_refused(add(api, instance(3)), "a write to the disk failed");
    expect_refused(api.store({instance(4, 2'000'000)}), "a write to the disk failed");
    EXPECT_EQ(remove(api, 1), 507);
    const auto ready = api.get("/readyz");
    EXPECT_EQ(ready.status, 503);
    EXPECT_THAT(ready.body, HasSubstr("a write to the disk failed"));
    EXPECT_EQ(api.get("/healthz").status, 200);
    EXPECT_EQ(metric(api, "larmor_read_only"), "1");
    expect_reads_go_on(api);
    EXPECT_THAT(api.get("/dicomweb/instances").body, Not(HasSubstr("1.2.3.1.2\"")))
        << "what was not acknowledged is not there";
}

std::string name_of_disk(const testing::TestParamInfo<Disk>& info) {
    if (info.param == Disk::Rows) return "Rows";
    return info.param == Disk::Segments ? "Segments" : "Files";
}
INSTANTIATE_TEST_SUITE_P(Of, FailedSyncTest,
                         testing::Values(Disk::Rows, Disk::Segments, Disk::Files),
                         name_of_disk);

}  // namespace
}  // namespace larmor::api
