// Area averaging: every output pixel is the mean of what it covers. No ringing, no aliasing.
#include <algorithm>
#include <vector>

#include "pixels/render.h"

namespace larmor::pixels {
namespace {

/// The input pixels that output pixel `index` covers, with the part of the first and the last.
struct Cover {
    std::uint32_t first = 0;
    std::uint32_t last = 0;  ///< inclusive
    float first_part = 1;
    float last_part = 1;
};
std::vector<Cover> covers_of(std::uint32_t from, std::uint32_t to) {
    std::vector<Cover> covers(to);
    for (std::uint32_t i = 0; i < to; ++i) {
        // In units of 1/to of an input pixel: exact.
        const auto start = static_cast<std::uint64_t>(i) * from;
        const auto end = start + from;
        auto& cover = covers[i];
        cover.first = static_cast<std::uint32_t>(start / to);
        cover.last = static_cast<std::uint32_t>((end - 1) / to);
        const auto part = [&](std::uint64_t units) {
            return static_cast<float>(units) / static_cast<float>(to);
        };
        if (cover.first == cover.last) {
            cover.first_part = part(from);
        } else {
            cover.first_part = part((cover.first + 1ULL) * to - start);
            cover.last_part = part(end - static_cast<std::uint64_t>(cover.last) * to);
        }
    }
    return covers;
}

void add_row(const std::uint8_t* row, float weight, std::span<float> sums) {
    for (std::size_t x = 0; x < sums.size(); ++x)
        sums[x] += weight * static_cast<float>(row[x]);
}

void write_row(std::span<const float> sums, const std::vector<Cover>& covers,
               std::size_t samples, float scale, std::uint8_t* out) {
    for (const auto& cover : covers) {
        for (std::size_t s = 0; s < samples; ++s) {
            float sum = sums[cover.first * samples + s] * cover.first_part;
            for (std::size_t x = cover.first + 1; x < cover.last; ++x) {
                sum += sums[x * samples + s];
            }
            if (cover.last != cover.first) {
                sum += sums[cover.last * samples + s] * cover.last_part;
            }
            *out++ = static_cast<std::uint8_t>(std::min(sum * scale + 0.5F, 255.0F));
        }
    }
}

}  // namespace

Picture scale(const Picture& picture, std::uint32_t rows, std::uint32_t columns) {
    LARMOR_CHECK(rows > 0 && columns > 0);
    const auto row_covers = covers_of(picture.rows, rows);
    const auto column_covers = covers_of(picture.columns, columns);
    const std::size_t samples = picture.samples;
    const auto row_bytes = picture.columns * samples;
    const auto* in = reinterpret_cast<const std::uint8_t*>(picture.pixels.data());
    const float mean = static_cast<float>(rows) / static_cast<float>(picture.rows) *
                       static_cast<float>(columns) / static_cast<float>(picture.columns);

    Picture scaled{rows, columns, picture.samples,
                   SampleBuffer(std::size_t{rows} * columns * samples)};
    auto* out = reinterpret_cast<std::uint8_t*>(scaled.pixels.data());
    std::vector<float> sums(row_bytes);
    for (const auto& cover : row_covers) {
        std::ranges::fill(sums, 0.0F);
        for (auto y = cover.first; y <= cover.last; ++y) {
            const float weight = y == cover.first  ? cover.first_part
                                 : y == cover.last ? cover.last_part
                                                   : 1.0F;
            add_row(in + y * row_bytes, weight, sums);
        }
        write_row(sums, column_covers, samples, mean, out);
        out += columns * samples;
    }
    return scaled;
}

}  // namespace larmor::pixels
