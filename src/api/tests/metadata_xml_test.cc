#include "api/tests/api_fixture.h"

namespace larmor::api {
namespace {

using testing::HasSubstr;
using testing::SizeIs;
using testing::StartsWith;

constexpr std::string_view kXml = R"(multipart/related; type="application/dicom+xml")";

struct MetadataXml : testing::Test {
    static void SetUpTestSuite() {
        api_ = std::make_unique<ApiServer>();
        for (const auto* instance : {"1.1.1.1", "1.1.1.2"}) {
            EXPECT_EQ(api_->store({make_instance({.study = "1.1",
                                                  .series = "1.1.1",
                                                  .instance = instance,
                                                  .patient_name = "A&B^<C>"})})
                          .status,
                      200);
        }
        api_->wait_until_prepared();
    }
    static void TearDownTestSuite() { api_.reset(); }
    static inline std::unique_ptr<ApiServer> api_;

    static http::ClientResponse get(const std::string& path, std::string_view accept,
                                    http::Headers headers = {}) {
        headers.add("Accept", accept);
        return api_->get("/dicomweb" + path, std::move(headers));
    }
};

// PS3.18 sections 8.7.3.2 and 10.4.1.1.2.
TEST_F(MetadataXml, EachInstanceIsAPart) {
    for (const auto& [path, count] :
         {std::pair{"/studies/1.1/metadata", 2U},
          {"/studies/1.1/series/1.1.1/metadata", 2U},
          {"/studies/1.1/series/1.1.1/instances/1.1.1.2/metadata", 1U},
          {"/instances?StudyInstanceUID=1.1", 2U},
          {"/studies?StudyInstanceUID=1.1", 1U},
          {"/studies?StudyInstanceUID=9.9", 0U}}) {
        const auto response = get(path, kXml);
        ASSERT_EQ(response.status, 200) << path << response.body;
        EXPECT_THAT(std::string(response.headers.get("Content-Type")),
                    StartsWith("multipart/related"));
        if (count == 0) {
            EXPECT_THAT(response.body, StartsWith("--"));
            continue;
        }
        const auto parts = parts_of(response);
        ASSERT_THAT(parts, SizeIs(count)) << path;
        EXPECT_EQ(parts[0].content_type, "application/dicom+xml");
        EXPECT_THAT(parts[0].data, HasSubstr("<NativeDicomModel"));
    }
    const auto parts = parts_of(get("/studies/1.1/metadata", kXml));
    EXPECT_THAT(parts[1].data, HasSubstr(">1.1.1.2</Value>"));
    EXPECT_THAT(parts[1].data, HasSubstr("<FamilyName>A&amp;B</FamilyName>"));
    EXPECT_THAT(parts[1].data,
                HasSubstr("<BulkData uri=\"" + api_->base() + "/studies/1.1/series/1.1.1/"));
}

TEST_F(MetadataXml, JsonIsTheDefaultAndTheHigherWeightDecides) {
    const auto type = [](std::string_view accept) {
        return std::string(get("/studies/1.1/metadata", accept).headers.get("Content-Type"));
    };
    EXPECT_EQ(type("*/*"), "application/dicom+json");
    EXPECT_EQ(type(std::string(kXml) + ", application/dicom+json"), "application/dicom+json");
    EXPECT_THAT(type(std::string(kXml) + ", application/dicom+json;q=0.5"),
                StartsWith("multipart/related"));
    EXPECT_EQ(type(std::string(kXml) + ";q=0.1, application/json;q=0.5"), "application/json");
    EXPECT_EQ(
        get("/studies/1.1/metadata", "multipart/related; type=\"application/dicom\"").status,
        406);
    EXPECT_EQ(get("/studies/1.1/metadata", std::string(kXml) + ";q=0").status, 406);
    const auto xml = get("/studies/1.1/metadata", kXml);
    EXPECT_EQ(get("/studies/1.1/metadata", kXml,
                  {{"If-None-Match", std::string(xml.headers.get("ETag"))}})
                  .status,
              304);
    EXPECT_NE(get("/studies/1.1/metadata", "*/*").headers.get("ETag"), xml.headers.get("ETag"));
}

}  // namespace
}  // namespace larmor::api
