#include "pixels/grey_map.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <type_traits>

namespace larmor::pixels {
namespace {

/// grey = slope * stored + intercept, then clamped and rounded.
struct Line {
    double slope;
    double intercept;
};

/// The map as a line: possible without tables and without a curve. A LINEAR window of width 1
/// is a step, not a line.
std::optional<Line> as_line(const GreyMap& map) {
    if (!map.window || !map.transform->modality_lut.empty() ||
        map.function == VoiFunction::Sigmoid) {
        return std::nullopt;
    }
    const bool exact = map.function == VoiFunction::LinearExact;
    const double center = exact ? map.window->center : map.window->center - 0.5;
    const double width = exact ? map.window->width : map.window->width - 1;
    if (!(width > 0)) return std::nullopt;
    Line line{map.transform->slope / width * 255,
              ((map.transform->intercept - center) / width + 0.5) * 255};
    if (map.inverted) line = {-line.slope, 255 - line.intercept};
    return line;
}

std::uint8_t to_byte(double grey) {
    return static_cast<std::uint8_t>(std::clamp(grey, 0.0, 255.0) + 0.5);
}

template <typename T>
void map_by_line(std::span<const T> values, Line line, std::uint8_t* out) {
    // float holds 24 bits: exact for the values of 16-bit samples, and twice as fast.
    using Real = std::conditional_t<sizeof(T) <= 2, float, double>;
    const auto slope = static_cast<Real>(line.slope);
    const auto intercept = static_cast<Real>(line.intercept);
    for (std::size_t i = 0; i < values.size(); ++i) {
        auto grey = static_cast<Real>(values[i]) * slope + intercept;
        // In this order, so that NaN becomes 0.
        grey = grey > Real{0} ? grey : Real{0};
        grey = grey < Real{255} ? grey : Real{255};
        out[i] = static_cast<std::uint8_t>(static_cast<int>(grey + Real{0.5}));
    }
}

/// A table over the values that occur: they are few beside the pixels.
template <typename T>
void map_by_table(std::span<const T> values, const GreyMap& map, std::uint8_t* out) {
    if (values.empty()) return;
    const auto [min, max] = std::ranges::minmax(values);
    std::vector<std::uint8_t> table(static_cast<std::size_t>(max - min) + 1);
    for (std::size_t i = 0; i < table.size(); ++i) {
        table[i] = to_byte(map.grey(static_cast<double>(i) + static_cast<double>(min)));
    }
    for (std::size_t i = 0; i < values.size(); ++i) {
        out[i] = table[static_cast<std::size_t>(values[i] - min)];
    }
}

template <typename T>
void map_values(std::span<const T> values, const GreyMap& map, std::uint8_t* out) {
    if (const auto line = as_line(map)) {
        map_by_line(values, *line, out);
    } else if constexpr (sizeof(T) <= 2) {
        map_by_table(values, map, out);
    } else {
        for (std::size_t i = 0; i < values.size(); ++i) {
            const auto value = static_cast<double>(values[i]);
            out[i] = std::isfinite(value) ? to_byte(map.grey(value)) : 0;
        }
    }
}

template <typename T>
void blacken_padding(std::span<const T> values, const ImageDescription::Padding& padding,
                     std::uint8_t* out) {
    constexpr auto kLowest = static_cast<double>(std::numeric_limits<T>::lowest());
    constexpr auto kHighest = static_cast<double>(std::numeric_limits<T>::max());
    if (padding.high < kLowest || padding.low > kHighest) return;
    const auto low = static_cast<T>(std::max(padding.low, kLowest));
    const auto high = static_cast<T>(std::min(padding.high, kHighest));
    for (std::size_t i = 0; i < values.size(); ++i) {
        out[i] = values[i] >= low && values[i] <= high ? 0 : out[i];
    }
}

}  // namespace

double GreyMap::grey(double stored) const {
    const double value = transform->modality_lut.empty()
                             ? stored * transform->slope + transform->intercept
                             : transform->modality_lut.at(std::llround(stored));
    double grey = 0;
    if (voi_lut != nullptr) {
        // Far outside of every table, and llround would have no answer.
        const auto input = std::llround(std::clamp(value, -1e15, 1e15));
        const auto output = voi_lut->at(input);
        grey = std::min(1.0, output / (std::ldexp(1.0, static_cast<int>(voi_lut->bits)) - 1)) *
               255;
    } else if (window) {
        grey = apply_window(value, *window, function) * 255;
    }
    return inverted ? 255 - grey : grey;
}

void map_grey(const Frame& frame, const GreyMap& map, std::uint8_t* out) {
    visit_samples(frame, [&](auto values) {
        map_values(values, map, out);
        if (map.padding) blacken_padding(values, *map.padding, out);
    });
}

double apply_window(double value, const Window& window, VoiFunction function) {
    const double center = window.center;
    const double width = window.width;
    switch (function) {
        case VoiFunction::Linear: {
            const double middle = center - 0.5;
            const double half = (width - 1) / 2;
            if (value <= middle - half) return 0;
            if (value > middle + half) return 1;
            return (value - middle) / (width - 1) + 0.5;
        }
        case VoiFunction::LinearExact:
            if (value <= center - width / 2) return 0;
            if (value > center + width / 2) return 1;
            return (value - center) / width + 0.5;
        case VoiFunction::Sigmoid:
            break;
    }
    return 1 / (1 + std::exp(-4 * (value - center) / width));
}

}  // namespace larmor::pixels
