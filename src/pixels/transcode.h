#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "dicom/tag.h"
#include "dicom/transfer_syntax.h"
#include "dicom/vr.h"
#include "pixels/frame.h"
#include "pixels/image_description.h"

namespace larmor::pixels {

/// One attribute that must change with the encoding of the pixels.
struct AttributeChange {
    dicom::Tag tag;
    dicom::Vr vr;
    bool remove = false;
    std::string value;  ///< encoded Little Endian, even length
};

/// How Pixel Data of an instance is written in Explicit VR Little Endian.
struct NativePlan {
    enum class Method : std::uint8_t {
        Copy,    ///< the value of Pixel Data as it is
        Swap,    ///< the value with its words of `word_bytes` turned round (swap_words)
        Decode,  ///< frame by frame through decode_frame and NativeWriter
    };
    Method method = Method::Decode;
    std::uint32_t word_bytes = 1;
    dicom::Vr vr = dicom::vr::OW;      ///< of Pixel Data
    std::uint64_t frame_bits = 0;      ///< of one frame in the output
    std::uint64_t value_length = 0;    ///< of all frames, padded to an even number
    SampleType type = SampleType::U8;  ///< a decoded frame must have
    std::uint16_t samples = 1;
    Photometric photometric = Photometric::Unknown;
    std::vector<AttributeChange> changes;  ///< in ascending order of tags, Pixel Data not among
                                           ///< them
};

/// Plans from the first frame, decoded: its samples tell what the codec made of the colours.
/// The encoding changes, the values never: JPEG and JPEG 2000 colour that the codec turned into
/// RGB is called RGB (PS3.5 section 8.2.1), RLE and JPEG-LS YBR_FULL stay what they are; Planar
/// Configuration becomes 0, offset tables go.
/// Errors: LimitExceeded when the value would not fit 2^32 - 2 bytes.
Result<NativePlan> plan_native(const ImageDescription& image,
                               const dicom::TransferSyntax& syntax, const Frame& first);

/// Appends `stored` to `out` with its words turned round. `stored` must hold whole words; the
/// bytes that are left over are copied.
void swap_words(Bytes stored, std::uint32_t word_bytes, ByteBuffer& out);

/// The little-endian bytes of decoded frames, one after the other; 1-bit frames are packed
/// across frame borders.
class NativeWriter {
public:
    explicit NativeWriter(const NativePlan& plan) : plan_(plan) {}
    /// Appends the whole bytes of `frame` to `out`. Errors: Unsupported when the frame is of
    /// another type or colour than the plan: its codestreams differ within the instance.
    Result<void> append(const Frame& frame, ByteBuffer& out);
    /// Appends what is left of a last byte, and the padding.
    void finish(ByteBuffer& out);

private:
    NativePlan plan_;
    std::uint64_t written_ = 0;
    unsigned open_bits_ = 0;
    std::uint8_t open_byte_ = 0;
};

}  // namespace larmor::pixels
