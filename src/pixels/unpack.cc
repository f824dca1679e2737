#include "pixels/unpack.h"

#include <string>
#include <type_traits>

namespace larmor::pixels {
namespace {

using codecs::Decoded;

SampleType type_of(const ImageDescription& image) {
    if (image.is_float()) {
        return image.bits_allocated == 64 ? SampleType::F64 : SampleType::F32;
    }
    switch (image.bits_allocated) {
        case 1:
            return SampleType::U8;
        case 8:
            return image.is_signed ? SampleType::S8 : SampleType::U8;
        case 16:
            return image.is_signed ? SampleType::S16 : SampleType::U16;
        default:
            return image.is_signed ? SampleType::S32 : SampleType::U32;
    }
}

/// The bits of a sample that are the stored value.
struct Field {
    unsigned shift = 0;
    unsigned bits = 0;
};
Field field_of(const ImageDescription& image, const Decoded& decoded) {
    Field field{0, image.bits_stored};
    // The stored value sits below the high bit; codestreams hold it alone, unless they carry
    // whole containers.
    if (decoded.precision > image.high_bit) {
        field.shift = image.high_bit + 1U - image.bits_stored;
    }
    // JPEG 2000 says where its sign is, and the data set may think of more bits.
    if (decoded.sign_at_precision) field.bits = std::min(field.bits, decoded.precision);
    return field;
}

template <typename Out, typename In>
void extract(const std::byte* in, std::size_t count, std::size_t stride, Field field,
             Out* out) {
    using Wide = std::make_unsigned_t<Out>;
    constexpr unsigned kBits = 8 * sizeof(Out);
    const unsigned left = kBits - field.shift - field.bits;
    const unsigned right = kBits - field.bits;
    const auto one = [=](std::size_t i) {
        In raw;
        std::memcpy(&raw, in + i * sizeof(In), sizeof(In));
        // Up to the top and back down: cuts what is above, extends the sign.
        return static_cast<Out>(static_cast<Out>(static_cast<Wide>(Wide{raw} << left)) >>
                                right);
    };
    if (stride == 1) {
        for (std::size_t i = 0; i < count; ++i) out[i] = one(i);
    } else {
        for (std::size_t i = 0; i < count; ++i) out[i * stride] = one(i);
    }
}

template <typename Out>
void extract_from(const Decoded& decoded, std::size_t at, std::size_t count, std::size_t stride,
                  Field field, Out* out) {
    const auto* in = decoded.samples.data() + at * decoded.bytes_per_sample;
    if constexpr (sizeof(Out) == 1) {
        extract<Out, std::uint8_t>(in, count, stride, field, out);
    } else if constexpr (sizeof(Out) == 2) {
        if (decoded.bytes_per_sample == 1) {
            extract<Out, std::uint8_t>(in, count, stride, field, out);
        } else {
            extract<Out, std::uint16_t>(in, count, stride, field, out);
        }
    } else {
        switch (decoded.bytes_per_sample) {
            case 1:
                extract<Out, std::uint8_t>(in, count, stride, field, out);
                break;
            case 2:
                extract<Out, std::uint16_t>(in, count, stride, field, out);
                break;
            default:
                extract<Out, std::uint32_t>(in, count, stride, field, out);
        }
    }
}

template <typename Out>
void extract_all(const ImageDescription& image, const Decoded& decoded, Frame& frame) {
    const auto field = field_of(image, decoded);
    auto* out = frame.values<Out>().data();
    if (!decoded.is_planar) {
        extract_from(decoded, 0, frame.sample_count(), 1, field, out);
        return;
    }
    const auto pixels = std::size_t{frame.rows} * frame.columns;
    for (std::size_t s = 0; s < frame.samples; ++s) {
        extract_from(decoded, s * pixels, pixels, frame.samples, field, out + s);
    }
}

void spread_bits(Bytes packed, std::span<std::uint8_t> out) {
    for (std::size_t i = 0; i < out.size(); ++i) {
        out[i] = (static_cast<unsigned>(packed[i / 8]) >> (i % 8)) & 1;
    }
}

template <typename Word>
void copy_floats(const Decoded& decoded, Frame& frame) {
    // Floats have no bits to leave out; planes do not occur (one sample: PS3.3 C.7.6.24).
    std::memcpy(frame.pixels.data(), decoded.samples.data(),
                frame.sample_count() * sizeof(Word));
}

Photometric name_colours(const ImageDescription& image, Photometric decoded) {
    if (image.samples_per_pixel == 1) {
        const auto stored = image.photometric;
        return stored == Photometric::Monochrome1 || stored == Photometric::Monochrome2 ||
                       stored == Photometric::PaletteColor
                   ? stored
                   : Photometric::Unknown;
    }
    switch (decoded) {
        case Photometric::YbrFull:
        case Photometric::YbrFull422:
            return Photometric::YbrFull;
        case Photometric::YbrPartial422:
        case Photometric::YbrPartial420:
            return Photometric::YbrPartial422;
        case Photometric::Unknown:
        case Photometric::Monochrome1:
        case Photometric::Monochrome2:
        case Photometric::PaletteColor:
            return Photometric::Unknown;
        // ICT and RCT exist in JPEG 2000 only, whose decoder has undone them.
        case Photometric::Rgb:
        case Photometric::YbrIct:
        case Photometric::YbrRct:
            break;
    }
    return Photometric::Rgb;
}

}  // namespace

Result<Frame> unpack(const ImageDescription& image, Decoded decoded) {
    Frame frame;
    frame.rows = image.rows;
    frame.columns = image.columns;
    frame.samples = image.samples_per_pixel;
    frame.bits_stored = image.bits_stored;
    frame.type = type_of(image);
    frame.photometric = name_colours(image, decoded.photometric);

    const auto count = frame.sample_count();
    const auto needed =
        decoded.packed_bits ? (count + 7) / 8 : count * decoded.bytes_per_sample;
    if (decoded.samples.size() < needed) {
        return fail(ErrorCode::InvalidInput, "a frame of " + std::to_string(needed) +
                                                 " bytes came out as " +
                                                 std::to_string(decoded.samples.size()));
    }
    // Whole containers of the right kind in a buffer of the right size: nothing to do.
    const bool is_final = !decoded.is_planar && !decoded.packed_bits &&
                          decoded.bytes_per_sample == size_of(frame.type) &&
                          image.bits_stored == 8 * decoded.bytes_per_sample &&
                          (!decoded.sign_at_precision || !image.is_signed ||
                           decoded.precision == image.bits_stored) &&
                          decoded.buffer.size() != 0 &&
                          decoded.samples.data() == decoded.buffer.data();
    if (is_final) {
        frame.pixels = std::move(decoded.buffer);
        frame.pixels.truncate(needed);
        return frame;
    }
    frame.pixels = SampleBuffer(count * size_of(frame.type));
    if (decoded.packed_bits) {
        spread_bits(decoded.samples, frame.values<std::uint8_t>());
        return frame;
    }
    switch (frame.type) {
        case SampleType::U8:
            extract_all<std::uint8_t>(image, decoded, frame);
            break;
        case SampleType::S8:
            extract_all<std::int8_t>(image, decoded, frame);
            break;
        case SampleType::U16:
            extract_all<std::uint16_t>(image, decoded, frame);
            break;
        case SampleType::S16:
            extract_all<std::int16_t>(image, decoded, frame);
            break;
        case SampleType::U32:
            extract_all<std::uint32_t>(image, decoded, frame);
            break;
        case SampleType::S32:
            extract_all<std::int32_t>(image, decoded, frame);
            break;
        case SampleType::F32:
            copy_floats<float>(decoded, frame);
            break;
        case SampleType::F64:
            copy_floats<double>(decoded, frame);
            break;
    }
    return frame;
}

}  // namespace larmor::pixels
