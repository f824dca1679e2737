#pragma once
#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "dicom/transfer_syntax.h"
#include "pixels/image_description.h"

namespace larmor::pixels {

/// The items of encapsulated Pixel Data. Source: PS3.5 section A.4.
struct Fragments {
    struct Fragment {
        std::uint64_t offset = 0;  ///< of the value, from the start of the data set
        std::uint32_t count = 0;
    };
    Bytes offset_table;  ///< value of the Basic Offset Table, often empty
    std::vector<Fragment> items;
    std::uint64_t first_item = 0;  ///< where offsets of both tables count from

    /// Of the item's tag, counted as offset tables do.
    std::uint64_t table_offset(std::size_t index) const {
        return items[index].offset - 8 - first_item;
    }
};

/// Walks the item headers; looks at no codestream. Errors: those of dicom::Reader;
/// InvalidInput when not even an offset table is there.
Result<Fragments> read_fragments(Bytes data_set, dicom::Encoding encoding,
                                 const PixelDataElement& pixel_data);

/// Frame number to the first of its fragments; the last one ends where the fragments do.
using FrameStarts = std::vector<std::uint32_t>;

/// The starts that a table of offsets gives, or nothing when it does not fit the fragments:
/// another number of frames, a first offset that is not 0, offsets that do not ascend or are no
/// start of a fragment.
std::optional<FrameStarts> starts_by_table(const Fragments& fragments,
                                           std::span<const std::uint64_t> offsets,
                                           std::uint32_t frames);

/// Whether a fragment may begin a frame only where the codestream before it has ended. A start
/// of image inside a codestream can be a preview in one of its markers; but there are encoders
/// that never write an end.
enum class BeforeStart : bool { Ended, Anything };

/// The fragments that begin with the start of an image (RLE and deflated frames never span
/// fragments: each of them).
FrameStarts starts_by_codestream(Bytes data_set, const Fragments& fragments,
                                 dicom::PixelCoding coding, BeforeStart before);

}  // namespace larmor::pixels
