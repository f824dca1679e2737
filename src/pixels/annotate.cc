#include "pixels/annotate.h"

#include <ft2build.h>
#include FT_FREETYPE_H

#include <algorithm>
#include <filesystem>
#include <span>

namespace larmor::pixels {
namespace {

constexpr int kLetterMinPx = 8;
constexpr int kLetterMaxPx = 40;
/// Of the shorter side of a picture, one letter's height.
constexpr std::uint32_t kLettersASide = 28;
/// FreeType counts in 64ths of a pixel.
constexpr int kUnitsPx = 64;

struct FontFace {
    FontFace() {
        if (FT_Init_FreeType(&library) == 0) {
            FT_New_Face(library, LARMOR_FONT, 0, &face);
        }
    }
    ~FontFace() {
        if (face != nullptr) FT_Done_Face(face);
        if (library != nullptr) FT_Done_FreeType(library);
    }
    FontFace(const FontFace&) = delete;
    FontFace& operator=(const FontFace&) = delete;
    FT_Library library = nullptr;
    FT_Face face = nullptr;
};

/// The code points of well-formed UTF-8; bytes that are none are passed over.
std::u32string code_points(std::string_view utf8) {
    std::u32string points;
    for (const char c : utf8) {
        const auto byte = static_cast<std::uint8_t>(c);
        if (byte < 0x80) {
            points.push_back(byte);
        } else if (byte >= 0xc0) {
            points.push_back(byte & (byte >= 0xf0 ? 0x07U : byte >= 0xe0 ? 0x0fU : 0x1fU));
        } else if (!points.empty()) {
            points.back() = points.back() << 6 | (byte & 0x3fU);
        }
    }
    return points;
}

int width_px(FT_Face face, std::string_view line) {
    FT_Pos width = 0;
    for (const char32_t point : code_points(line)) {
        if (FT_Load_Char(face, point, FT_LOAD_DEFAULT) == 0) {
            width += face->glyph->advance.x;
        }
    }
    return static_cast<int>(width / kUnitsPx);
}

int widest_px(FT_Face face, const Annotation& annotation) {
    int widest = 0;
    for (const auto* lines : {&annotation.top, &annotation.bottom}) {
        for (const std::string& line : *lines) {
            widest = std::max(widest, width_px(face, line));
        }
    }
    return widest;
}

/// One glyph, its upper left corner at (x, y), cut at the picture's edges.
void blend(Picture& picture, const FT_Bitmap& glyph, int x, int y, std::uint8_t value) {
    auto* pixels = reinterpret_cast<std::uint8_t*>(picture.pixels.data());
    const auto columns = static_cast<int>(picture.columns);
    const auto first_row = std::max(0, -y);
    const auto last_row =
        std::min(static_cast<int>(glyph.rows), static_cast<int>(picture.rows) - y);
    const auto last_column = std::min(static_cast<int>(glyph.width), columns - x);
    for (int row = first_row; row < last_row; ++row) {
        for (int column = std::max(0, -x); column < last_column; ++column) {
            const unsigned cover = glyph.buffer[row * glyph.pitch + column];
            auto* pixel = pixels + (static_cast<std::size_t>(y + row) * picture.columns +
                                    static_cast<std::size_t>(x + column)) *
                                       picture.samples;
            for (auto& sample : std::span(pixel, picture.samples)) {
                sample = static_cast<std::uint8_t>(
                    (sample * (255U - cover) + value * cover + 127U) / 255U);
            }
        }
    }
}

/// `x`, `y`: where the line stands, its base line.
void draw_line(Picture& picture, FT_Face face, std::string_view line, int x, int y,
               std::uint8_t value) {
    for (const char32_t point : code_points(line)) {
        if (x >= static_cast<int>(picture.columns)) {
            return;
        }
        if (FT_Load_Char(face, point, FT_LOAD_RENDER) != 0) {
            continue;
        }
        const auto& glyph = *face->glyph;
        if (glyph.bitmap.pixel_mode == FT_PIXEL_MODE_GRAY) {
            blend(picture, glyph.bitmap, x + glyph.bitmap_left, y - glyph.bitmap_top, value);
        }
        x += static_cast<int>(glyph.advance.x / kUnitsPx);
    }
}

void draw_with_edge(Picture& picture, FT_Face face, std::string_view line, int x, int y) {
    for (const int dy : {-1, 0, 1}) {
        for (const int dx : {-1, 0, 1}) {
            draw_line(picture, face, line, x + dx, y + dy, 0);
        }
    }
    draw_line(picture, face, line, x, y, 255);
}

}  // namespace

bool can_annotate() {
    std::error_code ignored;
    static const bool can = std::filesystem::is_regular_file(LARMOR_FONT, ignored);
    return can;
}

Result<void> burn_in(Picture& picture, const Annotation& annotation) {
    // One a thread: a face must not be used by two.
    thread_local const FontFace font;
    if (font.face == nullptr) {
        return fail(ErrorCode::Unsupported, "the font " LARMOR_FONT " can't be read");
    }
    FT_Face face = font.face;
    const auto margin = 2;
    int letter =
        std::clamp(static_cast<int>(std::min(picture.rows, picture.columns) / kLettersASide),
                   kLetterMinPx, kLetterMaxPx);
    for (; letter > kLetterMinPx; --letter) {
        FT_Set_Pixel_Sizes(face, 0, static_cast<FT_UInt>(letter));
        if (widest_px(face, annotation) + 2 * margin <= static_cast<int>(picture.columns)) {
            break;
        }
    }
    FT_Set_Pixel_Sizes(face, 0, static_cast<FT_UInt>(letter));
    const auto step = static_cast<int>(face->size->metrics.height / kUnitsPx);
    const auto ascent = static_cast<int>(face->size->metrics.ascender / kUnitsPx);
    int y = margin + ascent;
    for (const std::string& line : annotation.top) {
        draw_with_edge(picture, face, line, margin, y);
        y += step;
    }
    y = static_cast<int>(picture.rows) - margin + ascent -
        step * static_cast<int>(annotation.bottom.size());
    for (const std::string& line : annotation.bottom) {
        draw_with_edge(picture, face, line, margin, y);
        y += step;
    }
    return {};
}

}  // namespace larmor::pixels
