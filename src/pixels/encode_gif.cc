#include <gif_lib.h>

#include <array>
#include <optional>
#include <unordered_map>
#include <vector>

#include "pixels/gif.h"

namespace larmor::pixels {
namespace {

constexpr std::uint32_t kGifSideMax = 65'535;
constexpr int kColoursMax = 256;

struct FreeColourMap {
    void operator()(ColorMapObject* map) const { GifFreeMapObject(map); }
};
using ColourMap = std::unique_ptr<ColorMapObject, FreeColourMap>;

/// A picture by indices into its own colours; grey ones use the colours of the file.
struct Indexed {
    std::vector<GifByteType> pixels;
    ColourMap colours;
};

tl::unexpected<Error> no_memory() {
    return fail(ErrorCode::LimitExceeded, "GIF: out of memory");
}

ColourMap make_colours(const std::vector<GifColorType>& colours) {
    // A table has 2, 4, 8, ... 256 entries.
    std::vector<GifColorType> table = colours;
    std::size_t size = 2;
    while (size < table.size()) {
        size *= 2;
    }
    table.resize(size);
    return ColourMap(GifMakeMapObject(static_cast<int>(size), table.data()));
}

ColourMap make_greys() {
    std::vector<GifColorType> greys(kColoursMax);
    for (int i = 0; i < kColoursMax; ++i) {
        const auto grey = static_cast<GifByteType>(i);
        greys[static_cast<std::size_t>(i)] = {grey, grey, grey};
    }
    return make_colours(greys);
}

/// Every colour as it is; nothing where there are more than 256. `pixels` is overwritten.
std::optional<ColourMap> index_exactly(std::span<const std::uint8_t> rgb,
                                       std::vector<GifByteType>& pixels) {
    std::unordered_map<std::uint32_t, GifByteType> known;
    std::vector<GifColorType> colours;
    std::uint32_t last = ~0U;  // no colour: they have 24 bits
    GifByteType last_index = 0;
    for (std::size_t i = 0; i < pixels.size(); ++i) {
        const auto* at = &rgb[3 * i];
        const std::uint32_t colour = static_cast<std::uint32_t>(at[0]) << 16 |
                                     static_cast<std::uint32_t>(at[1]) << 8 | at[2];
        if (colour != last) {
            const auto [entry, is_new] =
                known.try_emplace(colour, static_cast<GifByteType>(colours.size()));
            if (is_new) {
                if (colours.size() == kColoursMax) {
                    return std::nullopt;
                }
                colours.push_back({at[0], at[1], at[2]});
            }
            last = colour;
            last_index = entry->second;
        }
        pixels[i] = last_index;
    }
    return make_colours(colours);
}

Result<ColourMap> reduce_colours(const Picture& picture, std::span<const std::uint8_t> rgb,
                                 std::vector<GifByteType>& pixels) {
    std::array<std::vector<GifByteType>, 3> planes;
    for (std::size_t sample = 0; sample < planes.size(); ++sample) {
        planes[sample].resize(pixels.size());
        for (std::size_t i = 0; i < pixels.size(); ++i) {
            planes[sample][i] = rgb[3 * i + sample];
        }
    }
    std::vector<GifColorType> colours(kColoursMax);
    int count = kColoursMax;
    if (GifQuantizeBuffer(picture.columns, picture.rows, &count, planes[0].data(),
                          planes[1].data(), planes[2].data(), pixels.data(),
                          colours.data()) != GIF_OK) {
        return no_memory();
    }
    colours.resize(static_cast<std::size_t>(count));
    return make_colours(colours);
}

Result<Indexed> index_pixels(const Picture& picture) {
    const std::span<const std::uint8_t> samples(
        reinterpret_cast<const std::uint8_t*>(picture.pixels.data()), picture.pixels.size());
    Indexed indexed;
    if (picture.samples == 1) {
        indexed.pixels.assign(samples.begin(), samples.end());
        return indexed;
    }
    indexed.pixels.resize(samples.size() / 3);
    if (auto exact = index_exactly(samples, indexed.pixels)) {
        indexed.colours = *std::move(exact);
    } else {
        TRY(indexed.colours, reduce_colours(picture, samples, indexed.pixels));
    }
    if (!indexed.colours) {
        return no_memory();
    }
    return indexed;
}

int append_output(GifFileType* file, const GifByteType* bytes, int count) {
    static_cast<std::string*>(file->UserData)
        ->append(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(count));
    return count;
}

/// What makes browsers repeat an animation for ever.
bool put_loop(GifFileType* file) {
    constexpr std::array<GifByteType, 3> kForEver = {1, 0, 0};
    return EGifPutExtensionLeader(file, APPLICATION_EXT_FUNC_CODE) == GIF_OK &&
           EGifPutExtensionBlock(file, 11, "NETSCAPE2.0") == GIF_OK &&
           EGifPutExtensionBlock(file, kForEver.size(), kForEver.data()) == GIF_OK &&
           EGifPutExtensionTrailer(file) == GIF_OK;
}

bool put_delay(GifFileType* file, std::uint32_t delay_cs) {
    const GraphicsControlBlock block{
        DISPOSE_DO_NOT, false, static_cast<int>(std::min<std::uint32_t>(delay_cs, kGifSideMax)),
        NO_TRANSPARENT_COLOR};
    std::array<GifByteType, 4> bytes{};
    const auto size = EGifGCBToExtension(&block, bytes.data());
    return EGifPutExtension(file, GRAPHICS_EXT_FUNC_CODE, static_cast<int>(size),
                            bytes.data()) == GIF_OK;
}

}  // namespace

struct GifWriter::State {
    explicit State(Kind with_kind) : kind(with_kind) {}
    ~State() { close(); }
    State(const State&) = delete;
    State& operator=(const State&) = delete;

