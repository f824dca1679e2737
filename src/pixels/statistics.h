#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "pixels/frame.h"
#include "pixels/image_description.h"

namespace larmor::pixels {

/// What a viewer wants to know before it has the pixels. Of colour frames: over all
/// samples, and the window has no use.
struct PixelStatistics {
    double stored_min = 0;  ///< stored values, padding left out
    double stored_max = 0;
    double modality_min = 0;  ///< after rescale or Modality LUT
    double modality_max = 0;
    /// What lies between the 0.5th and the 99.5th percentile of the modality values, for
    /// VoiFunction::LinearExact (its width may be below 1). One single value is at its lower
    /// end: drawn black. The description's own window, where it has one, comes first for
    /// viewers.
    Window default_window;
    std::uint64_t values_counted = 0;  ///< without padding and NaN
};

/// Collects frame by frame; holds at most 600 KB, however many and large the frames are.
/// Minimum and maximum are exact; the histogram samples large frames evenly.
class StatisticsCollector {
public:
    /// `image` must outlive the collector.
    explicit StatisticsCollector(const ImageDescription& image);
    ~StatisticsCollector();
    StatisticsCollector(StatisticsCollector&&) noexcept;
    void add(const Frame& frame, std::uint32_t frame_number);
    /// Nothing when no value was counted: no frames, or padding only.
    std::optional<PixelStatistics> finish() const;

private:
    struct State;
    std::unique_ptr<State> state_;
};

/// Of one frame.
std::optional<PixelStatistics> statistics_of(const ImageDescription& image, const Frame& frame,
                                             std::uint32_t frame_number = 0);

}  // namespace larmor::pixels
