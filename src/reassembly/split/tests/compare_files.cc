#include "reassembly/split/tests/compare_files.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "dicom/charset.h"
#include "dicom/reader.h"
#include "dicom/rewrite.h"
#include "dicom/tags.h"
#include "dicom/values.h"
#include "pixels/codecs/codestream_header.h"
#include "pixels/frame_index.h"
#include "pixels/image_description.h"
#include "pixels/transcode.h"

namespace larmor::reassembly::test {
namespace {

namespace tags = dicom::tags;
namespace vr = dicom::vr;
using dicom::TokenKind;

/// A data element by its meaning.
struct Meaning {
    dicom::Vr vr = vr::UN;
    std::vector<std::string> values;  ///< text decoded and trimmed; binary as one
    std::size_t longest = 0;          ///< of DS: bytes of its longest value
};
using Meanings = std::map<std::string, Meaning>;

bool is_left_out(const dicom::Token& token) {
    const auto tag = token.tag;
    if (tag.is_group_length() || tag == dicom::Tag(0xfffc, 0xfffc)) return true;
    return token.depth == 0 && (tag == tags::PixelData || tag == tags::FloatPixelData ||
                                tag == tags::DoubleFloatPixelData ||
                                tag == tags::ExtendedOffsetTableLengths || tag.group == 2);
}

Meaning meaning_of(const dicom::Token& token, dicom::CharacterSet set, dicom::ByteOrder order) {
    Meaning meaning{.vr = token.vr, .values = {}, .longest = 0};
    const bool is_text = dicom::splits_at_backslash(token.vr) || token.vr == vr::LT ||
                         token.vr == vr::ST || token.vr == vr::UT || token.vr == vr::UR;
    if (is_text) {
        meaning.values = dicom::texts(token.value, token.vr, set);
        for (auto& value : meaning.values) {
            // Empty component groups at the end of a name say nothing: PS3.5 section 6.2.1.
            while (token.vr == vr::PN && value.ends_with('=')) value.pop_back();
        }
        while (!meaning.values.empty() && meaning.values.back().empty()) {
            meaning.values.pop_back();
        }
        for (const auto& value : meaning.values) {
            meaning.longest = std::max(meaning.longest, value.size());
        }
        return meaning;
    }
    ByteBuffer value(token.value.begin(), token.value.end());
    if (order == dicom::ByteOrder::Big) dicom::swap_value(token.vr, value);
    if (value.size() % 2 != 0) value.push_back(std::byte{0});
    meaning.values = {larmor::to_string(Bytes(value))};
    return meaning;
}

Meanings meanings_of(const dicom::File& file, std::string& error) {
    struct Level {
        std::string path;
        dicom::CharacterSet set;
        int items = 0;
    };
    std::vector<Level> levels{{}};
    Meanings all;
    dicom::Reader reader(file.data_set, file.encoding);
    dicom::Token token;
    while (reader.advance(token) && token.kind != TokenKind::End) {
        const auto path = levels.back().path + dicom::to_string(token.tag);
        switch (token.kind) {
            case TokenKind::SequenceStart:
                all[path].vr = vr::SQ;
                levels.push_back({path + ".", levels.back().set});
                break;
            case TokenKind::ItemStart: {
                auto& sequence = levels.back();
                auto item = sequence.path + std::to_string(sequence.items++) + ".";
                all[item].vr = vr::SQ;
                levels.push_back({std::move(item), sequence.set});
                break;
            }
            case TokenKind::SequenceEnd:
            case TokenKind::ItemEnd:
                levels.pop_back();
                break;
            case TokenKind::FragmentsStart:
                static_cast<void>(reader.skip());  // an error is the reader's from then on
                break;
            default:
                if (token.tag == tags::SpecificCharacterSet) {
                    levels.back().set =
                        dicom::CharacterSet(dicom::trimmed(token.value, vr::CS));
                }
                if (is_left_out(token)) break;
                // Of a repeated tag the last one counts.
                all[path] = meaning_of(token, levels.back().set, reader.encoding().order);
        }
    }
    if (reader.failed()) error = reader.error().message;
    return all;
}

bool same_numbers(const Meaning& a, const Meaning& b) {
    if (a.values.size() != b.values.size()) return false;
    for (std::size_t i = 0; i < a.values.size(); ++i) {
        if (a.values[i] == b.values[i]) continue;
        const auto x = dicom::parse_decimal(a.values[i]);
        const auto y = dicom::parse_decimal(b.values[i]);
        if (!x || !y) return false;
        // Sixteen characters hold no more of what was longer.
        const double tolerance = a.values[i].size() > 16 ? std::abs(*x) * 1e-8 : 0;
        if (std::abs(*x - *y) > tolerance) return false;
    }
    return true;
}

void compare(const std::string& path, const Meaning& a, const Meaning& b,
             std::vector<std::string>& out) {
    if (a.vr != b.vr) {
        out.push_back(path + " has VR " + dicom::to_string(b.vr) + ", not " +
                      dicom::to_string(a.vr));
        return;
    }
    if (a.vr == vr::DS || a.vr == vr::IS) {
        if (!same_numbers(a, b)) out.push_back(path + " has other numbers");
        const std::size_t longest = a.vr == vr::DS ? 16 : 12;
        if (b.longest > longest && a.longest <= longest) out.push_back(path + " is too long");
        return;
    }
    const bool is_character_set = path.ends_with("(0008,0005)");
    if (is_character_set && b.values == std::vector<std::string>{"ISO_IR 192"}) return;
    if (a.values != b.values) out.push_back(path + " has another value");
}

/// The codestreams of a file, or its native pixels in little endian as one.
Result<std::vector<ByteBuffer>> frames_of(const dicom::File& file, bool& native) {
    TRY(const auto image, pixels::describe_image(file));
    if (!image || !image->pixel_data) return fail(ErrorCode::NotFound, "no pixels");
    native = !image->pixel_data->encapsulated;
    std::vector<ByteBuffer> frames;
    if (native) {
        const bool turns = file.encoding.order == dicom::ByteOrder::Big &&
                           (image->bits_allocated > 8 || image->pixel_data->vr == vr::OW);
        pixels::swap_words(
            file.data_set.subspan(image->pixel_data->value_offset, image->pixel_data->count),
            turns ? std::max(2, image->bits_allocated / 8) : 1, frames.emplace_back());
        if (frames[0].size() % 2 != 0) frames[0].push_back(std::byte{0});
        return frames;
    }
    TRY(const auto index, pixels::build_frame_index(file, *image));
    const auto view = index.view();
    const Bytes bytes = view.in_inflated() ? file.data_set : file.bytes;
    for (std::uint32_t i = 0; i < view.frame_count(); ++i) {
        TRY(const auto location, view.locate(i));
        ByteBuffer frame;
        for (const auto& range : location.ranges) {
            const auto piece = bytes.subspan(range.offset, range.count);
            frame.insert(frame.end(), piece.begin(), piece.end());
        }
        const auto stream = pixels::codecs::codestream_of_jpeg_2000(frame);
        frames.emplace_back(stream->begin(), stream->end());
    }
    return frames;
}

bool same_but_padding(Bytes a, Bytes b) {
    if (a.size() > b.size()) std::swap(a, b);
    return b.size() - a.size() <= 1 && std::ranges::equal(a, b.first(a.size())) &&
           (a.size() == b.size() || b.back() == std::byte{0});
}

}  // namespace

std::vector<std::string> data_set_differences(const dicom::File& original,
                                              const dicom::File& made) {
    std::vector<std::string> out;
    std::string error;
    const auto a = meanings_of(original, error);
    const auto b = meanings_of(made, error);
    if (!error.empty()) out.push_back(error);
    for (const auto& [path, meaning] : a) {
        const auto found = b.find(path);
        if (found == b.end()) {
            out.push_back(path + " is missing");
        } else {
            compare(path, meaning, found->second, out);
        }
    }
    for (const auto& [path, meaning] : b) {
        // Text beyond the default repertoire, which was there without a character set.
        if (!a.contains(path) && path != "(0008,0005)") out.push_back(path + " is too much");
    }
    return out;
}

std::vector<std::string> differences(const dicom::File& original, const dicom::File& made) {
    auto out = data_set_differences(original, made);
    bool was_native = false, is_native = false;
    const auto a = frames_of(original, was_native);
    const auto b = frames_of(made, is_native);
    if (!a || !b) {
        out.push_back("pixels: " + (a ? b.error().message : a.error().message));
        return out;
    }
    if (was_native != is_native || a->size() != b->size()) {
        out.push_back("pixels: " + std::to_string(b->size()) + " frames, not " +
                      std::to_string(a->size()));
        return out;
    }
    for (std::size_t i = 0; i < a->size(); ++i) {
        if (!same_but_padding((*a)[i], (*b)[i])) {
            out.push_back("frame " + std::to_string(i) + " differs");
        }
    }
    return out;
}

}  // namespace larmor::reassembly::test
