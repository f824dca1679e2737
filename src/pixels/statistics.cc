#include "pixels/statistics.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <type_traits>

namespace larmor::pixels {
namespace {

/// Of one frame: enough for percentiles, and little beside the pass for minimum and maximum.
constexpr std::size_t kSamplesPerFrame = 1 << 16;
constexpr std::size_t kBins = 1 << 16;
/// Bins are 32 bits: sampling ends before one can overflow, after 32,768 large frames.
constexpr std::uint64_t kSamplesMax = 1ULL << 31;
constexpr double kLowFraction = 0.005;
constexpr double kHighFraction = 0.995;

template <typename T>
struct Range {
    T low;
    T high;
};

/// The padding in the type of the samples; nothing where no sample can be in it.
template <typename T>
std::optional<Range<T>> padding_as(const ImageDescription& image) {
    if (!image.padding) return std::nullopt;
    constexpr auto kLowest = static_cast<double>(std::numeric_limits<T>::lowest());
    constexpr auto kHighest = static_cast<double>(std::numeric_limits<T>::max());
    if (image.padding->high < kLowest || image.padding->low > kHighest) return std::nullopt;
    return Range<T>{static_cast<T>(std::max(image.padding->low, kLowest)),
                    static_cast<T>(std::min(image.padding->high, kHighest))};
}

template <typename T>
bool is_counted(T value, const std::optional<Range<T>>& padding) {
    if constexpr (std::is_floating_point_v<T>) {
        if (!std::isfinite(value)) return false;
    }
    return !padding || value < padding->low || value > padding->high;
}

template <typename T>
struct Extremes {
    T min = std::numeric_limits<T>::max();
    T max = std::numeric_limits<T>::lowest();
    std::uint64_t count = 0;
};

/// The compiler makes vectors of this and of little else: masks instead of conditions, and
/// signed comparisons, the only ones that every x86-64 has for words. A CT has a quarter of a
/// million.
template <typename T>
Extremes<T> extremes_of_integers(std::span<const T> values,
                                 const std::optional<Range<T>>& padding) {
    using U = std::make_unsigned_t<T>;
    using S = std::make_signed_t<T>;
    constexpr U kFlip = std::is_signed_v<T> ? 0 : U{1} << (8 * sizeof(T) - 1);
    constexpr auto kMax = static_cast<U>(std::numeric_limits<S>::max());
    constexpr auto kMin = static_cast<U>(std::numeric_limits<S>::min());
    const auto low = static_cast<U>(padding ? padding->low : 0);
    const auto width = static_cast<U>(padding ? padding->high - padding->low : 0);
    const U any = padding ? static_cast<U>(~U{0}) : U{0};
    S min = std::numeric_limits<S>::max();
    S max = std::numeric_limits<S>::min();
    std::uint64_t padded = 0;
    constexpr std::size_t kRun = sizeof(T) == 1 ? 255 : 32768;  // counted in a T within a run
    for (std::size_t start = 0; start < values.size(); start += kRun) {
        const auto run = values.subspan(start, std::min(kRun, values.size() - start));
        U minus_padded = 0;
        for (const T value : run) {
            const auto bits = static_cast<U>(value);
            const bool inside = static_cast<U>(bits - low) <= width;
            const U mask = any & static_cast<U>(inside ? ~U{0} : U{0});
            const U keep = static_cast<U>(bits ^ kFlip) & static_cast<U>(~mask);
            min = std::min(min, static_cast<S>(keep | (kMax & mask)));
            max = std::max(max, static_cast<S>(keep | (kMin & mask)));
            minus_padded = static_cast<U>(minus_padded + mask);
        }
        padded += static_cast<U>(-minus_padded);
    }
    return {static_cast<T>(static_cast<U>(min) ^ kFlip),
            static_cast<T>(static_cast<U>(max) ^ kFlip), values.size() - padded};
}

template <typename T>
Extremes<T> extremes_of(std::span<const T> values, const std::optional<Range<T>>& padding) {
    if constexpr (std::is_integral_v<T>) {
        return extremes_of_integers(values, padding);
    } else {
        Extremes<T> extremes;
        for (const T value : values) {
            if (!is_counted(value, padding)) continue;
            extremes.min = std::min(extremes.min, value);
            extremes.max = std::max(extremes.max, value);
            ++extremes.count;
        }
        return extremes;
    }
}

/// An odd step: an even one could meet the same columns in every row.
std::size_t step_for(std::size_t count) {
    return count <= kSamplesPerFrame ? 1 : count / kSamplesPerFrame | 1;
}

double to_modality(const ValueTransform& transform, double stored) {
    if (!transform.modality_lut.empty()) {
        return transform.modality_lut.at(std::llround(stored));
    }
    return stored * transform.slope + transform.intercept;
}

/// One single value is drawn black, as DCMTK's dcm2pnm +Wm draws it (white in MONOCHROME1): it
/// lies at the lower end of its window, where every window between two values has the lower.
Window window_between(double low, double high) {
    return high > low ? Window{(low + high) / 2, high - low} : Window{low + 0.5, 1};
}

}  // namespace

struct StatisticsCollector::State {
    /// A bounded, evenly spread sample of an endless list, the same for the same list: when it
    /// is full, every second value goes and only every second one is taken from then on.
    class Sample {
    public:
        void add(double value) {
            if (skipped_ + 1 < stride_) {
                ++skipped_;
                return;
            }
            skipped_ = 0;
            values_.push_back(value);
            if (values_.size() < kSamplesPerFrame) return;
            for (std::size_t i = 0; i < values_.size() / 2; ++i) values_[i] = values_[2 * i];
            values_.resize(values_.size() / 2);
            stride_ *= 2;
        }
        const std::vector<double>& values() const { return values_; }

