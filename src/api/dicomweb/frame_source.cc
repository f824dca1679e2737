#include "api/dicomweb/frame_source.h"

#include <algorithm>
#include <charconv>

#include "api/dicomweb/decode_stored.h"
#include "api/dicomweb/locate.h"
#include "pixels/decode.h"

namespace larmor::api {
namespace {

/// Colour by pixel as colour by plane: frames go out as the metadata's Planar Configuration
/// says, which is that of the stored instance.
ByteBuffer by_plane(Bytes by_pixel, std::size_t samples, std::size_t sample_bytes) {
    ByteBuffer planes(by_pixel.size());
    const std::size_t pixels = by_pixel.size() / (samples * sample_bytes);
    for (std::size_t sample = 0; sample < samples; ++sample) {
        for (std::size_t pixel = 0; pixel < pixels; ++pixel) {
            std::copy_n(by_pixel.data() + (pixel * samples + sample) * sample_bytes,
                        sample_bytes, planes.data() + (sample * pixels + pixel) * sample_bytes);
        }
    }
    return planes;
}

}  // namespace

Result<std::vector<std::uint32_t>> parse_frame_list(std::string_view text) {
    std::vector<std::uint32_t> frames;
    while (true) {
        const auto comma = text.find(',');
        const auto digits = text.substr(0, comma);
        std::uint32_t number = 0;
        const auto [end, error] =
            std::from_chars(digits.data(), digits.data() + digits.size(), number);
        if (error != std::errc() || end != digits.data() + digits.size() || number == 0) {
            return fail(ErrorCode::InvalidInput,
                        "the frame list is not a list of numbers from 1, separated by commas");
        }
        if (frames.size() == kFramesMax) {
            return fail(ErrorCode::LimitExceeded, "more than 4096 frames in one request");
        }
        frames.push_back(number - 1);
        if (comma == std::string_view::npos) {
            return frames;
        }
        text.remove_prefix(comma + 1);
    }
}

Result<FrameSource> FrameSource::without_opening(const Context& context,
                                                 LocatedInstancePtr located) {
    if (located->frame_index.empty()) {
        return fail(ErrorCode::NotFound, "there is no frame index");
    }
    TRY(const auto index, pixels::FrameIndexView::open(located->frame_index));
    return FrameSource(context.services.store, std::move(located), index);
}

Result<FrameSource> FrameSource::open(const Context& context, LocatedInstancePtr located) {
    TRY(OpenInstancePtr opened, OpenInstance::open(context.services.store, located));
    TRY(const auto index, opened->index());
    FrameSource source(context.services.store, std::move(located), index);
    source.opened_ = std::move(opened);
    return source;
}

Result<void> FrameSource::check(std::uint32_t frame) const {
    if (frame >= index_.frame_count()) {
        return fail(ErrorCode::NotFound,
                    "the instance has " + std::to_string(index_.frame_count()) +
                        " frames, there is no frame " + std::to_string(frame + 1));
    }
    return {};
}

bool FrameSource::can_slice(bool native) const {
    if (index_.in_inflated()) {
        return false;
    }
    if (!native) {
        return true;
    }
    const auto& instance = located_->instance;
    const auto* syntax = dicom::find_transfer_syntax(instance.file.transfer_syntax_uid);
    // Frames of single bits can share a byte.
    return syntax != nullptr && !syntax->encapsulated &&
           syntax->encoding.order == dicom::ByteOrder::Little && index_.is_native() &&
           instance.attributes.bits_allocated.value_or(1) >= 8;
}

Result<void> FrameSource::slices(std::uint32_t frame, std::vector<http::Part>& parts) const {
    TRY(const pixels::FrameLocation location, locate(frame));
    for (const ByteRange& range : location.ranges) {
        TRY(http::FileSlice slice, slice_of(*store_, located_->file, range));
        parts.push_back(std::move(slice));
    }
    return {};
}

Result<void> FrameSource::decoded(std::uint32_t frame, std::vector<http::Part>& parts) const {
    LARMOR_CHECK(opened_ != nullptr);
    const auto& image = *opened_->image;
    TRY(const pixels::Frame made, decode_stored(opened_->file, image, index_, frame));
    TRY(const pixels::NativePlan plan,
        pixels::plan_native(image, *opened_->file.transfer_syntax, made));
    pixels::NativeWriter writer(plan);
    ByteBuffer bytes;
    TRY_VOID(writer.append(made, bytes));
    writer.finish(bytes);
    // `finish` pads to an even length, which is the data element's business, not the frame's.
    bytes.resize(std::min<std::size_t>(bytes.size(), (plan.frame_bits + 7) / 8));
    if (image.is_planar && plan.samples > 1) {
        bytes = by_plane(bytes, plan.samples, pixels::size_of(plan.type));
    }
    auto owner = std::make_shared<const ByteBuffer>(std::move(bytes));
    const Bytes view(*owner);
    parts.push_back(http::SharedBytes{std::move(owner), view});
    return {};
}

}  // namespace larmor::api
