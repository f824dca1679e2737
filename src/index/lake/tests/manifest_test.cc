#include "index/lake/manifest.h"

#include <gtest/gtest.h>

namespace larmor::index::lake {
namespace {

std::string files_of(const std::string& files) {
    return R"({"format":1,"number":1,"files":[)" + files + "]}";
}

TEST(LakeManifest, SaysOnlyWhatAManifestMaySay) {
    const Manifest manifest{.number = 7,
                            .files = {{.table = Table::Instance,
                                       .month = "2004-01",
                                       .id = "00c0ffee00c0ffee",
                                       .rows = 12,
                                       .bytes = 3456}}};
    const auto read = parse_manifest(to_json(manifest));
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(*read, manifest);
    const std::string file = R"({"path":"study/study_month=)";
    const std::string good = file + R"(2004-01/00c0ffee00c0ffee.parquet","rows":1,"bytes":1})";
    ASSERT_TRUE(parse_manifest(files_of(good)));
    for (const std::string& json : {
             std::string(),
             std::string("{}"),
             std::string(R"({"format":1,"number":-1,"files":[]})"),
             std::string(R"({"format":1,"number":9223372036854775807,"files":[]})"),
             files_of(R"({"path":"x","rows":1,"bytes":1})"),
             files_of(file + R"(../../etc/00c0ffee00c0ffee.parquet","rows":1,"bytes":1})"),
             files_of(file + R"(20-4-01/00c0ffee00c0ffee.parquet","rows":1,"bytes":1})"),
             files_of(file + R"(2004-01/x'] .parquet","rows":1,"bytes":1})"),
             files_of(file + R"(2004-01/00c0ffee00c0ffee.parquet","rows":-1,"bytes":1})"),
             files_of(good + "," + good),
         }) {
        const auto refused = parse_manifest(json);
        ASSERT_FALSE(refused) << json;
        EXPECT_EQ(refused.error().code, ErrorCode::Corrupt);
    }
    const auto newer = parse_manifest(R"({"format":2,"number":1,"files":[]})");
    ASSERT_FALSE(newer);
    EXPECT_EQ(newer.error().code, ErrorCode::Unsupported);
}

TEST(LakeManifest, HasOneNameForEachNumber) {
    EXPECT_EQ(manifest_name(12), "_larmor/manifests/0000000000000012.json");
    EXPECT_EQ(manifest_number(manifest_name(12)), 12);
    for (const char* other : {"_larmor/manifests/12.json", "_larmor/manifests/.json",
                              "_larmor/manifests/0000000000000000.json",
                              "_larmor/manifests/0000000000000012.json.part",
                              "_larmor/tmp/0000000000000012.json"}) {
        EXPECT_EQ(manifest_number(other), std::nullopt) << other;
    }
}

}  // namespace
}  // namespace larmor::index::lake
