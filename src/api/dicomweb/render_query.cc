#include "api/dicomweb/render_query.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <vector>

#include "dicom/values.h"
#include "http/headers.h"
#include "pixels/annotate.h"

namespace larmor::api {
namespace {

/// What JPEG can hold on a side, and what one answer may take of memory.
constexpr std::uint32_t kViewportSideMax = 65'500;
constexpr std::uint64_t kViewportPixelsMax = std::uint64_t{1} << 26;

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

std::optional<pixels::VoiFunction> function_of(std::string_view keyword) {
    if (keyword == "linear") {
        return pixels::VoiFunction::Linear;
    }
    if (keyword == "linear-exact") {
        return pixels::VoiFunction::LinearExact;
    }
    return keyword == "sigmoid" ? std::optional(pixels::VoiFunction::Sigmoid) : std::nullopt;
}

Result<void> read_window(std::string_view text, pixels::RenderOptions& options) {
    const auto parts = split(text);
    const auto center = dicom::parse_decimal(parts[0]);
    const auto width = parts.size() == 3 ? dicom::parse_decimal(parts[1]) : std::nullopt;
    const auto function = parts.size() == 3 ? function_of(parts[2]) : std::nullopt;
    if (!center || !width || !function) {
        return fail(
            ErrorCode::InvalidInput,
            "window is not of the form center,width,function with a function of linear, "
            "linear-exact or sigmoid");
    }
    // Source: PS3.3 sections C.11.2.1.2.1 and C.11.2.1.3.
    const bool is_linear = *function == pixels::VoiFunction::Linear;
    if (is_linear ? *width < 1 : !(*width > 0)) {
        return fail(ErrorCode::InvalidInput, is_linear
                                                 ? "the width of a linear window is at least 1"
                                                 : "the width of a window is greater than 0");
    }
    options.window = pixels::Window{*center, *width};
    options.voi_function = function;
    return {};
}

tl::unexpected<Error> wrong_viewport() {
    return fail(ErrorCode::InvalidInput,
                "viewport is not of the form width,height or width,height,x,y,width,height: a "
                "size in pixels from 1 to 65500, and a region of the image");
}

Result<std::uint32_t> parse_side(std::string_view text) {
    std::uint32_t side = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), side);
    if (error != std::errc() || end != text.data() + text.size() || side == 0 ||
        side > kViewportSideMax) {
        return wrong_viewport();
    }
    return side;
}

/// The region of a viewport; of its values each may be left out.
Result<pixels::Region> parse_region(const std::vector<std::string_view>& parts) {
    pixels::Region region;
    const auto value = [&](std::size_t index) -> Result<std::optional<double>> {
        if (index >= parts.size() || parts[index].empty()) {
            return std::optional<double>();
        }
        const auto number = dicom::parse_decimal(parts[index]);
        if (!number || !std::isfinite(*number)) {
            return wrong_viewport();
        }
        return number;
    };
    TRY(const auto x, value(2));
    TRY(const auto y, value(3));
    TRY(const auto width, value(4));
    TRY(const auto height, value(5));
    region.x = std::abs(x.value_or(0));
    region.y = std::abs(y.value_or(0));
    if (width) {
        region.width = std::abs(*width);
        region.flip_horizontally = *width < 0;
    }
    if (height) {
        region.height = std::abs(*height);
        region.flip_vertically = *height < 0;
    }
    if (region.width == 0.0 || region.height == 0.0) {
        return wrong_viewport();
    }
    return region;
}

Result<void> read_viewport(std::string_view text, pixels::RenderOptions& options) {
    const auto parts = split(text);
    if (parts.size() < 2 || parts.size() > 6) {
        return wrong_viewport();
    }
    TRY(options.columns_max, parse_side(parts[0]));
    TRY(options.rows_max, parse_side(parts[1]));
    if (std::uint64_t{options.columns_max} * options.rows_max > kViewportPixelsMax) {
        return fail(ErrorCode::InvalidInput, "viewport: more than 67,108,864 pixels");
    }
    if (parts.size() > 2) {
        TRY(options.region, parse_region(parts));
    }
    options.scale_up = true;
    return {};
}

/// All that is asked for must be known, even where none of it is done.
Result<void> check_keywords(std::string_view name, std::string_view text,
                            std::initializer_list<std::string_view> known) {
    for (const std::string_view keyword : split(text)) {
        if (std::ranges::find(known, keyword) == known.end()) {
            return fail(ErrorCode::InvalidInput,
                        std::string(name) + " has a value that the standard does not know");
        }
    }
    return {};
}

Result<void> read_profile(std::string_view text, RenderQuery& query) {
    using Profile = RenderQuery::Profile;
    constexpr std::array<std::pair<std::string_view, Profile>, 5> kProfiles = {
        {{"no", Profile::None},
         {"yes", Profile::Own},
         {"srgb", Profile::Srgb},
         {"adobergb", Profile::AdobeRgb},
         {"rommrgb", Profile::RommRgb}}};
    for (const auto& [keyword, profile] : kProfiles) {
        if (keyword == text) {
            query.profile = profile;
            return {};
        }
    }
    return fail(ErrorCode::InvalidInput,
                "iccprofile has a value that the standard does not know");
}

void warn_of_annotation(std::string_view text, RenderQuery& query) {
    // The words of PS3.18 section 8.3.5.1.1.
    query.warnings.push_back("The following annotation values are not supported: " +
                             std::string(text));
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
        TRY_VOID(read_quality(*quality, result));
    }
    if (const auto annotation = query.find("annotation")) {
        TRY_VOID(read_annotation(*annotation, result));
    }
    if (const auto profile = query.find("iccprofile")) {
        TRY_VOID(read_profile(*profile, result));
    }
    return result;
}

Result<void> read_annotation(std::string_view text, RenderQuery& query) {
    TRY_VOID(check_keywords("annotation", text, {"patient", "technique"}));
    if (!pixels::can_annotate()) {
        warn_of_annotation(text, query);
        return {};
    }
    for (const std::string_view keyword : split(text)) {
        (keyword == "patient" ? query.annotate_patient : query.annotate_technique) = true;
    }
    return {};
}

Result<void> read_quality(std::string_view text, RenderQuery& query) {
    const auto [end, error] =
        std::from_chars(text.data(), text.data() + text.size(), query.quality);
    if (error != std::errc() || end != text.data() + text.size() || query.quality < 1 ||
        query.quality > 100) {
        return fail(ErrorCode::InvalidInput, "quality is not a number from 1 to 100");
    }
    return {};
}

void drop_annotation(RenderQuery& query) {
    const bool patient = std::exchange(query.annotate_patient, false);
    const bool technique = std::exchange(query.annotate_technique, false);
    if (patient || technique) {
        warn_of_annotation(patient && technique ? "patient,technique"
                           : patient            ? "patient"
                                                : "technique",
                           query);
    }
}

}  // namespace larmor::api
