// HTJ2K is written by OpenJPH, line by line from memory. Reading it is not its task: see
// jpeg_2000.cc.
#include <openjph/ojph_arch.h>
// Not self-contained without it.
#include <openjph/ojph_codestream.h>
#include <openjph/ojph_file.h>
#include <openjph/ojph_mem.h>
#include <openjph/ojph_params.h>

#include <algorithm>
#include <exception>
#include <string>

#include "pixels/encode_htj2k.h"

namespace larmor::pixels {
namespace {

constexpr unsigned kBitsMax = 16;
/// The smallest resolution of a CT of 512 x 512 is 16 x 16 then.
constexpr unsigned kDecompositionsMax = 5;
constexpr ojph::ui32 kBlockSide = 64;

unsigned bits_of(const Frame& frame) {
    const auto allocated = static_cast<unsigned>(8 * size_of(frame.type));
    return frame.bits_stored == 0 ? allocated
                                  : std::min<unsigned>(allocated, frame.bits_stored);
}

/// None that would leave less than one pixel on a side.
unsigned decompositions_of(const Frame& frame) {
    const std::uint32_t side = std::min(frame.rows, frame.columns);
    unsigned count = 0;
    while (count < kDecompositionsMax && (side >> (count + 1)) > 0) ++count;
    return count;
}

void set_parameters(ojph::codestream& codestream, const Frame& frame) {
    auto siz = codestream.access_siz();
    siz.set_image_extent(ojph::point(frame.columns, frame.rows));
    siz.set_num_components(frame.samples);
    for (ojph::ui32 component = 0; component < frame.samples; ++component) {
        siz.set_component(component, ojph::point(1, 1), bits_of(frame), is_signed(frame.type));
    }
    siz.set_tile_size(ojph::size(frame.columns, frame.rows));
    auto cod = codestream.access_cod();
    cod.set_num_decomposition(decompositions_of(frame));
    cod.set_block_dims(kBlockSide, kBlockSide);
    cod.set_progression_order("RPCL");
    cod.set_reversible(true);
    cod.set_color_transform(frame.samples == 3 && frame.photometric == Photometric::Rgb);
    codestream.set_planar(false);
}

template <typename T>
void write_lines(ojph::codestream& codestream, const Frame& frame) {
    const auto values = frame.values<T>();
    ojph::ui32 component = 0;
    ojph::line_buf* line = codestream.exchange(nullptr, component);
    for (std::size_t row = 0; row < frame.rows; ++row) {
        for (std::size_t i = 0; i < frame.samples; ++i) {
            // The order of components is the library's to say.
            const T* from = values.data() + row * frame.columns * frame.samples + component;
            for (std::size_t column = 0; column < frame.columns; ++column) {
                // NOLINTNEXTLINE(bugprone-signed-char-misuse): a sample of 8 bits, no character
                line->i32[column] = from[column * frame.samples];
            }
            line = codestream.exchange(line, component);
        }
    }
}

void write_samples(ojph::codestream& codestream, const Frame& frame) {
    switch (frame.type) {
        case SampleType::U8:
            return write_lines<std::uint8_t>(codestream, frame);
        case SampleType::S8:
            return write_lines<std::int8_t>(codestream, frame);
        case SampleType::U16:
            return write_lines<std::uint16_t>(codestream, frame);
        case SampleType::S16:
            return write_lines<std::int16_t>(codestream, frame);
        case SampleType::U32:
            return write_lines<std::uint32_t>(codestream, frame);
        default:
            return write_lines<std::int32_t>(codestream, frame);
    }
}

}  // namespace

bool can_encode_htj2k(const Frame& frame) {
    return frame.type != SampleType::F32 && frame.type != SampleType::F64 &&
           bits_of(frame) <= kBitsMax && (frame.samples == 1 || frame.samples == 3) &&
           frame.rows > 0 && frame.columns > 0;
}

Result<ByteBuffer> encode_htj2k(const Frame& frame) {
    if (!can_encode_htj2k(frame)) {
        return fail(ErrorCode::Unsupported,
                    "HTJ2K is made of one or three samples of at most 16 bits, not of " +
                        std::to_string(frame.samples) + " of " +
                        std::to_string(bits_of(frame)));
    }
    try {
        ojph::codestream codestream;
        set_parameters(codestream, frame);
        ojph::mem_outfile out;
        out.open(frame.pixels.size() / 2 + 4096);
        codestream.write_headers(&out);
        write_samples(codestream, frame);
        codestream.flush();
        const auto* data = reinterpret_cast<const std::byte*>(out.get_data());
        ByteBuffer made(data, data + out.tell());
        codestream.close();
        return made;
    } catch (const std::exception& error) {
        return fail(ErrorCode::Unsupported, std::string("HTJ2K: ") + error.what());
    }
}

}  // namespace larmor::pixels
