#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "pixels/frame.h"
#include "pixels/image_description.h"

namespace larmor::pixels {

/// A picture for people: 8 bits, grey or RGB, rows without gaps.
struct Picture {
    std::uint32_t rows = 0;
    std::uint32_t columns = 0;
    std::uint16_t samples = 1;  ///< 1 grey, 3 RGB
    SampleBuffer pixels;
    /// What its colours are, as an ICC profile; empty: nobody says. See colour_profile.h.
    std::string icc_profile = {};
};

/// A part of a frame in its pixels, from the top left corner. Source: PS3.18 section 8.3.5.1.3.
struct Region {
    double x = 0;
    double y = 0;
    std::optional<double> width{};  ///< nothing: up to the right edge
    std::optional<double> height{};
    bool flip_horizontally = false;
    bool flip_vertically = false;
};

struct RenderOptions {
    /// Instead of the data set's own window, VOI LUT or default.
    std::optional<Window> window;
    std::optional<VoiFunction> voi_function;
    /// Which of the data set's windows (or VOI LUTs, where it has no windows), from 0.
    std::uint32_t window_index = 0;
    /// Used as LINEAR_EXACT when neither the caller nor the data set has a window; without it
    /// the frame's own statistics are taken. Give the instance's so that all frames look alike.
    std::optional<Window> default_window;
    /// The part of the frame to draw; nothing for all of it.
    std::optional<Region> region;
    /// The picture keeps its aspect and fits into these; 0: no bound. Scales down, and up only
    /// where `scale_up` says so.
    std::uint32_t rows_max = 0;
    std::uint32_t columns_max = 0;
    bool scale_up = false;
};

/// Modality LUT or rescale, window or VOI LUT, MONOCHROME1 inverted, palette applied, colour
/// turned to RGB; then cut to the region and scaled by area averaging. Padding is drawn as the
/// darkest value. `frame_number` (from 0) chooses the frame's own transform. Errors:
/// InvalidInput for a window index that there is not, a width out of range (below 1 for LINEAR,
/// not above 0 otherwise; only of the caller's window: a data set's bad one is ignored), a
/// palette that is missing, a region outside of the frame. Source: PS3.3 section C.11.2.1.2,
/// PS3.4 section N.2.
Result<Picture> render_frame(const ImageDescription& image, const Frame& frame,
                             std::uint32_t frame_number, const RenderOptions& options = {});

/// The output of a window in 0..1, by the formulas of PS3.3 sections C.11.2.1.2.1 and
/// C.11.2.1.3.
double apply_window(double value, const Window& window, VoiFunction function);

/// Turns YBR and PALETTE COLOR into RGB (16 bits a sample for 16-bit palettes); anything else
/// is returned as it is. Errors: InvalidInput for PALETTE COLOR without a palette.
Result<Frame> to_rgb(const ImageDescription& image, Frame frame);

/// Scales to exactly this size, every pixel the mean of the area it covers: enlarged pixels
/// keep their edges.
Picture scale(const Picture& picture, std::uint32_t rows, std::uint32_t columns);

/// The pixels that a region touches, cut at the picture's edges and turned as it says.
/// Errors: InvalidInput where nothing is left.
Result<Picture> crop(const Picture& picture, const Region& region);

// The picture's profile goes along in all forms but GIF, which has no place for it.

/// Errors: InvalidInput for an empty picture or one with a side over 65,500; quality 1 to 100.
Result<std::string> encode_jpeg(const Picture& picture, int quality = 85);
Result<std::string> encode_png(const Picture& picture);
/// Quality 1 to 100, where 100 is without loss. Errors: InvalidInput; Unsupported for a side
/// over 16,383, which the format does not have.
Result<std::string> encode_webp(const Picture& picture, int quality = 85);
/// One picture; see gif.h for its colours and for animations. Errors: those of GifWriter.
Result<std::string> encode_gif(Picture picture);
/// Without loss: 8 or 16 bits, grey or RGB, stored values as they are, signed ones moved up by
/// half their range. Errors: Unsupported for 32-bit and float samples.
Result<std::string> encode_png(const Frame& frame);

}  // namespace larmor::pixels