    private:
        std::vector<double> values_;
        std::size_t stride_ = 1;
        std::size_t skipped_ = 0;
    };

    explicit State(const ImageDescription& described) : image(described) {
        one_transform = std::ranges::all_of(image.transform_of_frame,
                                            [](std::uint32_t index) { return index == 0; });
        // Stored values of up to 16 bits under one transform: a bin for each of them.
        if (one_transform && image.bits_allocated <= 16) bins.resize(kBins);
    }

    template <typename T>
    void add(std::span<const T> values, const ValueTransform& transform) {
        const auto padding = padding_as<T>(image);
        const auto found = extremes_of(values, padding);
        if (found.count == 0) return;
        note_extremes(static_cast<double>(found.min), static_cast<double>(found.max),
                      transform);
        count += found.count;
        const auto step = step_for(values.size());
        if constexpr (std::is_integral_v<T> && sizeof(T) <= 2) {
            if (!bins.empty()) {
                if (sampled < kSamplesMax) fill_bins(values, padding, step);
                return;
            }
        }
        for (std::size_t i = 0; i < values.size(); i += step) {
            if (is_counted(values[i], padding)) {
                sample.add(to_modality(transform, static_cast<double>(values[i])));
            }
        }
    }

    template <typename T>
    void fill_bins(std::span<const T> values, const std::optional<Range<T>>& padding,
                   std::size_t step) {
        auto* zero = bins.data() + (std::is_signed_v<T> ? kBins / 2 : 0);
        if (!padding) {
            for (std::size_t i = 0; i < values.size(); i += step) ++zero[values[i]];
        } else {
            for (std::size_t i = 0; i < values.size(); i += step) {
                zero[values[i]] += is_counted(values[i], padding) ? 1U : 0U;
            }
        }
        sampled += values.size() / step + 1;
        bins_are_signed = std::is_signed_v<T>;
    }

    void note_extremes(double min, double max, const ValueTransform& transform) {
        stored_min = std::min(stored_min, min);
        stored_max = std::max(stored_max, max);
        auto low = to_modality(transform, min);
        auto high = to_modality(transform, max);
        if (!transform.modality_lut.empty()) {
            // A table need not rise: look at all that lies between.
            const auto& table = transform.modality_lut;
            const auto from = std::llround(min);
            const auto to = std::min(std::llround(max), from + 65535);
            for (auto value = from; value <= to; ++value) {
                low = std::min<double>(low, table.at(value));
                high = std::max<double>(high, table.at(value));
            }
        }
        modality_min = std::min({modality_min, low, high});
        modality_max = std::max({modality_max, low, high});
    }

