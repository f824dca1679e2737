// YBR and palettes to RGB. Source: PS3.3 sections C.7.6.3.1.2 and C.7.6.3.1.5.
#include <algorithm>
#include <array>
#include <cmath>
#include <string>

#include "pixels/render.h"

namespace larmor::pixels {
namespace {

/// 16.16 fixed point, as JPEG libraries do it: the same picture through either door.
constexpr int fixed(double value) {
    return static_cast<int>((value * 131072 + 1) / 2);  // rounded
}
struct Coefficients {
    int y;
    int y_zero;
    int cr_to_red;
    int cb_to_green;
    int cr_to_green;
    int cb_to_blue;
};
constexpr Coefficients kFull{65536,           0,           fixed(1.402), fixed(0.344136),
                             fixed(0.714136), fixed(1.772)};
/// CCIR 601-2: luma 16 to 235, colour 16 to 240.
constexpr Coefficients kPartial{
    fixed(1.164384), 16, fixed(1.596027), fixed(0.391762), fixed(0.812968), fixed(2.017232)};

std::uint8_t clamp8(int value) {
    return static_cast<std::uint8_t>(std::clamp(value, 0, 255));
}

void ybr_to_rgb_8(std::span<std::uint8_t> values, const Coefficients& k) {
    constexpr int kHalf = 1 << 15;
    for (std::size_t i = 0; i + 2 < values.size(); i += 3) {
        const int y = (values[i] - k.y_zero) * k.y;
        const int cb = values[i + 1] - 128;
        const int cr = values[i + 2] - 128;
        values[i] = clamp8((y + cr * k.cr_to_red + kHalf) >> 16);
        values[i + 1] = clamp8((y - cb * k.cb_to_green - cr * k.cr_to_green + kHalf) >> 16);
        values[i + 2] = clamp8((y + cb * k.cb_to_blue + kHalf) >> 16);
    }
}

template <typename T>
void ybr_to_rgb_wide(std::span<T> values, const Coefficients& k, unsigned bits) {
    const double highest = std::ldexp(1.0, static_cast<int>(bits)) - 1;
    const double centre = std::ldexp(1.0, static_cast<int>(bits) - 1);
    const double zero = std::ldexp(k.y_zero, static_cast<int>(bits) - 8);
    const auto out = [&](double value) {
        return static_cast<T>(std::lround(std::clamp(value / 65536, 0.0, highest)));
    };
    for (std::size_t i = 0; i + 2 < values.size(); i += 3) {
        const double y = (values[i] - zero) * k.y;
        const double cb = values[i + 1] - centre;
        const double cr = values[i + 2] - centre;
        values[i] = out(y + cr * k.cr_to_red);
        values[i + 1] = out(y - cb * k.cb_to_green - cr * k.cr_to_green);
        values[i + 2] = out(y + cb * k.cb_to_blue);
    }
}

Result<Frame> ybr_to_rgb(Frame frame, const Coefficients& coefficients) {
    switch (frame.type) {
        case SampleType::U8:
            ybr_to_rgb_8(frame.values<std::uint8_t>(), coefficients);
            break;
        case SampleType::U16:
            ybr_to_rgb_wide(frame.values<std::uint16_t>(), coefficients, frame.bits_stored);
            break;
        default:
            return fail(ErrorCode::Unsupported, "YBR of signed or more than 16-bit samples");
    }
    frame.photometric = Photometric::Rgb;
    return frame;
}

/// Entries of the declared bits; tables that say 16 and hold 8-bit values are common, and one
/// that uses none of its upper half is such.
unsigned bits_of(const std::array<LookupTable, 3>& palette) {
    unsigned bits = 8;
    std::uint16_t highest = 0;
    for (const auto& table : palette) {
        bits = std::max(bits, table.bits);
        for (const auto value : table.values) highest = std::max(highest, value);
    }
    if (highest <= 255) return 8;
    while ((highest >> bits) != 0) ++bits;
    return bits;
}

template <typename T>
void look_up(std::span<const T> indices, const std::array<LookupTable, 3>& palette,
             std::uint16_t* out) {
    for (const auto index : indices) {
        for (const auto& table : palette) {
            *out++ = table.at(static_cast<std::int64_t>(index));
        }
    }
}

Result<Frame> palette_to_rgb(const ImageDescription& image, const Frame& frame) {
    if (!image.palette) {
        return fail(ErrorCode::InvalidInput, "PALETTE COLOR without a sound palette");
    }
    if (frame.samples != 1 || size_of(frame.type) > 2) {
        return fail(ErrorCode::Unsupported, "a palette for more than 16-bit samples");
    }
    const auto pixels = frame.sample_count();
    SampleBuffer wide(pixels * 3 * 2);
    auto* out = reinterpret_cast<std::uint16_t*>(wide.data());
    switch (frame.type) {
        case SampleType::U8:
            look_up(frame.values<std::uint8_t>(), *image.palette, out);
            break;
        case SampleType::S8:
            look_up(frame.values<std::int8_t>(), *image.palette, out);
            break;
        case SampleType::U16:
            look_up(frame.values<std::uint16_t>(), *image.palette, out);
            break;
        default:
            look_up(frame.values<std::int16_t>(), *image.palette, out);
            break;
    }
    Frame rgb;
    rgb.rows = frame.rows;
    rgb.columns = frame.columns;
    rgb.samples = 3;
    rgb.photometric = Photometric::Rgb;
    rgb.bits_stored = static_cast<std::uint16_t>(bits_of(*image.palette));
    if (rgb.bits_stored > 8) {
        rgb.type = SampleType::U16;
        rgb.pixels = std::move(wide);
        return rgb;
    }
    rgb.type = SampleType::U8;
    rgb.pixels = SampleBuffer(pixels * 3);
    auto* narrow = reinterpret_cast<std::uint8_t*>(rgb.pixels.data());
    for (std::size_t i = 0; i < pixels * 3; ++i) narrow[i] = static_cast<std::uint8_t>(out[i]);
    return rgb;
}

}  // namespace

Result<Frame> to_rgb(const ImageDescription& image, Frame frame) {
    if (frame.photometric == Photometric::PaletteColor) return palette_to_rgb(image, frame);
    if (frame.samples != 3) return frame;
    if (frame.photometric == Photometric::YbrFull) return ybr_to_rgb(std::move(frame), kFull);
    if (frame.photometric == Photometric::YbrPartial422) {
        return ybr_to_rgb(std::move(frame), kPartial);
    }
    return frame;
}

}  // namespace larmor::pixels
