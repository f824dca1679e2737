#pragma once
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
    int quality = 85;  ///< of JPEG, 1 to 100
    bool has_viewport = false;
    /// What was asked for and is not done: annotations and ICC profiles.
    std::vector<std::string> warnings;
};

/// Reads `window=center,width,function`, `viewport=width,height[,x,y,width,height]`, `quality`,
/// `annotation` and `iccprofile`. Errors: InvalidInput, for a viewport of more than 64 million
/// pixels too.
Result<RenderQuery> parse_render_query(const http::Query& query);

}  // namespace larmor::api
