#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "pixels/image_description.h"
#include "reassembly/fuse/metadata_half.h"

namespace larmor::reassembly::fuse {

/// The halves contradict each other, or one itself.
inline tl::unexpected<Error> conflict(std::string what) {
    return fail(ErrorCode::Conflict, std::move(what));
}

/// What the data set of a metadata half says of its instance and of the pixels that belong to
/// it.
struct ImageFacts {
    std::string sop_class_uid;
    std::string sop_instance_uid;
    std::string study_instance_uid;
    std::string series_instance_uid;

    std::int64_t rows = 0;  ///< 0 where the data set doesn't say it; the same in what follows
    std::int64_t columns = 0;
    std::int64_t samples = 1;
    std::int64_t frames = 1;
    std::int64_t bits_allocated = 0;  ///< of Float and Double Float Pixel Data: 32, 64
    bool is_planar = false;
    bool is_tiled = false;  ///< frames at the edges may be smaller
    std::string photometric_interpretation;

    pixels::Photometric photometric() const {
        return pixels::photometric_of(photometric_interpretation);
    }
    bool has_size() const {
        return rows > 0 && columns > 0 && samples > 0 && frames > 0 && bits_allocated > 0;
    }
    /// Bits of a native frame; nothing where the data set doesn't say it or it is over 2^40.
    std::optional<std::uint64_t> frame_bits() const;
    /// Bytes of all native frames, without padding; nothing as above.
    std::optional<std::uint64_t> native_bytes() const;
};

/// Errors: those of dicom::Reader.
Result<ImageFacts> image_facts(const MetadataHalf& half);

/// Errors: Conflict where number of samples and Photometric Interpretation contradict each
/// other. Source: PS3.3 section C.7.6.3.1.2.
Result<void> check_photometric(const ImageFacts& facts);

}  // namespace larmor::reassembly::fuse
