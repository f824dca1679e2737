#include <simdjson.h>

#include <set>

#include "api/tests/api_fixture.h"

namespace larmor::api {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::UnorderedElementsAre;

/// Three studies of two patients; the first has a CT series of two and an MR series of one
/// instance.
struct SearchTest : testing::Test {
    static void SetUpTestSuite() {
        server = std::make_unique<ApiServer>();
        const std::vector<std::string> instances = {
            make_instance({.study = "1.1", .series = "1.1.1", .instance = "1.1.1.1"}),
            make_instance({.study = "1.1", .series = "1.1.1", .instance = "1.1.1.2"}),
            make_instance(
                {.study = "1.1", .series = "1.1.2", .instance = "1.1.2.1", .modality = "MR"}),
            make_instance({.study = "1.2",
                           .series = "1.2.1",
                           .instance = "1.2.1.1",
                           .study_date = "20210615"}),
            make_instance({.study = "1.3",
                           .series = "1.3.1",
                           .instance = "1.3.1.1",
                           .patient_id = "P2",
                           .patient_name = "Roe^Richard",
                           .modality = "US",
                           .study_date = "20220101"}),
        };
        EXPECT_EQ(server->store(instances).status, 200);
    }
    static void TearDownTestSuite() { server.reset(); }
    static inline std::unique_ptr<ApiServer> server;

    /// The values of `key` in the results, in their order.
    static std::vector<std::string> values(const std::string& target, std::string_view key) {
        const auto response = server->get("/dicomweb" + target);
        EXPECT_EQ(response.status, 200) << target << " " << response.body;
        EXPECT_EQ(response.headers.get("Content-Type"), "application/dicom+json");
        std::vector<std::string> result;
        simdjson::dom::parser parser;
        simdjson::dom::array items;
        EXPECT_EQ(parser.parse(response.body).get(items), simdjson::SUCCESS) << response.body;
        for (const auto item : items) {
            std::string_view text;
            std::int64_t number = 0;
            const auto value = item[key]["Value"].at(0);
            if (value.get(text) == simdjson::SUCCESS) {
                result.emplace_back(text);
            } else if (value.get(number) == simdjson::SUCCESS) {
                result.push_back(std::to_string(number));
            } else {
                result.emplace_back("-");
            }
        }
        return result;
    }
    static std::vector<std::string> studies(const std::string& query) {
        return values("/studies?" + query, "0020000D");
    }
};

TEST_F(SearchTest, FindsStudiesByEveryRequiredKey) {
    // PS3.18 table 10.6.1-5.
    EXPECT_THAT(studies("PatientID=P2"), ElementsAre("1.3"));
    EXPECT_THAT(studies("00100020=P2"), ElementsAre("1.3"));
    EXPECT_THAT(studies("PatientName=Roe*"), ElementsAre("1.3"));
    EXPECT_THAT(studies("PatientName=roe^richard"), ElementsAre("1.3"));
    EXPECT_THAT(studies("PatientName=D%3Fe^*"), UnorderedElementsAre("1.1", "1.2"));
    EXPECT_THAT(studies("StudyDate=20210615"), ElementsAre("1.2"));
    EXPECT_THAT(studies("StudyDate=20210101-"), UnorderedElementsAre("1.2", "1.3"));
    EXPECT_THAT(studies("StudyDate=-20211231"), UnorderedElementsAre("1.1", "1.2"));
    EXPECT_THAT(studies("StudyDate=20210101-20211231"), ElementsAre("1.2"));
    EXPECT_THAT(studies("ModalitiesInStudy=MR"), ElementsAre("1.1"));
    EXPECT_THAT(studies("StudyInstanceUID=1.1,1.3"), UnorderedElementsAre("1.1", "1.3"));
    EXPECT_THAT(studies("StudyInstanceUID=1.1&PatientID=P2"), ElementsAre());
    EXPECT_THAT(studies("PatientName="), UnorderedElementsAre("1.1", "1.2", "1.3"));
}

TEST_F(SearchTest, NothingFoundIsAnEmptyList) {
    const auto response = server->get("/dicomweb/studies?PatientID=nobody");
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.body, "[]");
}

