#include <tiffio.h>

#include <memory>
#include <string>

#include "reassembly/fuse/native_image.h"

namespace larmor::reassembly::fuse {
namespace {

struct CloseTiff {
    void operator()(TIFF* tiff) const { TIFFClose(tiff); }
};
using Tiff = std::unique_ptr<TIFF, CloseTiff>;

/// The file in memory, as libtiff asks for it.
struct TiffMemory {
    Bytes bytes;
    std::uint64_t position = 0;
};

tmsize_t read_memory(thandle_t handle, void* out, tmsize_t count) {
    auto* memory = static_cast<TiffMemory*>(handle);
    if (count <= 0 || memory->position >= memory->bytes.size()) return 0;
    const auto left = memory->bytes.size() - memory->position;
    const auto given = std::min<std::uint64_t>(static_cast<std::uint64_t>(count), left);
    std::memcpy(out, memory->bytes.data() + memory->position, given);
    memory->position += given;
    return static_cast<tmsize_t>(given);
}
tmsize_t write_nothing(thandle_t /*handle*/, void* /*bytes*/, tmsize_t /*count*/) {
    return 0;
}
toff_t seek_memory(thandle_t handle, toff_t offset, int whence) {
    auto* memory = static_cast<TiffMemory*>(handle);
    const toff_t base = whence == SEEK_CUR   ? memory->position
                        : whence == SEEK_END ? memory->bytes.size()
                                             : 0;
    memory->position = base + offset;
    return memory->position;
}
int close_nothing(thandle_t /*handle*/) {
    return 0;
}
toff_t size_of_memory(thandle_t handle) {
    return static_cast<TiffMemory*>(handle)->bytes.size();
}
int stay_silent(TIFF* /*tiff*/, void* /*user*/, const char* /*module*/, const char* /*format*/,
                va_list /*arguments*/) {
    return 1;
}

Tiff open_tiff(TiffMemory& memory) {
    constexpr tmsize_t kAllocationMaxBytes = tmsize_t{256} << 20;  // of one of its tables
    TIFFOpenOptions* options = TIFFOpenOptionsAlloc();
    TIFFOpenOptionsSetErrorHandlerExtR(options, stay_silent, nullptr);
    TIFFOpenOptionsSetWarningHandlerExtR(options, stay_silent, nullptr);
    TIFFOpenOptionsSetMaxSingleMemAlloc(options, kAllocationMaxBytes);
    // m: no mapping.
    Tiff tiff(TIFFClientOpenExt("", "rm", &memory, read_memory, write_nothing, seek_memory,
                                close_nothing, size_of_memory, nullptr, nullptr, options));
    TIFFOpenOptionsFree(options);
    return tiff;
}

std::uint32_t field_of(TIFF* tiff, std::uint32_t tag, std::uint32_t missing) {
    std::uint32_t value = 0;
    return TIFFGetField(tiff, tag, &value) == 1 ? value : missing;
}
std::uint16_t short_of(TIFF* tiff, std::uint32_t tag, std::uint16_t missing) {
    std::uint16_t value = 0;
    return TIFFGetFieldDefaulted(tiff, tag, &value) == 1 ? value : missing;
}

Result<NativeImage::Colour> colour_of(TIFF* tiff, unsigned samples) {
    switch (short_of(tiff, TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_MINISBLACK)) {
        case PHOTOMETRIC_MINISBLACK:
            if (samples == 1) return NativeImage::Colour::Grey;
            break;
        case PHOTOMETRIC_MINISWHITE:
            if (samples == 1) return NativeImage::Colour::InvertedGrey;
            break;
        case PHOTOMETRIC_PALETTE:
            if (samples == 1) return NativeImage::Colour::Palette;
            break;
        case PHOTOMETRIC_RGB:
        case PHOTOMETRIC_YCBCR:  // only JPEG, which libtiff turns into RGB
            if (samples == 3) return NativeImage::Colour::Rgb;
            break;
        default:
            break;
    }
    return fail(ErrorCode::Unsupported, "TIFF: neither grey, RGB nor palette, or with alpha");
}

Result<NativeImage> read_page(TIFF* tiff, std::uint64_t pixels_max_bytes) {
    NativeImage image;
    image.rows = field_of(tiff, TIFFTAG_IMAGELENGTH, 0);
    image.columns = field_of(tiff, TIFFTAG_IMAGEWIDTH, 0);
    image.samples = short_of(tiff, TIFFTAG_SAMPLESPERPIXEL, 1);
    image.bits = short_of(tiff, TIFFTAG_BITSPERSAMPLE, 1);
    const auto photometric = short_of(tiff, TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_MINISBLACK);
    const bool is_jpeg = short_of(tiff, TIFFTAG_COMPRESSION, 1) == COMPRESSION_JPEG;
    if (photometric == PHOTOMETRIC_YCBCR && !is_jpeg) {
        return fail(ErrorCode::Unsupported, "TIFF: YCbCr that is no JPEG");
    }
    if (is_jpeg) TIFFSetField(tiff, TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB);
    TRY(image.colour, colour_of(tiff, image.samples));
    const bool is_apart =
        image.samples > 1 && short_of(tiff, TIFFTAG_PLANARCONFIG, 1) == PLANARCONFIG_SEPARATE;
    if ((image.bits != 8 && image.bits != 16) || TIFFIsTiled(tiff) != 0 || is_apart) {
        return fail(ErrorCode::Unsupported,
                    "TIFF: tiles, colours apart, or samples of neither 8 nor 16 bits");
    }
    const std::uint64_t row_bytes =
        std::uint64_t{image.columns} * image.samples * image.bits / 8;
    if (image.rows == 0 || row_bytes == 0 || row_bytes > pixels_max_bytes / image.rows) {
        return fail(ErrorCode::LimitExceeded, "TIFF: no pixels, or more than " +
                                                  std::to_string(pixels_max_bytes) +
                                                  " bytes of them");
    }
    if (static_cast<std::uint64_t>(TIFFScanlineSize64(tiff)) != row_bytes) {
        return fail(ErrorCode::InvalidInput, "TIFF: rows of another size than they say");
    }
    image.pixels.resize(row_bytes * image.rows);
    for (std::uint32_t row = 0; row < image.rows; ++row) {
        if (TIFFReadScanline(tiff, image.pixels.data() + row * row_bytes, row, 0) != 1) {
            return fail(ErrorCode::InvalidInput,
                        "TIFF: row " + std::to_string(row) + " can't be read");
        }
    }
    return image;
}

}  // namespace

Result<std::vector<NativeImage>> read_tiff(Bytes file, std::uint64_t pixels_max_bytes) {
    TiffMemory memory{file};
    const auto tiff = open_tiff(memory);
    if (!tiff) return fail(ErrorCode::InvalidInput, "TIFF: it can't be opened");
    std::vector<NativeImage> pages;
    do {
        TRY(auto page, read_page(tiff.get(), pixels_max_bytes));
        pixels_max_bytes -= page.pixels.size();
        pages.push_back(std::move(page));
    } while (TIFFReadDirectory(tiff.get()) == 1);
    return pages;
}

}  // namespace larmor::reassembly::fuse
