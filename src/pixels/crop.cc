#include <algorithm>
#include <cmath>

#include "pixels/render.h"

namespace larmor::pixels {
namespace {

/// From the first pixel that is touched to the one behind the last, within 0..`size`.
struct Span {
    std::uint32_t first = 0;
    std::uint32_t end = 0;
};
Span touched(double start, std::optional<double> length, std::uint32_t size) {
    const double limit = size;
    const double end = length ? start + *length : limit;
    return {static_cast<std::uint32_t>(std::clamp(std::floor(start), 0.0, limit)),
            static_cast<std::uint32_t>(std::clamp(std::ceil(end), 0.0, limit))};
}

}  // namespace

Result<Picture> crop(const Picture& picture, const Region& region) {
    const Span rows = touched(region.y, region.height, picture.rows);
    const Span columns = touched(region.x, region.width, picture.columns);
    if (rows.first >= rows.end || columns.first >= columns.end) {
        return fail(ErrorCode::InvalidInput, "the region lies outside of the frame of " +
                                                 std::to_string(picture.columns) + " x " +
                                                 std::to_string(picture.rows) + " pixels");
    }
    Picture part{rows.end - rows.first, columns.end - columns.first, picture.samples, {}};
    const std::size_t samples = picture.samples;
    const std::size_t row_bytes = part.columns * samples;
    part.pixels = SampleBuffer(part.rows * row_bytes);
    for (std::uint32_t row = 0; row < part.rows; ++row) {
        const auto from = region.flip_vertically ? rows.end - 1 - row : rows.first + row;
        const std::byte* in =
            picture.pixels.data() +
            (static_cast<std::size_t>(from) * picture.columns + columns.first) * samples;
        std::byte* out = part.pixels.data() + row * row_bytes;
        if (!region.flip_horizontally) {
            std::copy_n(in, row_bytes, out);
            continue;
        }
        for (std::uint32_t column = 0; column < part.columns; ++column) {
            std::copy_n(in + (part.columns - 1 - column) * samples, samples,
                        out + column * samples);
        }
    }
    return part;
}

}  // namespace larmor::pixels
