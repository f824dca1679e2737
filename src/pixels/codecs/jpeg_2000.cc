// JPEG 2000 by OpenJPEG, from memory; HTJ2K too. OpenJPH 0.9 decodes the latter in half the
// time (2.1 ms against 4.1 for a CT of 512 x 512) but ends the process on broken codestreams:
// its asserts are on in Debian's build. fuzz_frames found that within a second.
#include <openjpeg.h>

#include <cstdio>
#include <string>

#include "pixels/codecs/assertion_guard.h"
#include "pixels/codecs/codec.h"
#include "pixels/codecs/codestream_header.h"

namespace larmor::pixels::codecs {
namespace {

struct Source {
    Bytes bytes;
    std::size_t at = 0;
};

OPJ_SIZE_T read(void* buffer, OPJ_SIZE_T count, void* user) {
    auto& source = *static_cast<Source*>(user);
    const auto left = source.bytes.size() - source.at;
    if (left == 0) return static_cast<OPJ_SIZE_T>(-1);
    count = std::min<OPJ_SIZE_T>(count, left);
    std::memcpy(buffer, source.bytes.data() + source.at, count);
    source.at += count;
    return count;
}
OPJ_OFF_T skip(OPJ_OFF_T count, void* user) {
    auto& source = *static_cast<Source*>(user);
    if (count < 0) return -1;
    const auto left = source.bytes.size() - source.at;
    source.at += std::min<std::size_t>(static_cast<std::size_t>(count), left);
    return count;
}
OPJ_BOOL seek(OPJ_OFF_T offset, void* user) {
    auto& source = *static_cast<Source*>(user);
    if (offset < 0 || static_cast<std::size_t>(offset) > source.bytes.size()) return OPJ_FALSE;
    source.at = static_cast<std::size_t>(offset);
    return OPJ_TRUE;
}

/// Keeps the first message: it names the cause, the later ones its consequences.
void on_error(const char* message, void* user) {
    auto& first = *static_cast<std::string*>(user);
    if (!first.empty()) return;
    first = message;
    while (!first.empty() && (first.back() == '\n' || first.back() == '.')) first.pop_back();
}
void on_message(const char*, void*) {}

using Codec = std::unique_ptr<opj_codec_t, decltype(&opj_destroy_codec)>;
using Stream = std::unique_ptr<opj_stream_t, decltype(&opj_stream_destroy)>;
using Image = std::unique_ptr<opj_image_t, decltype(&opj_image_destroy)>;

tl::unexpected<Error> broken(const std::string& message) {
    return fail(ErrorCode::InvalidInput,
                "JPEG 2000: " + (message.empty() ? std::string("broken codestream") : message));
}

/// Interleaves the components into samples of T; values outside of the precision are the
/// rounding of lossy wavelets.
template <typename T>
void interleave(const opj_image_t& image, std::size_t pixels, T* out) {
    const std::size_t samples = image.numcomps;
    for (std::size_t c = 0; c < samples; ++c) {
        const auto& component = image.comps[c];
        const auto bits = component.prec;
        const std::int64_t low = component.sgnd ? -(1LL << (bits - 1)) : 0;
        const std::int64_t high = component.sgnd ? (1LL << (bits - 1)) - 1 : (1LL << bits) - 1;
        const auto low32 = static_cast<OPJ_INT32>(std::max<std::int64_t>(low, INT32_MIN));
        const auto high32 = static_cast<OPJ_INT32>(std::min<std::int64_t>(high, INT32_MAX));
        for (std::size_t i = 0; i < pixels; ++i) {
            out[i * samples + c] = static_cast<T>(std::clamp(component.data[i], low32, high32));
        }
    }
}

Result<Image> decode_image(Bytes bytes, bool is_jp2, const Expected& expected) {
    std::string message;
    Source source{bytes};
    const Stream stream(opj_stream_create(1 << 16, OPJ_TRUE), &opj_stream_destroy);
    const Codec codec(opj_create_decompress(is_jp2 ? OPJ_CODEC_JP2 : OPJ_CODEC_J2K),
                      &opj_destroy_codec);
    if (!stream || !codec) return fail(ErrorCode::LimitExceeded, "JPEG 2000: out of memory");
    opj_stream_set_user_data(stream.get(), &source, nullptr);
    opj_stream_set_user_data_length(stream.get(), bytes.size());
    opj_stream_set_read_function(stream.get(), read);
    opj_stream_set_skip_function(stream.get(), skip);
    opj_stream_set_seek_function(stream.get(), seek);
    opj_set_error_handler(codec.get(), on_error, &message);
    opj_set_warning_handler(codec.get(), on_message, nullptr);
    opj_set_info_handler(codec.get(), on_message, nullptr);

    opj_dparameters_t parameters;
    opj_set_default_decoder_parameters(&parameters);
    // Palette and channel boxes of JP2 are not DICOM's.
    parameters.flags |= OPJ_DPARAMETERS_IGNORE_PCLR_CMAP_CDEF_FLAG;
    if (!opj_setup_decoder(codec.get(), &parameters)) return broken(message);
    opj_decoder_set_strict_mode(codec.get(), OPJ_TRUE);

    opj_image_t* raw = nullptr;
    bool has_header = false;
    std::string assertion;
    if (!guarded([&] { has_header = opj_read_header(stream.get(), codec.get(), &raw) != 0; },
                 assertion)) {
        return broken(assertion);
    }
    Image image(raw, &opj_image_destroy);
    if (!has_header || !image) return broken(message);
    TRY_VOID(check_dimensions("JPEG 2000", expected, image->y1 - image->y0,
                              image->x1 - image->x0, image->numcomps, image->comps[0].prec));
    bool is_decoded = false;
    const bool came_back = guarded(
        [&] {
            is_decoded = opj_decode(codec.get(), stream.get(), image.get()) != 0 &&
                         opj_end_decompress(codec.get(), stream.get()) != 0;
        },
        assertion);
    if (!came_back) return broken(assertion);
    if (!is_decoded) return broken(message);
    for (OPJ_UINT32 c = 0; c < image->numcomps; ++c) {
        const auto& component = image->comps[c];
        if (!component.data || component.w != expected.columns ||
            component.h != expected.rows || component.prec != image->comps[0].prec) {
            return broken("a component of another size");
        }
    }
    return image;
}

}  // namespace

Result<Decoded> decode_jpeg_2000(Bytes stream, const Expected& expected) {
    TRY(const auto header, read_jpeg_2000_header(stream));
    TRY_VOID(check_dimensions("JPEG 2000", expected, header.rows, header.columns,
                              header.components, header.precision));
    if (!header.is_uniform) {
        return fail(ErrorCode::Unsupported,
                    "JPEG 2000: components differ in size, precision or sign");
    }
    if (header.precision > 32) {
        return fail(ErrorCode::Unsupported, "JPEG 2000: more than 32 bits a sample");
    }
    // 32-bit components twice (the image, its tile), coded bytes, our samples.
    TRY_VOID(check_memory("JPEG 2000", expected, 16));
    TRY(const auto image, decode_image(stream, header.is_jp2, expected));

    Decoded decoded;
    decoded.precision = header.precision;
    decoded.bytes_per_sample = header.precision <= 8 ? 1 : header.precision <= 16 ? 2 : 4;
    SampleBuffer out(expected.sample_count() * decoded.bytes_per_sample);
    const std::size_t pixels = expected.pixels();
    switch (decoded.bytes_per_sample) {
        case 1:
            interleave(*image, pixels, reinterpret_cast<std::uint8_t*>(out.data()));
            break;
        case 2:
            interleave(*image, pixels, reinterpret_cast<std::uint16_t*>(out.data()));
            break;
        default:
            interleave(*image, pixels, reinterpret_cast<std::uint32_t*>(out.data()));
    }
    decoded.own(std::move(out));
    decoded.sign_at_precision = true;
    decoded.photometric = expected.photometric;
    // The inverse transform is part of decoding: YBR_ICT and YBR_RCT have become RGB.
    if (expected.samples == 3 &&
        (header.has_colour_transform || expected.photometric == Photometric::YbrIct ||
         expected.photometric == Photometric::YbrRct)) {
        decoded.photometric = Photometric::Rgb;
    }
    return decoded;
}

}  // namespace larmor::pixels::codecs
