#pragma once
#include <array>
#include <cstdint>
#include <optional>

#include "pixels/image_description.h"

namespace larmor::pixels {

/// A table in pieces: descriptor and data come as elements of their own.
struct TableParts {
    std::optional<LutDescriptor> descriptor;
    Bytes data;
    Bytes segmented;
};

/// What describe_image has read, before that which follows from several elements together.
struct ImageParts {
    ImageDescription image;
    bool has_rows = false;
    bool has_columns = false;
    std::optional<std::uint16_t> high_bit;
    std::optional<double> padding_value;
    std::optional<double> padding_limit;
    std::int64_t matrix_rows = 0;  ///< Total Pixel Matrix; 0 where there is none
    std::int64_t matrix_columns = 0;
    std::array<TableParts, 3> palette;
    std::uint64_t tables_bytes = 0;  ///< of all tables so far

    /// False for a table that is one too many: it is left out.
    bool take_table(const LutDescriptor& descriptor, const PixelLimits& limits) {
        tables_bytes += 2ULL * descriptor.entries;
        return tables_bytes <= limits.tables_max_bytes;
    }
};

/// Fills in bits, padding, palette and edges of `parts.image`. Errors: InvalidInput for Pixel
/// Data without Rows or Columns.
Result<void> complete_image(ImageParts& parts, const PixelLimits& limits);

}  // namespace larmor::pixels
