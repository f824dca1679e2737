#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "dicom/file.h"
#include "pixels/statistics.h"

namespace larmor::preprocess {

/// Stands in prepared metadata where the base of the service's URLs belongs
/// (`http://host/dicomweb`): a raw control character, which no JSON text can hold otherwise.
inline constexpr char kServiceBase = '\x01';

/// What URLs of bulk data have around the path of their instance.
struct ServiceUrls {
    std::string base;  ///< `http://host/dicomweb`
    std::string
        query{};  ///< `?imageSetId=<id>`; empty for an instance that its path alone names
};

/// Appends prepared metadata with URLs that begin with `urls.base` and `path`, the instance's
/// as instance_path gives it now: it may be called otherwise than the file says.
void append_with_urls(std::string& out, std::string_view metadata, const ServiceUrls& urls,
                      std::string_view path);

/// Where an instance is served: `/studies/<study>/series/<series>/instances/<instance>`.
std::string instance_path(std::string_view study, std::string_view series,
                          std::string_view instance);

struct PrepareOptions {
    std::uint32_t thumbnail_side_px = 128;
    /// Encapsulated frames cost a decode each: at most this many, evenly spaced, are looked at
    /// for statistics. Native frames are all read.
    std::uint32_t decoded_frames_max = 32;
    /// Called with ranges of `file.bytes` that will not be read again, so that a mapping of a
    /// huge file need not stay resident.
    std::function<void(ByteRange)> done_with;
};

/// What is made of an instance once. Everything here can be made again from the instance.
struct PreparedInstance {
    /// One object of the DICOM JSON model with BulkDataURIs under kServiceBase.
    std::string metadata;
    /// pixels::FrameIndex in its stored form; empty for an instance without Pixel Data.
    ByteBuffer frame_index;
    std::uint32_t frame_count = 0;
    std::optional<pixels::PixelStatistics> statistics;
    /// JPEG of the middle frame; empty when there is no picture.
    std::string thumbnail;
    /// Why there is no picture, in words for people; empty when there is one. Never patient
    /// data.
    std::string no_picture_because;
};

/// Makes it from an open file. What can't be decoded still has metadata, and a reason.
/// Errors: InvalidInput where the data set itself can't be read.
Result<PreparedInstance> prepare(const dicom::File& file, const PrepareOptions& options = {});

}  // namespace larmor::preprocess
