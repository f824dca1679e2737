#pragma once
#include <optional>
#include <string>
#include <vector>

#include "api/dicomweb/bulk_parts.h"
#include "dicom/offset_tables.h"
#include "dicom/values.h"
#include "pixels/codestream_syntax.h"
#include "pixels/transcode.h"

namespace larmor::api {

/// The parts of one Pixel Data of the top level, and what they become in a file: one native
/// value, or fragments, a frame each.
class PixelParts {
public:
    /// Looks at media types and codestreams. Errors: Unsupported for a media type that pixel
    /// data can't have, InvalidInput for codestreams that are none or differ in their syntax.
    static Result<PixelParts> read(const BulkParts& parts,
                                   const std::vector<BulkParts::Part*>& found);
    /// Compares with what the data set says of its pixels. Errors: InvalidInput with both
    /// numbers.
    Result<void> check(const dicom::Attributes& data_set) const;
    /// What the codestream says of the pixels and the data set does not: metadata may leave it
    /// out (PS3.18 section 10.5.1.4).
    std::vector<pixels::AttributeChange> missing(const dicom::Attributes& data_set) const;

    const std::string& transfer_syntax() const { return transfer_syntax_; }
    bool is_encapsulated() const { return is_encapsulated_; }
    /// Of native pixels one: the value. At most 4 GiB each.
    const std::vector<Bytes>& fragments() const { return fragments_; }

    /// None for videos.
    dicom::OffsetTables offset_tables() const;

private:
    Result<void> check_codestream(const dicom::Attributes& data_set) const;

    std::string transfer_syntax_;
    std::vector<Bytes> fragments_;
    std::optional<pixels::CodestreamPixels> described_;  ///< of the first frame
    bool is_encapsulated_ = false;
    bool is_video_ = false;
};

}  // namespace larmor::api
