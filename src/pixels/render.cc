#include "pixels/render.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "pixels/grey_map.h"
#include "pixels/statistics.h"

namespace larmor::pixels {
namespace {

bool is_usable(const Window& window, VoiFunction function) {
    if (!std::isfinite(window.center) || !std::isfinite(window.width)) return false;
    return function == VoiFunction::Linear ? window.width >= 1 : window.width > 0;
}

/// The first rule that applies: the caller's window, the data set's window, its VOI LUT, the
/// caller's default, the statistics of the frame.
Result<GreyMap> choose_map(const ImageDescription& image, const Frame& frame,
                           std::uint32_t frame_number, const RenderOptions& options) {
    const auto& transform = image.transform(frame_number);
    GreyMap map;
    map.transform = &transform;
    map.padding = image.padding;
    map.inverted = image.photometric == Photometric::Monochrome1;
    map.function = options.voi_function.value_or(transform.voi_function);
    if (options.window) {
        if (!is_usable(*options.window, map.function)) {
            return fail(
                ErrorCode::InvalidInput,
                "window width " + std::to_string(options.window->width) + " is out of range");
        }
        map.window = options.window;
        return map;
    }
    const std::size_t index = options.window_index;
    if (index < transform.windows.size()) {
        if (is_usable(transform.windows[index], map.function)) {
            map.window = transform.windows[index];
            return map;
        }
    } else if (transform.windows.empty() && index < transform.voi_luts.size()) {
        map.voi_lut = &transform.voi_luts[index];
        return map;
    } else if (index != 0) {
        return fail(ErrorCode::InvalidInput, "there is no window " + std::to_string(index));
    }
    map.function = VoiFunction::LinearExact;
    if (options.default_window && is_usable(*options.default_window, map.function)) {
        map.window = options.default_window;
    } else if (const auto statistics = statistics_of(image, frame, frame_number)) {
        map.window = statistics->default_window;
    } else {
        map.window = Window{};  // padding only: all of it is drawn black anyway
    }
    return map;
}

/// 16 and 32-bit colour: the high eight bits.
template <typename T>
void narrow_colour(std::span<T> values, unsigned bits, std::uint8_t* out) {
    const unsigned shift = bits > 8 ? bits - 8 : 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
        out[i] =
            static_cast<std::uint8_t>(static_cast<std::make_unsigned_t<T>>(values[i]) >> shift);
    }
}

Result<Picture> draw_colour(Frame frame) {
    Picture picture{frame.rows, frame.columns, 3, {}};
    if (frame.type == SampleType::U8 && frame.bits_stored == 8) {
        picture.pixels = std::move(frame.pixels);
        return picture;
    }
    picture.pixels = SampleBuffer(frame.sample_count());
    auto* out = reinterpret_cast<std::uint8_t*>(picture.pixels.data());
    const unsigned bits = frame.bits_stored;
    switch (frame.type) {
        case SampleType::U8: {
            const auto values = frame.values<std::uint8_t>();
            // Fewer than eight bits: up to full white.
            const unsigned highest = (1U << bits) - 1;
            for (std::size_t i = 0; i < values.size(); ++i) {
                out[i] = static_cast<std::uint8_t>(values[i] * 255U / highest);
            }
            break;
        }
        case SampleType::U16:
            narrow_colour(frame.values<std::uint16_t>(), bits, out);
            break;
        case SampleType::U32:
            narrow_colour(frame.values<std::uint32_t>(), bits, out);
            break;
        default:
            return fail(ErrorCode::Unsupported, "colour of signed or float samples");
    }
    return picture;
}

Frame copy_of(const Frame& frame) {
    Frame copy = frame_like(frame, frame.rows, frame.columns);
    std::memcpy(copy.pixels.data(), frame.pixels.data(), copy.pixels.size());
    return copy;
}

/// The size that fits, at least one pixel; the picture's own where it fits already and is not
/// to be scaled up.
std::pair<std::uint32_t, std::uint32_t> fit(const Picture& picture,
                                            const RenderOptions& options) {
    double scale = std::numeric_limits<double>::infinity();
    if (options.rows_max != 0) {
        scale = std::min(scale, static_cast<double>(options.rows_max) / picture.rows);
    }
    if (options.columns_max != 0) {
        scale = std::min(scale, static_cast<double>(options.columns_max) / picture.columns);
    }
    if (!std::isfinite(scale) || (scale > 1 && !options.scale_up)) scale = 1;
    const auto scaled = [&](std::uint32_t side) {
        return std::max<std::uint32_t>(1,
                                       static_cast<std::uint32_t>(std::lround(side * scale)));
    };
    return {scaled(picture.rows), scaled(picture.columns)};
}

}  // namespace

Result<Picture> render_frame(const ImageDescription& image, const Frame& frame,
                             std::uint32_t frame_number, const RenderOptions& options) {
    if (frame.sample_count() == 0) return fail(ErrorCode::InvalidInput, "an empty frame");
    Picture picture;
    if (frame.samples == 3 || frame.photometric == Photometric::PaletteColor) {
        TRY(auto rgb, to_rgb(image, copy_of(frame)));
        TRY(picture, draw_colour(std::move(rgb)));
    } else {
        TRY(const auto map, choose_map(image, frame, frame_number, options));
        picture = {frame.rows, frame.columns, 1, SampleBuffer(frame.sample_count())};
        map_grey(frame, map, reinterpret_cast<std::uint8_t*>(picture.pixels.data()));
    }
    if (options.region) {
        TRY(picture, crop(picture, *options.region));
    }
    const auto [rows, columns] = fit(picture, options);
    if (rows == picture.rows && columns == picture.columns) return picture;
    return scale(picture, rows, columns);
}

}  // namespace larmor::pixels
