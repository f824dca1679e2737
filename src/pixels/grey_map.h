#pragma once
#include <optional>

#include "pixels/frame.h"
#include "pixels/render.h"

namespace larmor::pixels {

/// From stored values to 8 bits: modality, VOI and presentation in one step. Affine where all
/// three are lines (nearly always), a table or a function otherwise.
struct GreyMap {
    const ValueTransform* transform = nullptr;
    std::optional<Window> window;  ///< or
    const LookupTable* voi_lut = nullptr;
    VoiFunction function = VoiFunction::Linear;
    bool inverted = false;
    std::optional<ImageDescription::Padding> padding;  ///< stored values to draw black

    /// One stored value to 0..255, by the formulas: what the fast ways must agree with.
    double grey(double stored) const;
};

/// Maps a frame of one sample to bytes.
void map_grey(const Frame& frame, const GreyMap& map, std::uint8_t* out);

}  // namespace larmor::pixels
