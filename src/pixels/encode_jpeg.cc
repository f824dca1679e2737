#include <turbojpeg.h>

#include <string>

#include "pixels/render.h"

namespace larmor::pixels {
namespace {

constexpr std::uint32_t kSideMax = 65500;  // of libjpeg

struct Compressor {
    Compressor() : handle(tjInitCompress()) {}
    ~Compressor() {
        if (handle != nullptr) tjDestroy(handle);
    }
    Compressor(const Compressor&) = delete;
    Compressor& operator=(const Compressor&) = delete;
    tjhandle handle;
};

}  // namespace

Result<std::string> encode_jpeg(const Picture& picture, int quality) {
    if (picture.rows == 0 || picture.columns == 0 || picture.rows > kSideMax ||
        picture.columns > kSideMax || quality < 1 || quality > 100) {
        return fail(ErrorCode::InvalidInput, "JPEG: " + std::to_string(picture.rows) +
                                                 " rows, " + std::to_string(picture.columns) +
                                                 " columns, quality " +
                                                 std::to_string(quality));
    }
    // One a thread: making it costs as much as a small thumbnail.
    thread_local const Compressor compressor;
    if (compressor.handle == nullptr) {
        return fail(ErrorCode::LimitExceeded, "JPEG: out of memory");
    }
    const bool grey = picture.samples == 1;
    // Fine colour edges are worth their bytes only where the caller asks for quality.
    const int subsampling = grey ? TJSAMP_GRAY : quality >= 90 ? TJSAMP_444 : TJSAMP_420;
    const auto columns = static_cast<int>(picture.columns);
    const auto rows = static_cast<int>(picture.rows);
    std::string jpeg(tjBufSize(columns, rows, subsampling), '\0');
    auto* buffer = reinterpret_cast<unsigned char*>(jpeg.data());
    auto size = static_cast<unsigned long>(jpeg.size());
    const int status = tjCompress2(
        compressor.handle, reinterpret_cast<const unsigned char*>(picture.pixels.data()),
        columns, 0, rows, grey ? TJPF_GRAY : TJPF_RGB, &buffer, &size, subsampling, quality,
        TJFLAG_NOREALLOC);
    if (status != 0) {
        return fail(ErrorCode::InvalidInput,
                    std::string("JPEG: ") + tjGetErrorStr2(compressor.handle));
    }
    jpeg.resize(size);
    return jpeg;
}

}  // namespace larmor::pixels
