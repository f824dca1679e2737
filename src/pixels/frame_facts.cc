#include "pixels/frame_facts.h"

#include <libdeflate.h>

#include <algorithm>

namespace larmor::pixels {

static_assert(std::endian::native == std::endian::little, "samples are hashed as they lie");

std::uint32_t checksum_of(std::span<const Bytes> parts) {
    std::uint32_t checksum = 0;
    for (const Bytes part : parts) {
        checksum = libdeflate_crc32(checksum, part.data(), part.size());
    }
    return checksum;
}

FrameFacts facts_of(const Frame& frame) {
    FrameFacts facts;
    const Bytes samples =
        frame.pixels.bytes().first(frame.sample_count() * size_of(frame.type));
    facts.checksum = checksum_of({&samples, 1});
    visit_samples(frame, [&](auto values) {
        if (values.empty()) return;
        const auto [min, max] = std::ranges::minmax(values);
        facts.min = static_cast<double>(min);
        facts.max = static_cast<double>(max);
    });
    return facts;
}

}  // namespace larmor::pixels
