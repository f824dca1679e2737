#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "objects/object_store.h"

namespace larmor::preprocess {

/// One frame as HealthImaging's GetImageFrame gives it.
struct ImageFrame {
    /// In the object of image frames; nothing: as it lies in the file, by its frame index.
    std::optional<ByteRange> range{};
    std::uint64_t size_bytes = 0;
    std::uint32_t checksum = 0;  ///< CRC-32: see ImageFrames::Form
    struct Values {
        double min = 0;
        double max = 0;
        friend bool operator==(const Values&, const Values&) = default;
    };
    std::optional<Values> values{};  ///< stored values; nothing where the frame was not decoded
    friend bool operator==(const ImageFrame&, const ImageFrame&) = default;
};

/// The frames of one instance as HealthImaging gives them and what its metadata say of them:
/// made once, kept as one object (docs/formats/image_frames.md).
struct ImageFrames {
    enum class Form : std::uint8_t {
        Htj2k = 0,     ///< 1.2.840.10008.1.2.4.202; checksums are of the decoded samples
        AsStored = 1,  ///< in the file's own transfer syntax; checksums are of these bytes
        Native = 2,  ///< little endian, each frame from a byte on; checksums are of these bytes
    };
    Form form = Form::AsStored;
    std::uint32_t rows = 0;
    std::uint32_t columns = 0;
    /// Group 0002 as members of a JSON object, by keyword: `"TransferSyntaxUID":"1.2..."`.
    std::string file_meta;
    std::vector<ImageFrame> frames;  ///< none for an instance without images
    friend bool operator==(const ImageFrames&, const ImageFrames&) = default;
};

/// Which transfer syntax the frames of an instance are in, that of its file given.
std::string_view transfer_syntax_of(ImageFrames::Form form, std::string_view stored);

/// What stands behind the codestreams in the object. Its ranges must be in them.
ByteBuffer encode_table(const ImageFrames& frames);

/// One frame, and in which form it is.
struct ImageFrameEntry {
    ImageFrames::Form form = ImageFrames::Form::AsStored;
    ImageFrame frame;
};

/// Reads an object of image frames. Both must outlive it.
class ImageFramesReader {
public:
    ImageFramesReader(objects::ObjectStore& store, const objects::ObjectLocation& location)
        : store_(store), location_(location) {}

    /// All but the codestreams. Blocks. Errors: Corrupt, those of the store.
    Result<ImageFrames> read_all() const;
    /// One frame, from 0. Blocks. Errors: as above; NotFound.
    Result<ImageFrameEntry> read(std::uint32_t frame) const;

private:
    struct Trailer;
    Result<Trailer> read_trailer() const;

    objects::ObjectStore& store_;
    const objects::ObjectLocation& location_;
};

}  // namespace larmor::preprocess
