#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "dicom/file.h"
#include "pixels/image_description.h"

namespace larmor::pixels {

/// Where one frame lies. More than one range: a frame that spans fragments, to be read as if
/// they followed each other.
struct FrameLocation {
    std::vector<ByteRange> ranges;  ///< offsets in the stored file, or as in_inflated() says
    /// Bits to leave out at the start of the first range: 0 to 7 for 1-bit frames, 0 or 8 for
    /// 8-bit samples in big-endian words, 0 otherwise. Counted after words are swapped.
    std::uint32_t bit_offset = 0;
    friend bool operator==(const FrameLocation&, const FrameLocation&) = default;
};

/// Frame number to byte ranges, over its stored form (docs/formats/frame_index.md): native
/// frames are arithmetic, encapsulated ones cost about 6 bytes each and are found by looking at
/// no more than 64 of them. A view: lives as long as the bytes it was opened on.
class FrameIndexView {
public:
    /// Checks the head and the sizes. Errors: Corrupt.
    static Result<FrameIndexView> open(Bytes stored);

    std::uint32_t frame_count() const { return frame_count_; }
    /// Offsets are in the inflated data set instead of the stored file: only with the deflated
    /// transfer syntax.
    bool in_inflated() const { return in_inflated_; }
    bool is_native() const { return native_; }
    /// Of frame `frame`, from 0. Errors: NotFound for a frame that there is not (or whose bytes
    /// end too early), Corrupt for an index that contradicts itself.
    Result<FrameLocation> locate(std::uint32_t frame) const;

private:
    Bytes stored_;
    std::uint32_t frame_count_ = 0;
    bool native_ = false;
    bool in_inflated_ = false;
};

/// The index and how it was found.
struct FrameIndex {
    ByteBuffer stored;
    /// What a careful reader should know: a table that lied and was not used, fewer frames than
    /// declared. Empty most of the time. Never patient data.
    std::vector<std::string> notes;

    /// Valid as long as `stored` is.
    FrameIndexView view() const;
};

/// Makes the index. Native: arithmetic, the pixels are not read. Encapsulated: the fragments'
/// headers are walked once; then, in this order, each only if it fits the fragments exactly:
/// 1. Extended Offset Table, 2. Basic Offset Table (both: first offset 0, ascending, every
/// offset the start of a fragment, as many as frames; the extended lengths reach no further
/// than their frame's fragments), 3. one frame: all fragments, 4. as many fragments as frames,
/// 5. the codestreams: a fragment that begins with a start of image (SOI, SOC, RLE header)
/// begins a frame when the one before has ended. A table that does not fit is left out and
/// noted. Number of Frames is believed over the fragments only if 1 to 5 can serve it:
/// otherwise the frames found by 5 are indexed and noted. Errors: InvalidInput when there is no
/// Pixel Data, the fragments are cut, or no rule makes frames of them. Source: PS3.5 section
/// A.4, PS3.3 section C.7.6.3.1.8.
Result<FrameIndex> build_frame_index(const dicom::File& file, const ImageDescription& image);

}  // namespace larmor::pixels
