// Any description over any codestream, and any file: decoding must end, stay inside its input
// and its limits, and give a frame or one error.
#include <algorithm>
#include <array>
#include <cstdint>
#include <string>

#include "dicom/file.h"
#include "pixels/decode.h"
#include "pixels/render.h"
#include "pixels/statistics.h"

namespace {

using namespace larmor;
using namespace larmor::pixels;

constexpr PixelLimits kLimits{.frame_max_bytes = 1 << 22, .decode_max_bytes = 1 << 27};
constexpr std::size_t kHeadBytes = 12;

/// One transfer syntax for each decoder.
constexpr std::array kSyntaxes = {"1.2.840.10008.1.2.1",     "1.2.840.10008.1.2.2",
                                  "1.2.840.10008.1.2.5",     "1.2.840.10008.1.2.4.50",
                                  "1.2.840.10008.1.2.4.51",  "1.2.840.10008.1.2.4.57",
                                  "1.2.840.10008.1.2.4.80",  "1.2.840.10008.1.2.4.90",
                                  "1.2.840.10008.1.2.4.201", "1.2.840.10008.1.2.8.1"};

void use(const ImageDescription& image, const Result<Frame>& frame) {
    if (!frame) {
        LARMOR_CHECK(!frame.error().message.empty());
        return;
    }
    LARMOR_CHECK(frame->rows == image.rows && frame->columns == image.columns);
    LARMOR_CHECK(frame->pixels.size() == frame->sample_count() * size_of(frame->type));
    (void)statistics_of(image, *frame);
    RenderOptions options;
    options.rows_max = options.columns_max = 32;
    (void)render_frame(image, *frame, 0, options);
}

void fuzz_codestream(Bytes head, Bytes stream) {
    const auto at = [&](std::size_t i) { return static_cast<std::uint8_t>(head[i]); };
    const auto* syntax = dicom::find_transfer_syntax(kSyntaxes[at(0) % kSyntaxes.size()]);
    LARMOR_CHECK(syntax != nullptr);
    ImageDescription image;
    image.rows = at(1) | (at(2) & 0x0fU) << 8;
    image.columns = at(3) | (at(4) & 0x0fU) << 8;
    image.samples_per_pixel = (at(5) & 1) != 0 ? 3 : 1;
    image.is_planar = (at(5) & 2) != 0;
    image.is_signed = (at(5) & 4) != 0;
    image.big_endian = syntax->encoding.order == dicom::ByteOrder::Big;
    image.bits_allocated = std::array<std::uint16_t, 4>{1, 8, 16, 32}[at(6) % 4];
    image.bits_stored = static_cast<std::uint16_t>(at(7) % image.bits_allocated + 1);
    image.high_bit = static_cast<std::uint16_t>(
        std::clamp<int>(at(8) % 32, image.bits_stored - 1, image.bits_allocated - 1));
    image.photometric = static_cast<Photometric>(at(9) % 11);
    image.pixel_data = PixelDataElement{};
    image.pixel_data->encapsulated = syntax->encapsulated;
    // Two parts: a frame can span fragments.
    const auto cut = std::min<std::size_t>(at(10), stream.size());
    const std::array parts = {stream.first(cut), stream.subspan(cut)};
    use(image, decode_frame(image, *syntax, {parts, at(11) % 9U}, kLimits));
}

void fuzz_file(Bytes bytes) {
    const auto file = dicom::open_file(bytes, {.inflated_max_bytes = 1 << 24});
    if (!file) return;
    const auto image = describe_image(*file, kLimits);
    if (!image || !*image) return;
    const auto index = build_frame_index(*file, **image);
    if (!index) return;
    const auto view = index->view();
    for (std::uint32_t frame = 0; frame < std::min(view.frame_count(), 200U); ++frame) {
        const auto location = view.locate(frame);
        LARMOR_CHECK(location.has_value());
        LARMOR_CHECK(frame_parts(*file, view, *location).has_value());
        if (frame < 2) use(**image, decode_frame(*file, **image, view, frame, kLimits));
    }
}

}  // namespace

/// A failed assert leaves OpenJPEG in the middle of a code block: it loses 120 bytes, which is
/// the price of going on (pixels/codecs/assertion_guard.h).
// NOLINTNEXTLINE(bugprone-reserved-identifier, readability-identifier-naming)
extern "C" const char* __lsan_default_suppressions() {
    return "leak:libopenjp2";
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const Bytes input = std::as_bytes(std::span(data, size));
    if (size >= 132 && as_text(input.subspan(128, 4)) == "DICM") {
        fuzz_file(input);
    } else if (size >= kHeadBytes) {
        fuzz_codestream(input.first(kHeadBytes), input.subspan(kHeadBytes));
    }
    // Whatever it is, it is not an index of ours, or a sound one.
    if (const auto view = FrameIndexView::open(input)) {
        for (std::uint32_t frame = 0; frame < std::min(view->frame_count(), 200U); ++frame) {
            (void)view->locate(frame);
        }
    }
    return 0;
}