TEST_F(SearchTest, AStudyHasTheAttributesOfTheStandard) {
    const auto response = server->get("/dicomweb/studies?StudyInstanceUID=1.1");
    // By hand from PS3.18 table 10.6.3-3 and what make_instance wrote.
    EXPECT_EQ(
        response.body,
        R"([{"00080020":{"vr":"DA","Value":["20200131"]},"00080030":{"vr":"TM"},)"
        R"("00080050":{"vr":"SH"},"00080056":{"vr":"CS","Value":["ONLINE"]},)"
        R"("00080061":{"vr":"CS","Value":["CT","MR"]},"00080090":{"vr":"PN"},)"
        R"("00081030":{"vr":"LO"},"00081190":{"vr":"UR","Value":[")" +
            server->base() +
            R"(/studies/1.1"]},"00100010":{"vr":"PN","Value":[{"Alphabetic":"Doe^Jane"}]},)"
            R"("00100020":{"vr":"LO","Value":["P1"]},"00100030":{"vr":"DA"},)"
            R"("00100040":{"vr":"CS"},"0020000D":{"vr":"UI","Value":["1.1"]},)"
            R"("00200010":{"vr":"SH"},"00201206":{"vr":"IS","Value":[2]},)"
            R"("00201208":{"vr":"IS","Value":[3]}}])");
}

TEST_F(SearchTest, FindsSeriesAtBothPaths) {
    EXPECT_THAT(values("/studies/1.1/series", "0020000E"), ElementsAre("1.1.1", "1.1.2"));
    EXPECT_THAT(values("/studies/1.1/series?Modality=MR", "0020000E"), ElementsAre("1.1.2"));
    EXPECT_THAT(values("/series?Modality=CT", "0020000E"),
                UnorderedElementsAre("1.1.1", "1.2.1"));
    EXPECT_THAT(values("/series?PatientID=P2", "0020000E"), ElementsAre("1.3.1"));
    EXPECT_THAT(values("/series?SeriesInstanceUID=1.1.2", "00201209"), ElementsAre("1"));
    EXPECT_THAT(values("/studies/9.9/series", "0020000E"), ElementsAre());
}

TEST_F(SearchTest, FindsInstancesAtAllPaths) {
    EXPECT_EQ(values("/instances", "00080018").size(), 5U);
    EXPECT_THAT(values("/studies/1.1/instances", "00080018"),
                UnorderedElementsAre("1.1.1.1", "1.1.1.2", "1.1.2.1"));
    EXPECT_THAT(values("/studies/1.1/series/1.1.1/instances", "00080018"),
                ElementsAre("1.1.1.1", "1.1.1.2"));
    EXPECT_THAT(values("/instances?SOPInstanceUID=1.1.1.2", "00280010"), ElementsAre("16"));
    EXPECT_THAT(values("/instances?SOPClassUID=1.2.840.10008.5.1.4.1.1.4", "00080018"),
                ElementsAre());
    EXPECT_THAT(values("/studies/1.1/instances?Modality=MR", "00080018"),
                ElementsAre("1.1.2.1"));
}

TEST_F(SearchTest, SaysWhatThePathLeavesOpen) {
    // /instances has all three levels, below a series the instance's own.
    EXPECT_THAT(values("/instances?SOPInstanceUID=1.3.1.1", "00100020"), ElementsAre("P2"));
    EXPECT_THAT(values("/instances?SOPInstanceUID=1.3.1.1", "00080060"), ElementsAre("US"));
    EXPECT_THAT(values("/studies/1.3/series/1.3.1/instances", "00100020"), ElementsAre("-"));
    EXPECT_THAT(
        values("/studies/1.3/series/1.3.1/instances?includefield=PatientID", "00100020"),
        ElementsAre("P2"));
    EXPECT_THAT(
        values("/studies/1.3/series/1.3.1/instances?includefield=all", "00100010").size(), 1U);
}

