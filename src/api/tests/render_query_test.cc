#include "api/dicomweb/render_query.h"

namespace larmor::api {
namespace {

Result<RenderQuery> parsed(std::string_view text) {
    return parse_render_query(*http::parse_query(text));
}

TEST(RenderQuery, ReadsWindowViewportAndQuality) {
    const auto query = parsed("window=40,400,linear-exact&viewport=256,128&quality=50");
    ASSERT_TRUE(query) << query.error().message;
    EXPECT_EQ(query->options.window, (pixels::Window{40, 400}));
    EXPECT_EQ(query->options.voi_function, pixels::VoiFunction::LinearExact);
    EXPECT_EQ(query->options.columns_max, 256U);
    EXPECT_EQ(query->options.rows_max, 128U);
    EXPECT_EQ(query->quality, 50);
    EXPECT_EQ(parsed("window=-500.5,1500")->options.window, (pixels::Window{-500.5, 1500}));
    EXPECT_FALSE(parsed("")->options.window);
}

TEST(RenderQuery, RefusesWhatIsNone) {
    for (const auto* bad :
         {"window=40", "window=a,b", "window=40,400,cubic", "window=1,2,linear,4",
          "viewport=100", "viewport=0,100", "viewport=-1,1", "viewport=1e9,1", "viewport=nan,1",
          "viewport=1,2,3", "quality=0", "quality=101", "quality=high", "quality="}) {
        EXPECT_FALSE(parsed(bad)) << bad;
    }
    EXPECT_EQ(parsed("viewport=10,10,0,0,5,5").error().code, ErrorCode::Unsupported);
}

}  // namespace
}  // namespace larmor::api
