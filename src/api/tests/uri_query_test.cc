#include "api/dicomweb/uri_query.h"

namespace larmor::api {
namespace {

constexpr std::string_view kObject =
    "requestType=WADO&studyUID=1.2&seriesUID=1.2.3&objectUID=1.2.3.4";

Result<UriQuery> asked(const std::string& further) {
    return parse_uri_query(*http::parse_query(std::string(kObject) + "&" + further));
}

TEST(UriQuery, ReadsWhatTheStandardNames) {
    const auto query = asked(
        "contentType=image/png%2Cimage/gif&charset=utf-8&frameNumber=3&rows=100&columns=200&"
        "region=0.25,0,1,0.5&windowCenter=-20.5&windowWidth=400&imageQuality=30&"
        "imageAnnotation=patient&transferSyntax=1.2.840.10008.1.2.4.50&other=1");
    ASSERT_TRUE(query) << query.error().message;
    EXPECT_EQ(query->path.study + " " + query->path.series + " " + query->path.instance,
              "1.2 1.2.3 1.2.3.4");
    EXPECT_EQ(query->content_type, "image/png,image/gif");
    EXPECT_TRUE(query->has_charset);
    EXPECT_EQ(query->frame, 2U);
    EXPECT_EQ(query->render.options.rows_max, 100U);
    EXPECT_EQ(query->render.options.columns_max, 200U);
    EXPECT_EQ(query->region, (std::array{0.25, 0.0, 1.0, 0.5}));
    EXPECT_EQ(query->render.options.window, (pixels::Window{-20.5, 400}));
    EXPECT_EQ(query->render.quality, 30);
    EXPECT_TRUE(query->render.annotate_patient || !query->render.warnings.empty());
    EXPECT_EQ(query->transfer_syntax, "1.2.840.10008.1.2.4.50");
    EXPECT_TRUE(asked("annotation=technique")->render.annotate_technique ||
                !asked("annotation=technique")->render.warnings.empty());
    EXPECT_FALSE(asked("")->frame);
}

TEST(UriQuery, RefusesWhatIsNoRequest) {
    for (const auto* bad :
         {"frameNumber=0", "frameNumber=x", "frameNumber=4294967296", "frameNumber=1,2",
          "rows=5", "columns=5", "rows=0&columns=5", "rows=65500&columns=65500",
          "windowCenter=1", "windowWidth=1", "windowCenter=1&windowWidth=0",
          "windowCenter=nan&windowWidth=1", "windowCenter=a&windowWidth=1", "region=0,0,1",
          "region=0,0,1,1,1", "region=0,0,1,1.1", "region=-0.1,0,1,1", "region=0.5,0,0.5,1",
          "region=0,1,1,0", "region=nan,0,1,1", "imageQuality=0", "imageQuality=101",
          "annotation=all", "anonymize=no", "presentationUID=1.2", "presentationSeriesUID=1.2",
          // PS3.18 section 8.7.3.
          "transferSyntax=1.2.840.10008.1.2", "transferSyntax=1.2.840.10008.1.2.2",
          "transferSyntax=*"}) {
        const auto query = asked(bad);
        ASSERT_FALSE(query) << bad;
        EXPECT_EQ(query.error().code, ErrorCode::InvalidInput) << bad;
    }
    for (const auto* unsupported :
         {"anonymize=yes", "presentationUID=1.2&presentationSeriesUID=1.3"}) {
        const auto query = asked(unsupported);
        ASSERT_FALSE(query) << unsupported;
        EXPECT_EQ(query.error().code, ErrorCode::Unsupported) << unsupported;
    }
}

TEST(UriQuery, NeedsItsTypeAndThreeUids) {
    for (const auto* bad :
         {"", "requestType=WADO", "requestType=wado&studyUID=1&seriesUID=2&objectUID=3",
          "studyUID=1&seriesUID=2&objectUID=3", "requestType=WADO&studyUID=1&seriesUID=2",
          "requestType=WADO&studyUID=1&seriesUID=2&objectUID=",
          "requestType=WADO&studyUID=1&seriesUID=2&objectUID=3/../4"}) {
        EXPECT_FALSE(parse_uri_query(*http::parse_query(bad))) << bad;
    }
    const auto named = named_by_uri_query(*http::parse_query("studyUID=1.2&objectUID=x"));
    EXPECT_EQ(named.study, "1.2");
    EXPECT_EQ(named.instance, "");
}

}  // namespace
}  // namespace larmor::api
