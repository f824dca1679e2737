// JPEG-LS by CharLS.
#include <charls/charls.h>

#include <exception>
#include <string>
#include <system_error>

#include "pixels/codecs/assertion_guard.h"
#include "pixels/codecs/codec.h"

namespace larmor::pixels::codecs {
namespace {

/// CharLS 2.4.1 reads on for 2^31 bits where a scan ends without a marker in the middle of a
/// long code. Behind these it never comes: a copy of 100 KB costs 10 us.
SampleBuffer with_end_markers(Bytes stream) {
    constexpr std::uint8_t kEnds[] = {0xff, 0xd9, 0xff, 0xd9, 0xff, 0xd9};
    SampleBuffer copy(stream.size() + sizeof kEnds);
    std::memcpy(copy.data(), stream.data(), stream.size());
    std::memcpy(copy.data() + stream.size(), kEnds, sizeof kEnds);
    return copy;
}

}  // namespace

Result<Decoded> decode_jpeg_ls(Bytes stream, const Expected& expected) {
    if (stream.empty()) return fail(ErrorCode::InvalidInput, "JPEG-LS: no codestream");
    const auto source = with_end_markers(stream);
    try {
        charls::jpegls_decoder decoder;
        decoder.source(source.data(), source.size());
        decoder.read_header();
        const auto info = decoder.frame_info();
        TRY_VOID(check_dimensions("JPEG-LS", expected, info.height, info.width,
                                  static_cast<std::uint64_t>(info.component_count),
                                  static_cast<unsigned>(info.bits_per_sample)));
        const std::uint64_t bytes_per_sample = info.bits_per_sample <= 8 ? 1 : 2;
        TRY_VOID(check_memory("JPEG-LS", expected, 3 * bytes_per_sample));
        const auto size = decoder.destination_size();
        if (size != expected.sample_count() * bytes_per_sample) {
            return fail(ErrorCode::InvalidInput, "JPEG-LS: unexpected size of the frame");
        }
        SampleBuffer out(size);
        std::string assertion;
        std::error_code error;
        const auto decode = [&] {
            // Caught here: an exception may not pass the guard.
            try {
                decoder.decode(out.data(), out.size());
            } catch (const charls::jpegls_error& thrown) {
                error = thrown.code();
            }
        };
        if (!guarded(decode, assertion)) {
            return fail(ErrorCode::InvalidInput, "JPEG-LS: " + assertion);
        }
        if (error) return fail(ErrorCode::InvalidInput, "JPEG-LS: " + error.message());

        Decoded decoded;
        decoded.own(std::move(out));
        decoded.bytes_per_sample = static_cast<unsigned>(bytes_per_sample);
        decoded.precision = static_cast<unsigned>(info.bits_per_sample);
        decoded.is_planar =
            expected.samples > 1 && decoder.interleave_mode() == charls::interleave_mode::none;
        decoded.photometric = expected.photometric;
        return decoded;
    } catch (const std::exception& error) {
        return fail(ErrorCode::InvalidInput, std::string("JPEG-LS: ") + error.what());
    }
}

}  // namespace larmor::pixels::codecs
