#include <turbojpeg.h>

#include <memory>
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

/// Where a picture is compressed into. The bound on its size is some thirty times what comes
/// out, and fresh pages for it took a fifth of the time of a picture: each thread keeps one, if
/// it is no larger than a large screen needs.
class Scratch {
public:
    unsigned char* reserve(std::size_t size_bytes) {
        if (size_bytes > size_bytes_) {
            memory_ = std::make_unique_for_overwrite<unsigned char[]>(size_bytes);
            size_bytes_ = size_bytes;
        }
        return memory_.get();
    }
    void release() {
        if (size_bytes_ <= kKeptBytesMax) return;
        memory_.reset();
        size_bytes_ = 0;
    }

private:
    static constexpr std::size_t kKeptBytesMax = std::size_t{4} << 20;
    std::unique_ptr<unsigned char[]> memory_;
    std::size_t size_bytes_ = 0;
};

/// Puts a profile behind the JFIF header, in segments that each say which of how many they
/// are. Source: ICC.1:2010 section B.4.
Result<void> insert_profile(std::string& jpeg, std::string_view profile) {
    constexpr std::size_t kSegmentMax = 65'535 - 2 - 14;
    const std::size_t count = (profile.size() + kSegmentMax - 1) / kSegmentMax;
    if (count > 255) {
        return fail(ErrorCode::LimitExceeded, "JPEG: an ICC profile too large");
    }
    const auto byte = [](std::size_t value) { return static_cast<char>(value & 0xff); };
    std::string segments;
    for (std::size_t i = 0; i < count; ++i) {
        const auto piece = profile.substr(i * kSegmentMax, kSegmentMax);
        const std::size_t length = piece.size() + 2 + 14;
        segments += "\xff\xe2";
        segments += byte(length >> 8);
        segments += byte(length);
        segments.append("ICC_PROFILE", 12);  // its end too
        segments += byte(i + 1);
        segments += byte(count);
        segments += piece;
    }
    std::size_t at = 2;
    if (jpeg.size() > 6 && jpeg.compare(at, 2, "\xff\xe0") == 0) {
        at += 2 + (static_cast<std::size_t>(static_cast<unsigned char>(jpeg[4])) << 8 |
                   static_cast<unsigned char>(jpeg[5]));
    }
    jpeg.insert(at, segments);
    return {};
}

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
    thread_local Scratch scratch;
    auto size = tjBufSize(columns, rows, subsampling);
    auto* buffer = scratch.reserve(size);
    const int status = tjCompress2(
        compressor.handle, reinterpret_cast<const unsigned char*>(picture.pixels.data()),
        columns, 0, rows, grey ? TJPF_GRAY : TJPF_RGB, &buffer, &size, subsampling, quality,
        TJFLAG_NOREALLOC);
    std::string jpeg;
    if (status == 0) jpeg.assign(reinterpret_cast<const char*>(buffer), size);
    scratch.release();
    if (status != 0) {
        return fail(ErrorCode::InvalidInput,
                    std::string("JPEG: ") + tjGetErrorStr2(compressor.handle));
    }
    if (!picture.icc_profile.empty()) {
        TRY_VOID(insert_profile(jpeg, picture.icc_profile));
    }
    return jpeg;
}

}  // namespace larmor::pixels