/// The members of the first object of a JSON array, their values as they stand there.
std::map<std::string, std::string> members(const std::string& json) {
    std::map<std::string, std::string> result;
    simdjson::dom::parser parser;
    simdjson::dom::array items;
    EXPECT_EQ(parser.parse(json).get(items), simdjson::SUCCESS) << json;
    for (const auto [key, value] : items.at(0).get_object()) {
        result[std::string(key)] = simdjson::minify(value);
    }
    return result;
}

TEST(SearchFields, AllOfAnInstanceIsItsMetadataAndTheColumns) {
    ApiServer api;
    const auto file = test_file("syntax/pydicom/CT_small.dcm");
    ASSERT_TRUE(file);
    const std::string bytes = content_of(*file);
    const FileUids uids = uids_of(bytes);
    api.store_files({*file});
    const std::string query = "/dicomweb/instances?SOPInstanceUID=" + uids.instance;
    const auto found = api.get(query + "&includefield=all");
    {
        ApiServer unprepared;
        unprepared.library->preprocessor().stop();
        EXPECT_EQ(unprepared.store({bytes}).status, 200);
        std::string body = unprepared.get(query + "&includefield=all").body;
        for (auto at = body.find(unprepared.base()); at != std::string::npos;
             at = body.find(unprepared.base(), at)) {
            body.replace(at, unprepared.base().size(), api.base());
        }
        EXPECT_EQ(body, found.body);
    }

    const auto metadata = members(api.get("/dicomweb" + uids.path() + "/metadata").body);
    const auto result = members(found.body);
    EXPECT_GT(metadata.size(), 200U);
    for (const auto& [key, value] : metadata) {
        ASSERT_TRUE(result.contains(key)) << key;
        EXPECT_EQ(result.at(key), value) << key;
    }
    EXPECT_TRUE(result.contains("00201208")) << "what the catalog counts";
    std::vector<std::string> in_order;
    for (std::size_t at = 0; (at = found.body.find("\":{\"vr\"", at)) != std::string::npos;
         ++at) {
        in_order.push_back(found.body.substr(at - 8, 8));
    }
    EXPECT_GE(in_order.size(), result.size());

    // One, with what is inside of a sequence and a private one (dcmdump shows them).
    const auto some = members(
        api.get(query + "&includefield=ImageType,00091004,OtherPatientIDsSequence.PatientID")
            .body);
    EXPECT_EQ(some.at("00080008"), R"({"vr":"CS","Value":["ORIGINAL","PRIMARY","AXIAL"]})");
    EXPECT_EQ(some.at("00090010"), R"({"vr":"LO","Value":["GEMS_IDEN_01"]})");
    EXPECT_EQ(some.at("00091004"), R"({"vr":"SH","Value":["HiSpeed CT/i"]})");
    EXPECT_EQ(some.at("00101002"),
              R"({"vr":"SQ","Value":[{"00100020":{"vr":"LO","Value":["ABCD1234"]}},)"
              R"({"00100020":{"vr":"LO","Value":["1234ABCD"]}}]})");
    EXPECT_FALSE(some.contains("00080070"));
}

