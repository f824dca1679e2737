#include <algorithm>

#include "dicom/tags.h"
#include "pixels/image_parts.h"

namespace larmor::pixels {
namespace {

void complete_bits(ImageParts& parts) {
    ImageDescription& image = parts.image;
    if (image.is_float()) {
        image.bits_allocated =
            image.pixel_data->tag == dicom::tags::DoubleFloatPixelData ? 64 : 32;
        image.bits_stored = image.bits_allocated;
        parts.high_bit.reset();
        image.is_signed = true;
    }
    if (image.bits_stored == 0) image.bits_stored = image.bits_allocated;
    image.high_bit =
        parts.high_bit.value_or(static_cast<std::uint16_t>(image.bits_stored - 1U));
    // A high bit below the stored bits, or above the allocated, is common nonsense (0, 16);
    // every reader then takes the low bits.
    if (image.high_bit + 1U < image.bits_stored || image.high_bit >= image.bits_allocated) {
        image.high_bit = static_cast<std::uint16_t>(image.bits_stored - 1U);
    }
}

/// Broken palettes are left out; drawing then says that there is none.
void complete_palette(ImageParts& parts, const PixelLimits& limits) {
    const bool big_endian = parts.image.big_endian;
    std::array<LookupTable, 3> palette;
    for (std::size_t i = 0; i < 3; ++i) {
        const TableParts& table_parts = parts.palette[i];
        if (!table_parts.descriptor || !parts.take_table(*table_parts.descriptor, limits))
            return;
        auto table =
            table_parts.data.empty()
                ? read_segmented_lookup_table(*table_parts.descriptor, table_parts.segmented,
                                              big_endian)
                : read_lookup_table(*table_parts.descriptor, table_parts.data, big_endian);
        if (!table) return;
        palette[i] = std::move(*table);
    }
    parts.image.palette = std::move(palette);
}

/// What the matrix leaves of the tiles at its end.
void complete_edges(ImageParts& parts) {
    ImageDescription& image = parts.image;
    if (parts.matrix_rows <= 0 || parts.matrix_columns <= 0 || image.rows == 0 ||
        image.columns == 0) {
        return;
    }
    const auto rest = [](std::int64_t matrix, std::uint32_t tile) {
        const auto left = static_cast<std::uint32_t>(matrix % tile);
        return left == 0 ? tile : left;
    };
    image.edge_rows = rest(parts.matrix_rows, image.rows);
    image.edge_columns = rest(parts.matrix_columns, image.columns);
}

}  // namespace

Result<void> complete_image(ImageParts& parts, const PixelLimits& limits) {
    if (!parts.has_rows || !parts.has_columns) {
        return fail(ErrorCode::InvalidInput, "image: Pixel Data without Rows or Columns");
    }
    complete_bits(parts);
    if (parts.padding_value) {
        const auto limit = parts.padding_limit.value_or(*parts.padding_value);
        parts.image.padding = {std::min(*parts.padding_value, limit),
                               std::max(*parts.padding_value, limit)};
    }
    if (parts.image.photometric == Photometric::PaletteColor) complete_palette(parts, limits);
    complete_edges(parts);
    return {};
}

}  // namespace larmor::pixels
