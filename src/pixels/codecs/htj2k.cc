// High-Throughput JPEG 2000 by OpenJPH, line by line from memory.
#include <openjph/ojph_arch.h>
// after ojph_arch.h: the other headers are not self-contained
#include <openjph/ojph_codestream.h>
#include <openjph/ojph_file.h>
#include <openjph/ojph_mem.h>
#include <openjph/ojph_message.h>
#include <openjph/ojph_params.h>

#include <cstdarg>
#include <cstdio>
#include <mutex>
#include <stdexcept>
#include <string>

#include "pixels/codecs/codec.h"
#include "pixels/codecs/codestream_header.h"

namespace larmor::pixels::codecs {
namespace {

// OpenJPH's own base classes have no virtual destructor; these objects live for ever.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wnon-virtual-dtor"
/// OpenJPH reports through process-wide objects; these have no state and print nothing.
class ThrowError : public ojph::message_error {
public:
    void operator()(int, const char*, int, const char* format, ...) override {
        char text[200];
        va_list arguments;
        va_start(arguments, format);
        std::vsnprintf(text, sizeof text, format, arguments);
        va_end(arguments);
        throw std::runtime_error(text);
    }
};
class DropInfo : public ojph::message_info {
public:
    void operator()(int, const char*, int, const char*, ...) override {}
};
class DropWarning : public ojph::message_warning {
public:
    void operator()(int, const char*, int, const char*, ...) override {}
};
#pragma GCC diagnostic pop

void redirect_messages_once() {
    static std::once_flag once;
    std::call_once(once, [] {
        static ThrowError error;
        static DropWarning warning;
        static DropInfo info;
        ojph::configure_error(&error);
        ojph::configure_warning(&warning);
        ojph::configure_info(&info);
    });
}

template <typename T>
void store_line(const ojph::line_buf& line, std::size_t columns, std::size_t samples,
                std::int64_t low, std::int64_t high, T* out) {
    for (std::size_t x = 0; x < columns; ++x) {
        out[x * samples] = static_cast<T>(std::clamp<std::int64_t>(line.i32[x], low, high));
    }
}

void pull_lines(ojph::codestream& codestream, const Expected& expected,
                const Jpeg2000Header& header, unsigned bytes_per_sample, std::byte* out) {
    const std::int64_t high =
        header.is_signed ? (1LL << (header.precision - 1)) - 1 : (1LL << header.precision) - 1;
    const std::int64_t low = header.is_signed ? -high - 1 : 0;
    std::vector<std::uint32_t> rows(expected.samples, 0);
    const auto lines = static_cast<std::uint64_t>(expected.rows) * expected.samples;
    for (std::uint64_t i = 0; i < lines; ++i) {
        ojph::ui32 component = 0;
        const auto* line = codestream.pull(component);
        if (line == nullptr || component >= expected.samples ||
            rows[component] >= expected.rows || line->size < expected.columns) {
            throw std::runtime_error("unexpected line");
        }
        const auto row = rows[component]++;
        const auto at =
            (static_cast<std::size_t>(row) * expected.columns * expected.samples + component) *
            bytes_per_sample;
        switch (bytes_per_sample) {
            case 1:
                store_line(*line, expected.columns, expected.samples, low, high,
                           reinterpret_cast<std::uint8_t*>(out + at));
                break;
            case 2:
                store_line(*line, expected.columns, expected.samples, low, high,
                           reinterpret_cast<std::uint16_t*>(out + at));
                break;
            default:
                store_line(*line, expected.columns, expected.samples, low, high,
                           reinterpret_cast<std::uint32_t*>(out + at));
        }
    }
}

}  // namespace

Result<Decoded> decode_htj2k(Bytes stream, const Expected& expected) {
    TRY(const auto header, read_jpeg_2000_header(stream));
    // Part 1 code blocks under an HTJ2K transfer syntax: the other library reads them.
    if (!header.is_htj2k || header.is_jp2) return decode_jpeg_2000(stream, expected);
    TRY_VOID(check_dimensions("HTJ2K", expected, header.rows, header.columns, header.components,
                              header.precision));
    if (!header.is_uniform || header.precision > 31) {
        return fail(ErrorCode::Unsupported,
                    "HTJ2K: components differ, or have more than 31 bits");
    }
    TRY_VOID(check_memory("HTJ2K", expected, 16));
    redirect_messages_once();

    Decoded decoded;
    decoded.precision = header.precision;
    decoded.bytes_per_sample = header.precision <= 8 ? 1 : header.precision <= 16 ? 2 : 4;
    SampleBuffer out(expected.sample_count() * decoded.bytes_per_sample);
    try {
        ojph::mem_infile file;
        file.open(reinterpret_cast<const ojph::ui8*>(stream.data()), stream.size());
        ojph::codestream codestream;
        codestream.read_headers(&file);
        codestream.create();
        pull_lines(codestream, expected, header, decoded.bytes_per_sample, out.data());
        codestream.close();
    } catch (const std::exception& error) {
        return fail(ErrorCode::InvalidInput, std::string("HTJ2K: ") + error.what());
    }
    decoded.own(std::move(out));
    decoded.sign_at_precision = true;
    decoded.photometric = expected.photometric;
    if (expected.samples == 3 &&
        (header.has_colour_transform || expected.photometric == Photometric::YbrIct ||
         expected.photometric == Photometric::YbrRct)) {
        decoded.photometric = Photometric::Rgb;
    }
    return decoded;
}

}  // namespace larmor::pixels::codecs
