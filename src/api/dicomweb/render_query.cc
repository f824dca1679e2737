#include "api/dicomweb/render_query.h"

#include <charconv>
#include <vector>

#include "dicom/values.h"
#include "http/headers.h"

namespace larmor::api {
namespace {

/// More pixels than any screen has on a side.
constexpr double kSideMax = 65'500;

std::vector<std::string_view> split(std::string_view text) {
    std::vector<std::string_view> parts;
    while (true) {
        const auto comma = text.find(',');
        parts.push_back(http::trim(text.substr(0, comma)));
        if (comma == std::string_view::npos) {
            return parts;
        }
        text.remove_prefix(comma + 1);
    }
}

Result<void> read_window(std::string_view text, pixels::RenderOptions& options) {
    const auto wrong = [] {
        return fail(
            ErrorCode::InvalidInput,
            "window is not of the form center,width,function with a function of linear, "
            "linear-exact or sigmoid");
    };
    const auto parts = split(text);
    if (parts.size() < 2 || parts.size() > 3) {
        return wrong();
    }
    const auto center = dicom::parse_decimal(parts[0]);
    const auto width = dicom::parse_decimal(parts[1]);
    if (!center || !width) {
        return wrong();
    }
    options.window = pixels::Window{*center, *width};
    if (parts.size() == 3) {
        if (parts[2] == "linear") {
            options.voi_function = pixels::VoiFunction::Linear;
        } else if (parts[2] == "linear-exact") {
            options.voi_function = pixels::VoiFunction::LinearExact;
        } else if (parts[2] == "sigmoid") {
            options.voi_function = pixels::VoiFunction::Sigmoid;
        } else {
            return wrong();
        }
    }
    return {};
}

Result<void> read_viewport(std::string_view text, pixels::RenderOptions& options) {
    const auto parts = split(text);
    if (parts.size() == 6) {
        return fail(ErrorCode::Unsupported, "viewport: a part of the picture is not made");
    }
    const auto width = dicom::parse_decimal(parts[0]);
    const auto height = parts.size() == 2 ? dicom::parse_decimal(parts[1]) : std::nullopt;
    if (!width || !height || *width < 1 || *height < 1 || *width > kSideMax ||
        *height > kSideMax) {
        return fail(ErrorCode::InvalidInput,
                    "viewport is not of the form width,height in pixels from 1 to 65500");
    }
    options.columns_max = static_cast<std::uint32_t>(*width);
    options.rows_max = static_cast<std::uint32_t>(*height);
    return {};
}

}  // namespace

Result<RenderQuery> parse_render_query(const http::Query& query) {
    RenderQuery result;
    if (const auto window = query.find("window")) {
        TRY_VOID(read_window(*window, result.options));
    }
    if (const auto viewport = query.find("viewport")) {
        TRY_VOID(read_viewport(*viewport, result.options));
        result.has_viewport = true;
    }
    if (const auto quality = query.find("quality")) {
        const auto [end, error] =
            std::from_chars(quality->data(), quality->data() + quality->size(), result.quality);
        if (error != std::errc() || end != quality->data() + quality->size() ||
            result.quality < 1 || result.quality > 100) {
            return fail(ErrorCode::InvalidInput, "quality is not a number from 1 to 100");
        }
    }
    return result;
}

}  // namespace larmor::api