    bool close() {
        GifFileType* closed = std::exchange(file, nullptr);
        return closed == nullptr || EGifCloseFile(closed, nullptr) == GIF_OK;
    }
    Result<void> begin(const Picture& picture);

    Kind kind;
    std::string output;
    GifFileType* file = nullptr;
    std::uint32_t rows = 0;
    std::uint32_t columns = 0;
};

Result<void> GifWriter::State::begin(const Picture& picture) {
    rows = picture.rows;
    columns = picture.columns;
    file = EGifOpen(&output, append_output, nullptr);
    const ColourMap greys = picture.samples == 1 ? make_greys() : nullptr;
    if (file == nullptr || (picture.samples == 1 && !greys)) {
        return no_memory();
    }
    EGifSetGifVersion(file, true);
    if (EGifPutScreenDesc(file, static_cast<int>(columns), static_cast<int>(rows), 8, 0,
                          greys.get()) != GIF_OK ||
        (kind == Kind::Animation && !put_loop(file))) {
        return no_memory();
    }
    return {};
}

GifWriter::GifWriter(Kind kind) : state_(std::make_unique<State>(kind)) {}
GifWriter::~GifWriter() = default;
GifWriter::GifWriter(GifWriter&&) noexcept = default;

Result<std::string> GifWriter::add(Picture picture, std::uint32_t delay_cs) {
    State& state = *state_;
    if (picture.rows == 0 || picture.columns == 0 || picture.rows > kGifSideMax ||
        picture.columns > kGifSideMax) {
        return fail(ErrorCode::InvalidInput, "GIF: " + std::to_string(picture.rows) +
                                                 " rows, " + std::to_string(picture.columns) +
                                                 " columns");
    }
    if (state.file == nullptr) {
        TRY_VOID(state.begin(picture));
    }
    if (picture.rows != state.rows || picture.columns != state.columns) {
        return fail(ErrorCode::InvalidInput, "GIF: pictures of different sizes");
    }
    TRY(Indexed indexed, index_pixels(picture));
    const auto columns = static_cast<int>(picture.columns);
    const auto rows = static_cast<int>(picture.rows);
    picture.pixels = {};  // before the compressed one grows
    const bool put = (state.kind == Kind::Still || put_delay(state.file, delay_cs)) &&
                     EGifPutImageDesc(state.file, 0, 0, columns, rows, false,
                                      indexed.colours.get()) == GIF_OK &&
                     EGifPutLine(state.file, indexed.pixels.data(), columns * rows) == GIF_OK;
    if (!put) {
        return fail(ErrorCode::LimitExceeded,
                    "GIF: error " + std::to_string(state.file->Error) + " of the encoder");
    }
    return std::exchange(state.output, {});
}

Result<std::string> GifWriter::finish() {
    if (!state_->close()) {
        return no_memory();
    }
    return std::exchange(state_->output, {});
}

Result<std::string> encode_gif(Picture picture) {
    GifWriter writer(GifWriter::Kind::Still);
    TRY(std::string gif, writer.add(std::move(picture)));
    TRY(const std::string end, writer.finish());
    return gif += end;
}

}  // namespace larmor::pixels
