#include <png.h>

#include <csetjmp>
#include <string>

#include "reassembly/fuse/native_image.h"

namespace larmor::reassembly::fuse {
namespace {

/// Everything that outlives a jump out of libpng.
struct PngReading {
    png_structp png = nullptr;
    png_infop info = nullptr;
    Bytes rest;
    std::string problem;
    NativeImage image;
    std::vector<png_bytep> rows;

    PngReading() = default;
    PngReading(const PngReading&) = delete;
    PngReading& operator=(const PngReading&) = delete;
    ~PngReading() { png_destroy_read_struct(&png, &info, nullptr); }
};

[[noreturn]] void on_png_error(png_structp png, png_const_charp message) {
    auto* reading = static_cast<PngReading*>(png_get_error_ptr(png));
    reading->problem = message;
    png_longjmp(png, 1);
}
void on_png_warning(png_structp /*png*/, png_const_charp /*message*/) {}

void give_png_bytes(png_structp png, png_bytep out, std::size_t count) {
    auto* reading = static_cast<PngReading*>(png_get_io_ptr(png));
    if (count > reading->rest.size()) png_error(png, "it ends too early");
    std::memcpy(out, reading->rest.data(), count);
    reading->rest = reading->rest.subspan(count);
}

/// The head, and how it is to be given out. No object with a destructor lives in here, since
/// libpng jumps out of it. False where it jumped.
bool read_png_head(PngReading& reading) {
    if (setjmp(png_jmpbuf(reading.png)) != 0) return false;
    png_read_info(reading.png, reading.info);
    const auto depth = png_get_bit_depth(reading.png, reading.info);
    if (depth < 8) png_set_packing(reading.png);  // a byte a sample, its value as it is
    if (depth == 16) png_set_swap(reading.png);
    png_set_interlace_handling(reading.png);
    png_read_update_info(reading.png, reading.info);
    return true;
}
bool read_png_rows(PngReading& reading) {
    if (setjmp(png_jmpbuf(reading.png)) != 0) return false;
    png_read_image(reading.png, reading.rows.data());
    png_read_end(reading.png, nullptr);
    return true;
}

tl::unexpected<Error> broken(const PngReading& reading) {
    return fail(ErrorCode::InvalidInput, "PNG: " + reading.problem);
}

}  // namespace

Result<NativeImage> read_png(Bytes file, std::uint64_t pixels_max_bytes) {
    PngReading reading;
    reading.rest = file;
    reading.png =
        png_create_read_struct(PNG_LIBPNG_VER_STRING, &reading, on_png_error, on_png_warning);
    reading.info = reading.png == nullptr ? nullptr : png_create_info_struct(reading.png);
    if (reading.info == nullptr) return fail(ErrorCode::Unavailable, "PNG: no memory");
    png_set_read_fn(reading.png, &reading, give_png_bytes);
    if (!read_png_head(reading)) return broken(reading);

    const auto type = png_get_color_type(reading.png, reading.info);
    if ((type & PNG_COLOR_MASK_ALPHA) != 0 ||
        png_get_valid(reading.png, reading.info, PNG_INFO_tRNS) != 0) {
        return fail(ErrorCode::Unsupported, "PNG: an image with transparency");
    }
    auto& image = reading.image;
    image.rows = png_get_image_height(reading.png, reading.info);
    image.columns = png_get_image_width(reading.png, reading.info);
    image.bits = png_get_bit_depth(reading.png, reading.info) == 16 ? 16 : 8;
    image.samples = png_get_channels(reading.png, reading.info);
    image.colour = (type & PNG_COLOR_MASK_PALETTE) != 0 ? NativeImage::Colour::Palette
                   : image.samples == 3                 ? NativeImage::Colour::Rgb
                                                        : NativeImage::Colour::Grey;
    const std::uint64_t row_bytes = png_get_rowbytes(reading.png, reading.info);
    // Rows and columns have 31 bits: no overflow.
    if (row_bytes > pixels_max_bytes / image.rows) {
        return fail(ErrorCode::LimitExceeded, "PNG: its pixels have more than " +
                                                  std::to_string(pixels_max_bytes) + " bytes");
    }
    image.pixels.resize(row_bytes * image.rows);
    for (std::uint32_t row = 0; row < image.rows; ++row) {
        reading.rows.push_back(
            reinterpret_cast<png_bytep>(image.pixels.data() + row * row_bytes));
    }
    if (!read_png_rows(reading)) return broken(reading);
    return std::move(image);
}

}  // namespace larmor::reassembly::fuse
