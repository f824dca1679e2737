#include "pixels/codecs/native.h"

#include <string>

namespace larmor::pixels::codecs {
namespace {

template <typename T>
void swap_as(const std::byte* in, std::size_t count, std::byte* out) {
    for (std::size_t i = 0; i < count; ++i) {
        store_little(out + i * sizeof(T), load_big<T>(in + i * sizeof(T)));
    }
}

/// Y Y Cb Cr for two pixels becomes Y Cb Cr, Y Cb Cr. Source: PS3.3 section C.7.6.3.1.2.
SampleBuffer spread_422(Bytes stored, std::size_t pixels) {
    SampleBuffer out(pixels * 3);
    for (std::size_t i = 0; i < pixels / 2; ++i) {
        const auto* from = stored.data() + i * 4;
        auto* to = out.data() + i * 6;
        to[0] = from[0];
        to[3] = from[1];
        to[1] = to[4] = from[2];
        to[2] = to[5] = from[3];
    }
    return out;
}

/// Moves packed bits down so that the frame starts in bit 0 of the first byte.
SampleBuffer shift_bits(Bytes stored, std::uint32_t bit_offset, std::uint64_t bits) {
    SampleBuffer out((bits + 7) / 8);
    for (std::size_t i = 0; i < out.size(); ++i) {
        auto value = static_cast<unsigned>(stored[i]) >> bit_offset;
        if (i + 1 < stored.size()) {
            value |= static_cast<unsigned>(stored[i + 1]) << (8 - bit_offset);
        }
        out.data()[i] = static_cast<std::byte>(value);
    }
    return out;
}

}  // namespace

void swap_words(const std::byte* in, std::size_t count, std::size_t word_bytes,
                std::byte* out) {
    switch (word_bytes) {
        case 2:
            swap_as<std::uint16_t>(in, count, out);
            break;
        case 4:
            swap_as<std::uint32_t>(in, count, out);
            break;
        default:
            swap_as<std::uint64_t>(in, count, out);
            break;
    }
}

Result<Decoded> decode_native(const ImageDescription& image, Bytes stored,
                              std::uint32_t bit_offset) {
    const bool is_422 =
        image.samples_per_pixel == 3 && (image.photometric == Photometric::YbrFull422 ||
                                         image.photometric == Photometric::YbrPartial422);
    if (image.samples_per_pixel == 3 && image.photometric == Photometric::YbrPartial420) {
        return fail(ErrorCode::Unsupported, "native YBR_PARTIAL_420");
    }
    if (is_422 && (image.bits_allocated != 8 || image.columns % 2 != 0)) {
        return fail(ErrorCode::Unsupported,
                    "native 4:2:2 colour of more than 8 bits or with an odd number of columns");
    }
    const auto bits = image.frame_bits();
    if (bit_offset > 8 || stored.size() < (bits + bit_offset + 7) / 8) {
        return fail(ErrorCode::InvalidInput, "Pixel Data: " + std::to_string(stored.size()) +
                                                 " bytes are stored of a frame of " +
                                                 std::to_string((bits + 7) / 8));
    }
    Decoded decoded;
    decoded.photometric = image.photometric;
    decoded.precision = image.bits_allocated;
    decoded.bytes_per_sample = image.bits_allocated < 8 ? 1 : image.bits_allocated / 8;
    decoded.is_planar = image.is_planar && image.samples_per_pixel > 1;
    decoded.packed_bits = image.bits_allocated == 1;
    decoded.samples = stored;

    // 8-bit and 1-bit samples in OW are words too: PS3.5 sections 7.3 and 8.1.2.
    const bool in_words =
        image.bits_allocated > 8 || (image.pixel_data && image.pixel_data->vr == dicom::vr::OW);
    if (image.big_endian && in_words) {
        const auto word_bytes = std::max<std::size_t>(2, decoded.bytes_per_sample);
        const auto words = stored.size() / word_bytes;
        SampleBuffer swapped(stored.size());
        swap_words(stored.data(), words, word_bytes, swapped.data());
        // A last odd byte is there only in broken files, and never part of a whole word.
        std::copy(stored.begin() + static_cast<std::ptrdiff_t>(words * word_bytes),
                  stored.end(), swapped.data() + words * word_bytes);
        decoded.own(std::move(swapped));
    }
    if (bit_offset == 8) {
        decoded.samples = decoded.samples.subspan(1);
    } else if (bit_offset != 0) {
        decoded.own(shift_bits(decoded.samples, bit_offset, bits));
    }
    decoded.samples = decoded.samples.first((bits + 7) / 8);

    if (is_422) {
        decoded.own(spread_422(decoded.samples, std::size_t{image.rows} * image.columns));
        decoded.is_planar = false;
    }
    return decoded;
}

}  // namespace larmor::pixels::codecs
