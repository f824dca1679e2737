#pragma once
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "api/context.h"
#include "api/dicomweb/explicit_file.h"
#include "http/message.h"

namespace larmor::api {

/// How many frames one request may name.
inline constexpr std::size_t kFramesMax = 4096;

/// A frame list of a path, `1,3,5`: numbers from 1. Gives them from 0, in the order asked for.
/// Errors: InvalidInput; LimitExceeded over kFramesMax.
Result<std::vector<std::uint32_t>> parse_frame_list(std::string_view text);

/// The frames of one instance: as ranges of the stored file where nothing must be changed, else
/// decoded.
class FrameSource {
public:
    /// From the index alone, without opening the instance: blocks nobody. Errors: NotFound
    /// where there is no index (yet).
    static Result<FrameSource> without_opening(const Context& context,
                                               LocatedInstancePtr located);
    /// Reads the data set. Blocks. Errors: those of OpenInstance; NotFound without frames.
    static Result<FrameSource> open(const Context& context, LocatedInstancePtr located);

    const LocatedInstance& located() const { return *located_; }
    std::uint32_t frame_count() const { return index_.frame_count(); }

    /// Errors: NotFound for a frame (from 0) that there is not.
    Result<void> check(std::uint32_t frame) const;
    /// True when frames are sent as they lie in the file.
    bool can_slice(bool native) const;
    /// Where a frame lies in the file. Errors: NotFound, Corrupt.
    Result<pixels::FrameLocation> locate(std::uint32_t frame) const {
        return index_.locate(frame);
    }
    /// Appends the ranges of a frame. Errors: NotFound, Corrupt, Unavailable.
    Result<void> slices(std::uint32_t frame, std::vector<http::Part>& parts) const;
    /// Appends the decoded frame, little endian, samples as plan_native says but by plane where
    /// the instance's Planar Configuration is 1. Needs `open`. Computes. Errors: those of
    /// decoding.
    Result<void> decoded(std::uint32_t frame, std::vector<http::Part>& parts) const;
    /// As stored, read into memory: what a deflated data set needs. Needs `open`.
    bool is_open() const { return opened_ != nullptr; }

private:
    FrameSource(objects::ObjectStore& store, LocatedInstancePtr located,
                pixels::FrameIndexView index)
        : store_(&store), located_(std::move(located)), index_(index) {}

    objects::ObjectStore* store_;
    LocatedInstancePtr located_;
    OpenInstancePtr opened_;
    pixels::FrameIndexView index_;
};

}  // namespace larmor::api
