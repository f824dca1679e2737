#pragma once
#include <cstdint>
#include <string>

#include "pixels/render.h"

namespace larmor::pixels {

/// Colour spaces that a picture can be asked for in. Source: PS3.18 section 8.3.5.1.5.
enum class ColourSpace : std::uint8_t {
    Srgb,      ///< IEC 61966-2-1
    AdobeRgb,  ///< Adobe RGB (1998)
    RommRgb,   ///< ISO 22028-2, ProPhoto
};

/// Whether these bytes are an ICC profile of RGB that a picture can carry: read by Little CMS,
/// of at most 4 MiB.
bool is_rgb_profile(Bytes profile);

/// Puts `profile` into the picture: its colours are what the profile says they are.
void attach_profile(Picture& picture, Bytes profile);

/// Turns the colours of an RGB picture, which `profile` describes, into another space
/// (perceptual intent) and attaches the profile of that. Errors: Unsupported for a profile that
/// can't be used, LimitExceeded for lack of memory.
Result<void> convert_colours(Picture& picture, Bytes profile, ColourSpace to);

}  // namespace larmor::pixels