TEST(SearchFields, StudiesAndSeriesHaveThoseOfTheirLevel) {
    ApiServer api;
    const auto file = test_file("syntax/pydicom/CT_small.dcm");
    ASSERT_TRUE(file);
    api.store_files({*file});
    // PatientWeight and OtherPatientIDsSequence are the study's, Manufacturer the series's.
    const auto study = members(api.get("/dicomweb/studies?includefield=all").body);
    EXPECT_EQ(study.at("00101030"), R"({"vr":"DS","Value":[0.0]})");
    EXPECT_TRUE(study.contains("00101002"));
    EXPECT_FALSE(study.contains("00080070"));
    EXPECT_FALSE(study.contains("00080008"));
    const auto series = members(api.get("/dicomweb/series?includefield=all").body);
    EXPECT_EQ(series.at("00080070"), R"({"vr":"LO","Value":["GE MEDICAL SYSTEMS"]})");
    EXPECT_TRUE(series.contains("00101030"));
    EXPECT_FALSE(series.contains("00080008"));
    const auto named = api.get("/dicomweb/studies?includefield=PatientWeight,Manufacturer");
    EXPECT_EQ(members(named.body).at("00101030"), R"({"vr":"DS","Value":[0.0]})");
    EXPECT_THAT(named.headers.get("Warning"), HasSubstr("Manufacturer is of a lower level"));
    EXPECT_FALSE(members(api.get("/dicomweb/studies").body).contains("00101030"));
}

TEST(SearchFields, MetadataIsReadForTheResultsOfThePageOnly) {
    ApiServer api;
    std::vector<std::string> instances;
    for (int i = 0; i < 20; ++i) {
        instances.push_back(make_instance({.instance = "1.2.3.1." + std::to_string(i)}));
    }
    EXPECT_EQ(api.store(instances).status, 200);
    const auto page = api.get("/dicomweb/instances?limit=3&offset=15&includefield=PixelData");
    std::size_t count = 0;
    for (std::size_t at = 0; (at = page.body.find("BulkDataURI", at)) != std::string::npos;
         ++at) {
        ++count;
    }
    EXPECT_EQ(count, 3U);
    EXPECT_THAT(page.headers.get("Warning"), HasSubstr("additional results"));
}

TEST_F(SearchTest, PagesInAStableOrder) {
    const auto all = studies("");
    ASSERT_EQ(all.size(), 3U);
    std::vector<std::string> paged;
    for (int offset = 0; offset < 4; ++offset) {
        const auto page = studies("limit=1&offset=" + std::to_string(offset));
        paged.insert(paged.end(), page.begin(), page.end());
    }
    EXPECT_EQ(paged, all);
    EXPECT_THAT(studies("limit=0"), ElementsAre());
    const auto first = server->get("/dicomweb/studies?limit=2");
    EXPECT_THAT(first.headers.get("Warning"), HasSubstr("additional results"));
    EXPECT_FALSE(server->get("/dicomweb/studies?limit=3").headers.has("Warning"));
}

TEST_F(SearchTest, WarnsOfWhatItIgnores) {
    const auto response = server->get("/dicomweb/studies?PatientNam=x");
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.headers.get("Warning"),
              "299 larmor \"The parameter PatientNam is unknown and was ignored.\"");
}

TEST_F(SearchTest, RefusesWhatCannotMatch) {
    for (const auto* target : {"/studies?StudyDate=yesterday", "/studies?limit=x",
                               "/studies/abc/series", "/studies/1.1/series/1..x/instances"}) {
        const auto response = server->get("/dicomweb" + std::string(target));
        EXPECT_EQ(response.status, 400) << target;
        EXPECT_EQ(response.headers.get("Content-Type"), "application/problem+json");
    }
    EXPECT_EQ(
        server->get("/dicomweb/studies", {{"Accept", "multipart/related; type=\"image/jpeg\""}})
            .status,
        406);
}

TEST_F(SearchTest, AnswersInOtherJsonTypesAndCompressed) {
    EXPECT_EQ(server->get("/dicomweb/studies", {{"Accept", "application/json"}})
                  .headers.get("Content-Type"),
              "application/json");
    EXPECT_EQ(server->get("/dicomweb/instances", {{"Accept-Encoding", "gzip"}})
                  .headers.get("Content-Encoding"),
              "gzip");
}

}  // namespace
}  // namespace larmor::api