    Window window() const { return bins.empty() ? window_of_sample() : window_of_bins(); }

    Window window_of_sample() const {
        auto values = sample.values();
        if (values.empty()) return window_between(modality_min, modality_max);
        const auto at = [&](double fraction) {
            const auto index =
                static_cast<std::ptrdiff_t>(fraction * static_cast<double>(values.size() - 1));
            std::nth_element(values.begin(), values.begin() + index, values.end());
            return values[static_cast<std::size_t>(index)];
        };
        return narrow(at(kLowFraction), at(kHighFraction));
    }

    Window window_of_bins() const {
        const double zero = bins_are_signed ? kBins / 2 : 0;
        const auto first = static_cast<std::size_t>(stored_min + zero);
        const auto last = static_cast<std::size_t>(stored_max + zero);
        std::uint64_t total = 0;
        for (auto i = first; i <= last; ++i) total += bins[i];
        if (total == 0) return window_between(modality_min, modality_max);
        const auto& transform = image.transforms[0];
        if (!transform.modality_lut.empty()) return window_of_lut(first, last, zero, total);
        const auto value_at = [&](double fraction) {
            const auto rank =
                static_cast<std::uint64_t>(fraction * static_cast<double>(total - 1));
            std::uint64_t seen = 0;
            auto i = first;
            while (seen + bins[i] <= rank) seen += bins[i++];
            return to_modality(transform, static_cast<double>(i) - zero);
        };
        const auto a = value_at(kLowFraction);
        const auto b = value_at(kHighFraction);
        return narrow(std::min(a, b), std::max(a, b));
    }

    Window window_of_lut(std::size_t first, std::size_t last, double zero,
                         std::uint64_t total) const {
        std::vector<std::uint32_t> outputs(kBins);
        for (auto i = first; i <= last; ++i) {
            const auto output = to_modality(image.transforms[0], static_cast<double>(i) - zero);
            outputs[static_cast<std::size_t>(output)] += bins[i];
        }
        const auto output_at = [&](double fraction) {
            const auto rank =
                static_cast<std::uint64_t>(fraction * static_cast<double>(total - 1));
            std::uint64_t seen = 0;
            std::size_t i = 0;
            while (seen + outputs[i] <= rank) seen += outputs[i++];
            return static_cast<double>(i);
        };
        return narrow(output_at(kLowFraction), output_at(kHighFraction));
    }

    /// A picture of two values (a mask) has both percentiles on one of them.
    Window narrow(double low, double high) const {
        return high > low ? window_between(low, high)
                          : window_between(modality_min, modality_max);
    }

    const ImageDescription& image;
    bool one_transform = true;
    bool bins_are_signed = false;
    std::vector<std::uint32_t> bins;
    Sample sample;
    std::uint64_t sampled = 0;
    std::uint64_t count = 0;
    double stored_min = std::numeric_limits<double>::infinity();
    double stored_max = -std::numeric_limits<double>::infinity();
    double modality_min = std::numeric_limits<double>::infinity();
    double modality_max = -std::numeric_limits<double>::infinity();
};

StatisticsCollector::StatisticsCollector(const ImageDescription& image)
    : state_(std::make_unique<State>(image)) {}
StatisticsCollector::~StatisticsCollector() = default;
StatisticsCollector::StatisticsCollector(StatisticsCollector&&) noexcept = default;

void StatisticsCollector::add(const Frame& frame, std::uint32_t frame_number) {
    const auto& transform = state_->image.transform(frame_number);
    visit_samples(frame, [&](auto values) { state_->add(values, transform); });
}

std::optional<PixelStatistics> StatisticsCollector::finish() const {
    if (state_->count == 0) return std::nullopt;
    return PixelStatistics{state_->stored_min,   state_->stored_max, state_->modality_min,
                           state_->modality_max, state_->window(),   state_->count};
}

std::optional<PixelStatistics> statistics_of(const ImageDescription& image, const Frame& frame,
                                             std::uint32_t frame_number) {
    StatisticsCollector collector(image);
    collector.add(frame, frame_number);
    return collector.finish();
}

}  // namespace larmor::pixels
