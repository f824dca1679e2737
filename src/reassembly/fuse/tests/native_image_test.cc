// PNG and TIFF as others write them: Pillow makes both, and says which pixels are in them.
#include "reassembly/fuse/native_image.h"

#include <filesystem>
#include <fstream>

#include "base/file.h"
#include "base/hash.h"
#include "base/ids.h"
#include "base/tests/run_command.h"
#include "reassembly/fuse/tests/halves.h"

namespace larmor::reassembly::fuse {
namespace {

constexpr std::string_view kMaker = R"(
import struct, sys, zlib
from PIL import Image
w, h = 7, 5
grey = bytes((x * 31 + y * 7) % 256 for y in range(h) for x in range(w))
rgb = bytes((x * 31 + y * 7 + c * 90) % 256 for y in range(h) for x in range(w) for c in range(3))
wide = struct.pack('<35H', *[(x * 3100 + y * 700) % 65536 for y in range(h) for x in range(w)])
def keep(name, raw): open(name + '.raw', 'wb').write(raw)
for ext in ('png', 'tif'):
    Image.frombytes('L', (w, h), grey).save('grey.' + ext)
    Image.frombytes('RGB', (w, h), rgb).save('rgb.' + ext)
    Image.frombytes('I;16', (w, h), wide).save('wide.' + ext)
    p = Image.frombytes('P', (w, h), grey)
    p.putpalette(bytes(range(256)) * 3)
    p.save('palette.' + ext)
    Image.frombytes('RGBA', (w, h), rgb[:105] + rgb[:35]).save('alpha.' + ext)
for kind in ('tiff_lzw', 'tiff_adobe_deflate', 'packbits'):
    Image.frombytes('RGB', (w, h), rgb).save(kind + '.tif', compression=kind)
first = Image.frombytes('L', (w, h), grey)
first.save('pages.tif', save_all=True, append_images=[first, first])
keep('grey', grey); keep('rgb', rgb); keep('wide', wide); keep('palette', grey)
# Interlaced: Pillow writes none. Filter 0, the seven passes of Adam7.
def chunk(kind, body):
    return struct.pack('>I', len(body)) + kind + body + struct.pack('>I', zlib.crc32(kind + body))
rows = b''
for x0, y0, dx, dy in ((0,0,8,8),(4,0,8,8),(0,4,4,8),(2,0,4,4),(0,2,2,4),(1,0,2,2),(0,1,1,2)):
    for y in range(y0, h, dy):
        line = bytes(grey[y * w + x] for x in range(x0, w, dx))
        if line: rows += b'\0' + line
open('woven.png', 'wb').write(b'\x89PNG\r\n\x1a\n'
    + chunk(b'IHDR', struct.pack('>IIBBBBB', w, h, 8, 0, 0, 0, 1))
    + chunk(b'IDAT', zlib.compress(rows)) + chunk(b'IEND', b''))
)";

constexpr std::uint64_t kEnough = 1 << 20;

class NativeImages : public testing::Test {
protected:
    static void SetUpTestSuite() {
        folder = std::filesystem::temp_directory_path() / ("larmor-images-" + random_id());
        std::filesystem::create_directories(folder);
        std::ofstream(folder / "make.py") << kMaker;
        ASSERT_EQ(larmor::test::run_command("cd '" + folder.string() +
                                            "' && /usr/bin/python3 make.py"),
                  0);
    }
    static void TearDownTestSuite() { std::filesystem::remove_all(folder); }
    static ByteBuffer content(const std::string& name) {
        return test::buffer(read_file(folder / name, kEnough).value());
    }
    static inline std::filesystem::path folder;
};

TEST_F(NativeImages, OfPngHaveThePixelsThatWerePutIn) {
    for (const std::string name : {"grey", "rgb", "wide", "palette"}) {
        const auto image = read_png(content(name + ".png"), kEnough);
        ASSERT_TRUE(image) << name << ": " << image.error().message;
        EXPECT_EQ(image->pixels, content(name + ".raw")) << name;
        EXPECT_EQ(image->rows, 5U);
        EXPECT_EQ(image->columns, 7U);
    }
    EXPECT_EQ(read_png(content("wide.png"), kEnough)->bits, 16U);
    EXPECT_EQ(read_png(content("palette.png"), kEnough)->colour, NativeImage::Colour::Palette);
    EXPECT_EQ(read_png(content("woven.png"), kEnough)->pixels, content("grey.raw"));
}

TEST_F(NativeImages, OfTiffHaveThePixelsThatWerePutIn) {
    for (const std::string name : {"grey", "rgb", "wide", "palette"}) {
        const auto pages = read_tiff(content(name + ".tif"), kEnough);
        ASSERT_TRUE(pages) << name << ": " << pages.error().message;
        ASSERT_EQ(pages->size(), 1U);
        EXPECT_EQ(pages->front().pixels, content(name + ".raw")) << name;
    }
    for (const std::string name : {"tiff_lzw", "tiff_adobe_deflate", "packbits"}) {
        EXPECT_EQ(read_tiff(content(name + ".tif"), kEnough)->front().pixels,
                  content("rgb.raw"))
            << name;
    }
    EXPECT_EQ(read_tiff(content("pages.tif"), kEnough)->size(), 3U);
}

TEST_F(NativeImages, AreRefusedWithAlphaTooLargeOrCut) {
    EXPECT_EQ(read_png(content("alpha.png"), kEnough).error().code, ErrorCode::Unsupported);
    EXPECT_EQ(read_tiff(content("alpha.tif"), kEnough).error().code, ErrorCode::Unsupported);
    EXPECT_EQ(read_png(content("rgb.png"), 104).error().code, ErrorCode::LimitExceeded);
    EXPECT_EQ(read_tiff(content("rgb.tif"), 104).error().code, ErrorCode::LimitExceeded);
    EXPECT_EQ(read_tiff(content("pages.tif"), 70).error().code, ErrorCode::LimitExceeded);
    const auto png = content("rgb.png");
    const auto tiff = content("rgb.tif");
    for (std::size_t size = 0; size + 13 < png.size(); ++size) {
        EXPECT_FALSE(read_png(Bytes(png).first(size), kEnough)) << size;
    }
    for (std::size_t size = 0; size < tiff.size(); ++size) {
        const auto cut = read_tiff(Bytes(tiff).first(size), kEnough);
        EXPECT_TRUE(!cut || cut->front().pixels == content("rgb.raw")) << size;
    }
}

TEST_F(NativeImages, BecomeNativePixelData) {
    const auto fused = [](const test::JsonImage& image, const std::string& name) {
        return test::make(image, {{"1.2.3.4" + name.substr(name.rfind('.')), content(name)}});
    };
    test::JsonImage grey{.rows = 5, .columns = 7};
    const auto png = fused(grey, "grey.png");
    ASSERT_EQ(png.fused.outcome, Outcome::Written) << png.fused.reason;
    EXPECT_EQ(to_hex(test::pixels_of(png).value), to_hex(content("grey.raw")) + "00");
    const test::JsonImage planar{.rows = 5,
                                 .columns = 7,
                                 .samples = 3,
                                 .photometric = "RGB",
                                 .more = R"("00280006":{"vr":"US","Value":[1]},)"};
    const auto made = fused(planar, "rgb.tif");
    ASSERT_EQ(made.fused.outcome, Outcome::Written) << made.fused.reason;
    EXPECT_EQ(test::pixels_of(made).value[1], content("rgb.raw")[3]);
    EXPECT_EQ(fused(grey, "rgb.png").fused.outcome, Outcome::Conflict);
    EXPECT_EQ(fused(grey, "wide.png").fused.outcome, Outcome::Conflict);
    EXPECT_EQ(fused(grey, "palette.png").fused.outcome, Outcome::Conflict);
    grey.frames = "3";
    EXPECT_EQ(fused(grey, "pages.tif").fused.outcome, Outcome::Written);
}

}  // namespace
}  // namespace larmor::reassembly::fuse
