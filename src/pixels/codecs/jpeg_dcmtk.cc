// JPEG with 12-bit DCT samples and lossless JPEG of 2 to 16 bits by the three copies of IJG's
// library that DCMTK builds. Only their frame decoders are used, no data set and no registry.
#include <dcmtk/config/osconfig.h>
// after osconfig.h
#include <dcmtk/dcmjpeg/djcparam.h>
#include <dcmtk/dcmjpeg/djdijg12.h>
#include <dcmtk/dcmjpeg/djdijg16.h>
#include <dcmtk/dcmjpeg/djdijg8.h>
#include <dcmtk/oflog/oflog.h>

#include <limits>
#include <mutex>
#include <string>

#include "pixels/codecs/codec.h"

namespace larmor::pixels::codecs {
namespace {

void silence_once() {
    // Warnings of a hostile codestream do not belong on our standard error.
    static std::once_flag once;
    std::call_once(
        once, [] { OFLog::getLogger("dcmtk.dcmjpeg").setLogLevel(OFLogger::OFF_LOG_LEVEL); });
}

const DJCodecParameter& parameters() {
    static const DJCodecParameter value(ECC_lossyYCbCr, EDC_never, EUC_never, EPC_colorByPixel);
    return value;
}

std::unique_ptr<DJDecoder> make_decoder(unsigned precision) {
    // EDC_never: colours stay as they are, so what "YBR" is does not matter.
    if (precision <= 8) return std::make_unique<DJDecompressIJG8Bit>(parameters(), OFFalse);
    if (precision <= 12) return std::make_unique<DJDecompressIJG12Bit>(parameters(), OFFalse);
    return std::make_unique<DJDecompressIJG16Bit>(parameters(), OFFalse);
}

}  // namespace

Result<Decoded> decode_jpeg_dcmtk(Bytes stream, const Expected& expected, unsigned precision) {
    silence_once();
    if (precision > 16 || expected.bits_allocated > 16) {
        return fail(ErrorCode::InvalidInput, "JPEG: samples of " + std::to_string(precision) +
                                                 " bits, allocated " +
                                                 std::to_string(expected.bits_allocated));
    }
    TRY_VOID(check_memory("JPEG", expected, 6));
    const unsigned bytes_per_sample = precision <= 8 ? 1 : 2;
    const auto size = expected.sample_count() * bytes_per_sample;
    constexpr auto kMax = std::numeric_limits<Uint32>::max();
    if (size > kMax || stream.size() > kMax) {
        return fail(ErrorCode::LimitExceeded, "JPEG: more than 4 GiB");
    }
    SampleBuffer out(size);
    // Where the decoder stops early it has said so; nothing may show what memory held before.
    std::memset(out.data(), 0, size);

    const auto decoder = make_decoder(precision);
    auto status = decoder->init();
    if (status.good()) {
        status = decoder->decode(
            reinterpret_cast<Uint8*>(const_cast<std::byte*>(stream.data())),
            static_cast<Uint32>(stream.size()), reinterpret_cast<Uint8*>(out.data()),
            static_cast<Uint32>(size), OFFalse);
    }
    if (status.bad()) {
        return fail(ErrorCode::InvalidInput, std::string("JPEG: ") + status.text());
    }
    Decoded decoded;
    decoded.own(std::move(out));
    decoded.bytes_per_sample = bytes_per_sample;
    decoded.precision = precision;
    return decoded;
}

}  // namespace larmor::pixels::codecs
