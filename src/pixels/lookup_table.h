#pragma once
#include <cstdint>
#include <vector>

#include "base/bytes.h"

namespace larmor::pixels {

/// Maps stored values to others: Modality LUT, VOI LUT, one colour of a palette.
/// Source: PS3.3 sections C.11.1.1.1, C.11.2.1.1 and C.7.6.3.1.5.
struct LookupTable {
    std::int64_t first_mapped = 0;  ///< the input that gives values[0]
    unsigned bits = 16;             ///< of a value: 8 to 16
    std::vector<std::uint16_t> values;

    bool empty() const { return values.empty(); }
    /// Inputs below the first give the first value, those beyond the last give the last.
    std::uint16_t at(std::int64_t input) const {
        if (input < first_mapped) return values.front();
        const auto index = static_cast<std::uint64_t>(input - first_mapped);
        return index < values.size() ? values[index] : values.back();
    }
    friend bool operator==(const LookupTable&, const LookupTable&) = default;
};

/// The three numbers of a LUT Descriptor.
struct LutDescriptor {
    std::uint32_t entries = 0;  ///< 1 to 65,536; stored as 0 where it is 65,536
    std::int32_t first_mapped = 0;
    std::uint16_t bits = 16;
};

/// Reads LUT Data as stored: 16-bit words, or one byte an entry where there are only so many
/// bytes (files that pack 8-bit tables so are common). Errors: InvalidInput when there is less
/// data than entries, or a descriptor out of range.
Result<LookupTable> read_lookup_table(const LutDescriptor& descriptor, Bytes data,
                                      bool big_endian);

/// Expands Segmented Palette Color Lookup Table Data: discrete, linear and indirect segments.
/// Never grows beyond the entries that the descriptor declares. Errors: InvalidInput.
/// Source: PS3.3 section C.7.9.2.
Result<LookupTable> read_segmented_lookup_table(const LutDescriptor& descriptor, Bytes data,
                                                bool big_endian);

}  // namespace larmor::pixels
