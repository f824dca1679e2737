#include "pixels/image_description.h"

#include <algorithm>
#include <string>

#include "base/checked.h"
#include "dicom/tags.h"

namespace larmor::pixels {
namespace {

struct Term {
    std::string_view text;
    Photometric photometric;
};
constexpr Term kTerms[] = {
    {"MONOCHROME1", Photometric::Monochrome1},
    {"MONOCHROME2", Photometric::Monochrome2},
    {"PALETTE COLOR", Photometric::PaletteColor},
    {"RGB", Photometric::Rgb},
    {"YBR_FULL", Photometric::YbrFull},
    {"YBR_FULL_422", Photometric::YbrFull422},
    {"YBR_PARTIAL_422", Photometric::YbrPartial422},
    {"YBR_PARTIAL_420", Photometric::YbrPartial420},
    {"YBR_ICT", Photometric::YbrIct},
    {"YBR_RCT", Photometric::YbrRct},
};

tl::unexpected<Error> wrong(ErrorCode code, const char* what, std::uint64_t value) {
    return fail(code, std::string("image: ") + what + " " + std::to_string(value));
}

}  // namespace

std::string_view term_of(Photometric photometric) {
    for (const auto& term : kTerms) {
        if (term.photometric == photometric) return term.text;
    }
    return {};
}

Photometric photometric_of(std::string_view term) {
    while (!term.empty() && (term.back() == ' ' || term.back() == '\0')) term.remove_suffix(1);
    for (const auto& known : kTerms) {
        if (known.text == term) return known.photometric;
    }
    return Photometric::Unknown;
}

bool ImageDescription::is_float() const {
    return pixel_data && (pixel_data->tag == dicom::tags::FloatPixelData ||
                          pixel_data->tag == dicom::tags::DoubleFloatPixelData);
}

bool ImageDescription::is_colour() const {
    return samples_per_pixel == 3 || photometric == Photometric::PaletteColor;
}

std::uint64_t ImageDescription::frame_bits() const {
    const auto samples =
        static_cast<std::uint64_t>(rows) * columns * samples_per_pixel * bits_allocated;
    if (samples_per_pixel != 3) return samples;
    switch (photometric) {
        case Photometric::YbrFull422:
        case Photometric::YbrPartial422:
            return samples / 3 * 2;
        case Photometric::YbrPartial420:
            return samples / 2;
        default:
            return samples;
    }
}

const ValueTransform& ImageDescription::transform(std::uint32_t frame) const {
    return transforms[frame < transform_of_frame.size() ? transform_of_frame[frame] : 0];
}

Result<void> check_description(const ImageDescription& image, const PixelLimits& limits) {
    if (image.rows == 0) return wrong(ErrorCode::InvalidInput, "Rows", 0);
    if (image.columns == 0) return wrong(ErrorCode::InvalidInput, "Columns", 0);
    if (image.number_of_frames == 0) {
        return wrong(ErrorCode::InvalidInput, "Number of Frames", 0);
    }
    if (image.samples_per_pixel != 1 && image.samples_per_pixel != 3) {
        // Four were ARGB and CMYK, retired.
        return wrong(
            image.samples_per_pixel == 4 ? ErrorCode::Unsupported : ErrorCode::InvalidInput,
            "Samples per Pixel", image.samples_per_pixel);
    }
    const auto bits = image.bits_allocated;
    if (bits != 1 && bits != 8 && bits != 16 && bits != 32 &&
        !(bits == 64 && image.is_float())) {
        const bool exists = bits == 12 || bits == 24 || bits == 64;
        return wrong(exists ? ErrorCode::Unsupported : ErrorCode::InvalidInput,
                     "Bits Allocated", bits);
    }
    if (image.is_float() && image.samples_per_pixel != 1) {
        return wrong(ErrorCode::InvalidInput, "float pixels with Samples per Pixel",
                     image.samples_per_pixel);
    }
    if (bits == 1 && image.samples_per_pixel != 1) {
        return wrong(ErrorCode::Unsupported, "1-bit pixels with Samples per Pixel",
                     image.samples_per_pixel);
    }
    if (image.bits_stored == 0 || image.bits_stored > bits) {
        return wrong(ErrorCode::InvalidInput, "Bits Stored", image.bits_stored);
    }
    if (image.high_bit >= bits || image.high_bit + 1 < image.bits_stored) {
        return wrong(ErrorCode::InvalidInput, "High Bit", image.high_bit);
    }
    if ((image.photometric == Photometric::YbrFull422 ||
         image.photometric == Photometric::YbrPartial422) &&
        image.samples_per_pixel == 3 && image.pixel_data && !image.pixel_data->encapsulated &&
        image.columns % 2 != 0) {
        return wrong(ErrorCode::InvalidInput, "4:2:2 colour with an odd number of Columns",
                     image.columns);
    }
    // 2^32 pixels * 3 samples * 8 bytes: no overflow before the comparison. A 1-bit pixel is a
    // byte when it is decoded.
    const auto frame_bytes = static_cast<std::uint64_t>(image.rows) * image.columns *
                             image.samples_per_pixel * std::max(1, bits / 8);
    if (image.rows > 65535 || image.columns > 65535 || frame_bytes > limits.frame_max_bytes) {
        return fail(ErrorCode::LimitExceeded,
                    "image: " + std::to_string(image.rows) + " rows and " +
                        std::to_string(image.columns) + " columns make frames of " +
                        std::to_string(frame_bytes) + " bytes, allowed are " +
                        std::to_string(limits.frame_max_bytes));
    }
    // Checked, so that frame_bits() * number_of_frames is safe for everyone.
    if (!checked_multiply<std::uint64_t>(frame_bytes * 8, image.number_of_frames)) {
        return wrong(ErrorCode::LimitExceeded, "Number of Frames", image.number_of_frames);
    }
    if (image.transforms.empty() ||
        std::ranges::any_of(image.transform_of_frame, [&](std::uint32_t index) {
            return index >= image.transforms.size();
        })) {
        return fail(ErrorCode::InvalidInput, "image: a frame without a value transform");
    }
    return {};
}

}  // namespace larmor::pixels
