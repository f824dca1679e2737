#pragma once
#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "dicom/file.h"
#include "dicom/tag.h"
#include "dicom/vr.h"
#include "pixels/lookup_table.h"

namespace larmor::pixels {

/// Bounds on what a description may ask for. They hold before any memory is taken.
struct PixelLimits {
    std::uint64_t frame_max_bytes = 1ULL << 30;    ///< one decoded frame
    std::uint64_t decode_max_bytes = 3ULL << 30;   ///< everything that one decode may hold
    std::uint32_t windows_max = 256;               ///< of one frame
    std::uint64_t tables_max_bytes = 16ULL << 20;  ///< all lookup tables together
};

/// Photometric Interpretation. Source: PS3.3 section C.7.6.3.1.2.
enum class Photometric : std::uint8_t {
    Unknown,  ///< absent, or none that we know: shown as MONOCHROME2 or RGB by its samples
    Monochrome1,
    Monochrome2,
    PaletteColor,
    Rgb,
    YbrFull,
    YbrFull422,
    YbrPartial422,
    YbrPartial420,
    YbrIct,
    YbrRct,
};
/// The defined term, `MONOCHROME1`; "" for Unknown.
std::string_view term_of(Photometric photometric);
/// Blanks and NUL at the end are ignored.
Photometric photometric_of(std::string_view term);

/// VOI LUT Function. Source: PS3.3 section C.11.2.1.3.
enum class VoiFunction : std::uint8_t { Linear, LinearExact, Sigmoid };

/// In units of modality values (after rescale or Modality LUT).
struct Window {
    double center = 0;
    double width = 1;
    friend bool operator==(const Window&, const Window&) = default;
};

/// How stored values become modality values and what a viewer first shows of them: of the data
/// set, or of one frame through its functional groups (Pixel Value Transformation C.7.6.16.2.9,
/// Frame VOI LUT C.7.6.16.2.10).
struct ValueTransform {
    double slope = 1;
    double intercept = 0;
    LookupTable modality_lut;  ///< stands in for slope and intercept where not empty
    VoiFunction voi_function = VoiFunction::Linear;
    std::vector<Window> windows;  ///< in the order of the data set: the first is the default
    std::vector<LookupTable> voi_luts;
    friend bool operator==(const ValueTransform&, const ValueTransform&) = default;
};

/// Where Pixel Data lies in the data set; its bytes were never looked at.
struct PixelDataElement {
    dicom::Tag tag;
    dicom::Vr vr = dicom::vr::OW;
    bool encapsulated = false;       ///< undefined length: Fragment items follow
    std::uint64_t offset = 0;        ///< of the element's tag, from the start of the data set
    std::uint64_t value_offset = 0;  ///< of the value, or of the first item
    std::uint64_t count = 0;         ///< bytes of the value; encapsulated: up to the end of the
                                     ///< data set, since nobody looked for the delimiter
};

/// The Image Pixel module (PS3.3 section C.7.6.3) and what else is needed to make pictures.
/// A value: holds copies of tables and windows, no views.
struct ImageDescription {
    std::uint32_t rows = 0;     ///< at least 1
    std::uint32_t columns = 0;  ///< at least 1
    std::uint32_t number_of_frames = 1;
    std::uint16_t samples_per_pixel = 1;
    std::uint16_t bits_allocated = 0;  ///< of Float/Double Float Pixel Data: 32, 64
    std::uint16_t bits_stored = 0;
    std::uint16_t high_bit = 0;
    bool is_signed = false;   ///< Pixel Representation 1
    bool is_planar = false;   ///< Planar Configuration 1: colour by plane
    bool big_endian = false;  ///< of the data set that carries the pixels
    Photometric photometric = Photometric::Unknown;

    std::optional<PixelDataElement> pixel_data;  ///< none: an image whose pixels are missing
    std::optional<ByteRange> extended_offsets;   ///< value of (7FE0,0001), in the data set
    std::optional<ByteRange> extended_lengths;   ///< value of (7FE0,0002), in the data set

    /// Stored values that are not part of the image: Pixel Padding Value, and every value up to
    /// Pixel Padding Range Limit. Source: PS3.3 section C.7.5.1.1.2.
    struct Padding {
        double low = 0;
        double high = 0;
    };
    std::optional<Padding> padding;

    /// Of a tiled image (Total Pixel Matrix): what is left of a frame at its lower and at its
    /// right edge; rows and columns themselves where nothing is cut off. Some writers encode
    /// such tiles no larger than this instead of filling them up.
    std::uint32_t edge_rows = 0;  ///< 0: no tiled image
    std::uint32_t edge_columns = 0;

    /// Red, green, blue; all three or none.
    std::optional<std::array<LookupTable, 3>> palette;

    /// transforms[0] is that of the data set with the shared functional groups; frames that say
    /// otherwise point to another one.
    std::vector<ValueTransform> transforms = std::vector<ValueTransform>(1);
    std::vector<std::uint32_t> transform_of_frame;  ///< empty: all use the first

    bool is_float() const;   ///< Float Pixel Data or Double Float Pixel Data
    bool is_colour() const;  ///< three samples or a palette
    /// Bits of one native frame: rows * columns * samples * bits_allocated, two thirds of it
    /// for YBR_FULL_422, half for YBR_PARTIAL_420. Cannot overflow: checked on reading.
    std::uint64_t frame_bits() const;
    /// Of frame `frame`, from 0.
    const ValueTransform& transform(std::uint32_t frame) const;
};

/// The checks of describe_image on the numbers, for descriptions from elsewhere: every function
/// of this module that takes a description relies on them.
Result<void> check_description(const ImageDescription& image, const PixelLimits& limits = {});

/// Reads the description in one pass over the data set; Pixel Data is stepped over without a
/// look at its bytes (of encapsulated Pixel Data, at its item headers). An instance without
/// Rows, Columns and Pixel Data (a report, a plan) gives an empty optional.
/// Errors: InvalidInput for what contradicts itself (no rows, bits stored above bits allocated,
/// two or nine samples), Unsupported for
/// bits allocated of 12, four samples; LimitExceeded for frames beyond the limits. A data set
/// that is cut or broken behind what is needed here is no error; one that is broken before is.
Result<std::optional<ImageDescription>> describe_image(const dicom::File& file,
                                                       const PixelLimits& limits = {});

}  // namespace larmor::pixels
