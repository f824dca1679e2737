#include "api/dicomweb/render_query.h"

#include "pixels/annotate.h"

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
    EXPECT_EQ(parsed("window=-500.5,0.5,sigmoid")->options.window,
              (pixels::Window{-500.5, 0.5}));
    EXPECT_FALSE(parsed("")->options.window);
}

TEST(RenderQuery, RefusesWhatIsNone) {
    // PS3.18 sections 8.3.5.1.1 to 8.3.5.1.5 want 400 for all of these.
    for (const auto* bad : {"window=40",
                            "window=40,400",
                            "window=a,b,linear",
                            "window=40,400,cubic",
                            "window=1,2,linear,4",
                            "window=1,0.5,linear",
                            "window=1,0,sigmoid",
                            "viewport=100",
                            "viewport=0,100",
                            "viewport=-1,1",
                            "viewport=1e9,1",
                            "viewport=nan,1",
                            "viewport=1.5,1",
                            "viewport=1,2,x",
                            "viewport=1,2,0,0,0,5",
                            "viewport=1,2,0,0,1,1,1",
                            "viewport=65500,65500",
                            "quality=0",
                            "quality=101",
                            "quality=high",
                            "quality=",
                            "annotation=",
                            "annotation=patient,name",
                            "iccprofile=maybe"}) {
        const auto query = parsed(bad);
        ASSERT_FALSE(query) << bad;
        EXPECT_EQ(query.error().code, ErrorCode::InvalidInput) << bad;
    }
}

TEST(RenderQuery, AViewportMayNameARegion) {
    const auto region = [](std::string_view text) { return *parsed(text)->options.region; };
    EXPECT_FALSE(parsed("viewport=10,10")->options.region);
    // The example of PS3.18 section 8.3.5.1.3.
    const auto elided = region("viewport=512,512,,,512,512");
    EXPECT_EQ(elided.x, 0);
    EXPECT_EQ(elided.y, 0);
    EXPECT_EQ(elided.width, 512);
    EXPECT_EQ(elided.height, 512);
    const auto turned = region("viewport=9,9,1.5,-2,-3,4");
    EXPECT_EQ(turned.x, 1.5);
    EXPECT_EQ(turned.y, 2);
    EXPECT_EQ(turned.width, 3);
    EXPECT_TRUE(turned.flip_horizontally);
    EXPECT_FALSE(turned.flip_vertically);
    EXPECT_EQ(region("viewport=9,9,5").width, std::nullopt);
}

TEST(RenderQuery, KnowsWhatToAnnotate) {
    const auto both = parsed("annotation=patient,technique");
    ASSERT_TRUE(both && pixels::can_annotate()) << "fonts-dejavu-core";
    EXPECT_TRUE(both->annotate_patient && both->annotate_technique);
    EXPECT_TRUE(both->warnings.empty());
    auto technique = *parsed("annotation=technique");
    EXPECT_FALSE(technique.annotate_patient);
    drop_annotation(technique);
    EXPECT_FALSE(technique.annotate_technique);
    // The words of PS3.18 section 8.3.5.1.1.
    EXPECT_THAT(
        technique.warnings,
        testing::ElementsAre("The following annotation values are not supported: technique"));
    auto nothing = *parsed("");
    drop_annotation(nothing);
    EXPECT_TRUE(nothing.warnings.empty());
}

TEST(RenderQuery, KnowsTheProfilesOfTheStandard) {
    using Profile = RenderQuery::Profile;
    EXPECT_EQ(parsed("")->profile, Profile::None);
    EXPECT_EQ(parsed("iccprofile=no")->profile, Profile::None);
    EXPECT_EQ(parsed("iccprofile=yes")->profile, Profile::Own);
    EXPECT_EQ(parsed("iccprofile=srgb")->profile, Profile::Srgb);
    EXPECT_EQ(parsed("iccprofile=adobergb")->profile, Profile::AdobeRgb);
    EXPECT_EQ(parsed("iccprofile=rommrgb")->profile, Profile::RommRgb);
}

}  // namespace
}  // namespace larmor::api
