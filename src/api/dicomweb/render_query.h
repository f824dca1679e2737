#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "http/query.h"
#include "pixels/render.h"

namespace larmor::api {

/// What a client asks of a picture. Source: PS3.18 section 8.3.5.1.
struct RenderQuery {
    pixels::RenderOptions options;
    int quality = 85;  ///< of JPEG and WebP, 1 to 100
    bool has_viewport = false;
    /// Which ICC profile goes along, and thereby which colours: the instance's own, or that of
    /// a colour space into which its colours are turned.
    enum class Profile : std::uint8_t { None, Own, Srgb, AdobeRgb, RommRgb };
    Profile profile = Profile::None;
    /// What is to be burnt into the picture.
    bool annotate_patient = false;
    bool annotate_technique = false;
    /// What was asked for and is not done.
    std::vector<std::string> warnings;
};

/// Reads `window=center,width,function`, `viewport=width,height[,x,y,width,height]`, `quality`,
/// `annotation` and `iccprofile`. Errors: InvalidInput, for a viewport of more than 64 million
/// pixels too.
Result<RenderQuery> parse_render_query(const http::Query& query);

// The same for single parameters, for services that name them otherwise. Errors: InvalidInput.
/// A list of `patient` and `technique`. Where there is no font, it becomes a warning.
Result<void> read_annotation(std::string_view text, RenderQuery& query);
Result<void> read_quality(std::string_view text, RenderQuery& query);
/// What a thumbnail must not have: PS3.18 section 10.4.3.3.4 wants no patient's data in it.
void drop_annotation(RenderQuery& query);

}  // namespace larmor::api
