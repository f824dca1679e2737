#include <webp/encode.h>
#include <webp/mux.h>

#include <memory>
#include <string>
#include <vector>

#include "pixels/render.h"

namespace larmor::pixels {
namespace {

constexpr std::uint32_t kWebpSideMax = WEBP_MAX_DIMENSION;
/// Of 0 (fast) to 6: the library's own default.
constexpr int kLossyMethod = 4;
/// Of 0 (fast) to 9: somebody waits for it.
constexpr int kLosslessLevel = 2;

int append_webp(const std::uint8_t* bytes, std::size_t count, const WebPPicture* picture) {
    static_cast<std::string*>(picture->custom_ptr)
        ->append(reinterpret_cast<const char*>(bytes), count);
    return 1;
}

struct Source {
    Source() { is_known = WebPPictureInit(&picture) != 0; }
    ~Source() { WebPPictureFree(&picture); }
    Source(const Source&) = delete;
    Source& operator=(const Source&) = delete;
    WebPPicture picture{};
    bool is_known = false;  ///< header and library agree
};

/// WebP knows no grey: three equal samples.
std::vector<std::uint8_t> grey_as_rgb(const Picture& picture) {
    std::vector<std::uint8_t> rgb(3 * picture.pixels.size());
    for (std::size_t i = 0; i < picture.pixels.size(); ++i) {
        const auto grey = static_cast<std::uint8_t>(picture.pixels.data()[i]);
        rgb[3 * i] = rgb[3 * i + 1] = rgb[3 * i + 2] = grey;
    }
    return rgb;
}

Result<WebPConfig> configure(int quality) {
    WebPConfig config;
    bool is_valid = WebPConfigInit(&config) != 0;
    if (quality == 100) {
        is_valid = is_valid && WebPConfigLosslessPreset(&config, kLosslessLevel) != 0;
    } else {
        config.quality = static_cast<float>(quality);
        config.method = kLossyMethod;
    }
    if (!is_valid || WebPValidateConfig(&config) == 0) {
        return fail(ErrorCode::InvalidInput, "WebP: quality " + std::to_string(quality));
    }
    return config;
}

/// Source: WebP container specification, chunk ICCP.
Result<std::string> with_profile(const std::string& webp, std::string_view profile) {
    const WebPData image{reinterpret_cast<const std::uint8_t*>(webp.data()), webp.size()};
    const WebPData icc{reinterpret_cast<const std::uint8_t*>(profile.data()), profile.size()};
    const std::unique_ptr<WebPMux, decltype(&WebPMuxDelete)> mux(WebPMuxCreate(&image, 0),
                                                                 &WebPMuxDelete);
    WebPData assembled{nullptr, 0};
    if (!mux || WebPMuxSetChunk(mux.get(), "ICCP", &icc, 0) != WEBP_MUX_OK ||
        WebPMuxAssemble(mux.get(), &assembled) != WEBP_MUX_OK) {
        return fail(ErrorCode::LimitExceeded, "WebP: the ICC profile can't be added");
    }
    std::string out(reinterpret_cast<const char*>(assembled.bytes), assembled.size);
    WebPDataClear(&assembled);
    return out;
}

}  // namespace

Result<std::string> encode_webp(const Picture& picture, int quality) {
    if (picture.rows == 0 || picture.columns == 0 || quality < 1 || quality > 100) {
        return fail(ErrorCode::InvalidInput,
                    "WebP: an empty picture, or a quality of " + std::to_string(quality));
    }
    if (picture.rows > kWebpSideMax || picture.columns > kWebpSideMax) {
        return fail(ErrorCode::Unsupported, "WebP has at most 16383 pixels a side, not " +
                                                std::to_string(picture.rows) + " rows, " +
                                                std::to_string(picture.columns) + " columns");
    }
    TRY(const WebPConfig config, configure(quality));
    std::string webp;
    Source source;
    if (!source.is_known) {
        return fail(ErrorCode::Unsupported, "WebP: the library is of another version");
    }
    source.picture.use_argb = config.lossless;
    source.picture.width = static_cast<int>(picture.columns);
    source.picture.height = static_cast<int>(picture.rows);
    source.picture.writer = append_webp;
    source.picture.custom_ptr = &webp;
    std::vector<std::uint8_t> greys;
    const auto* rgb = reinterpret_cast<const std::uint8_t*>(picture.pixels.data());
    if (picture.samples == 1) {
        greys = grey_as_rgb(picture);
        rgb = greys.data();
    }
    if (WebPPictureImportRGB(&source.picture, rgb, static_cast<int>(3 * picture.columns)) ==
            0 ||
        WebPEncode(&config, &source.picture) == 0) {
        return fail(
            ErrorCode::LimitExceeded,
            "WebP: error " + std::to_string(source.picture.error_code) + " of the encoder");
    }
    return picture.icc_profile.empty() ? Result<std::string>(std::move(webp))
                                       : with_profile(webp, picture.icc_profile);
}

}  // namespace larmor::pixels
