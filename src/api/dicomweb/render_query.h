#pragma once
#include <optional>
#include <string_view>

#include "base/result.h"
#include "http/query.h"
#include "pixels/render.h"

namespace larmor::api {

/// What a client asks of a picture. Source: PS3.18 section 8.3.5.
struct RenderQuery {
    pixels::RenderOptions options;
    int quality = 85;  ///< of JPEG, 1 to 100
    bool has_viewport = false;
};

/// Reads `window=center,width,function`, `viewport=width,height` and `quality`. A part of the
/// picture (four more numbers of viewport) is not made. Errors: InvalidInput, Unsupported.
Result<RenderQuery> parse_render_query(const http::Query& query);

}  // namespace larmor::api
