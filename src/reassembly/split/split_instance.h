#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "dicom/file.h"

namespace larmor::reassembly::split {

/// One member of an image archive.
struct ImagePart {
    std::optional<std::uint32_t> frame;  ///< from 1, where frames are members of their own
    std::string extension;               ///< raw, jpg, jls, j2k, jhc, rle, dcm
    ByteBuffer bytes;
};

/// The two halves of an instance.
struct SplitInstance {
    std::string sop_instance_uid;
    std::string transfer_syntax_uid;
    std::string metadata;  ///< an object of the DICOM JSON model
    std::vector<ImagePart> image;
    std::uint64_t frames = 0;
};

struct SplitOptions {
    /// Native frames as members of their own; of compressed ones each always is.
    bool frames_apart = false;
    /// The image half is a DICOM file that holds only pixels, whatever they are.
    bool headless = false;
    /// The metadata has group 0002; else (0008,3002) says the transfer syntax.
    bool with_file_meta = true;
};

/// Splits an image: the inverse of fuse. Native pixels become little endian; a codestream is
/// what the frame's fragments hold, even padding too; frames whose coding has no file of its
/// own (video, deflated) come as a headless file. The JSON declares transfer syntax and
/// character set as the file does; its pixels have a BulkDataURI. Errors: NotFound for an
/// instance without pixels; InvalidInput for what can't be read, Unsupported for fragments
/// inside of sequences, which JSON has no form for.
Result<SplitInstance> split_instance(const dicom::File& file, const SplitOptions& options = {});

}  // namespace larmor::reassembly::split
