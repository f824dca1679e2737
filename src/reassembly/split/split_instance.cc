#include "reassembly/split/split_instance.h"

#include <algorithm>

#include "base/ids.h"
#include "dicom/json_write.h"
#include "dicom/reader.h"
#include "dicom/tags.h"
#include "dicom/values.h"
#include "dicom/writer.h"
#include "pixels/frame_index.h"
#include "pixels/image_description.h"
#include "pixels/transcode.h"

namespace larmor::reassembly::split {
namespace {

namespace tags = dicom::tags;
using dicom::PixelCoding;
using dicom::TokenKind;

bool is_pixels(dicom::Tag tag) {
    return tag == tags::PixelData || tag == tags::FloatPixelData ||
           tag == tags::DoubleFloatPixelData;
}

void append(ByteBuffer& out, Bytes bytes) {
    out.insert(out.end(), bytes.begin(), bytes.end());
}

/// The data set without pixels, in its own encoding, and the data element that held them.
struct WithoutPixels {
    ByteBuffer data_set;
    dicom::DataElement pixels;
};

/// Errors: Unsupported for fragments in items.
Result<void> refuse_fragments(Bytes data_set, dicom::Encoding encoding) {
    dicom::Reader reader(data_set, encoding);
    dicom::Token token;
    while (reader.advance(token) && token.kind != TokenKind::End) {
        if (token.kind == TokenKind::FragmentsStart) {
            return fail(ErrorCode::Unsupported, "fragments inside of a sequence");
        }
    }
    if (reader.failed()) return tl::unexpected(reader.error());
    return {};
}

Result<WithoutPixels> take_pixels(const dicom::File& file) {
    WithoutPixels parts;
    bool has_pixels = false;
    std::size_t kept_from = 0;
    dicom::Reader reader(file.data_set, file.encoding);
    dicom::Token token;
    while (reader.advance(token) && token.kind != TokenKind::End) {
        const auto tag = token.tag;
        const auto offset = token.offset;
        if (!is_pixels(tag)) {
            TRY_VOID(reader.skip());
            continue;
        }
        if (std::exchange(has_pixels, true)) {
            return fail(ErrorCode::InvalidInput, "two kinds of pixels in one data set");
        }
        TRY(const auto found, dicom::find(file.data_set.subspan(offset), file.encoding, tag));
        if (!found) return fail(ErrorCode::InvalidInput, "pixels that can't be found");
        parts.pixels = *found;
        parts.pixels.offset += offset;
        parts.pixels.next += offset;
        append(parts.data_set, file.data_set.subspan(kept_from, offset - kept_from));
        TRY_VOID(reader.skip());
        kept_from = reader.offset();
    }
    if (reader.failed()) return tl::unexpected(reader.error());
    if (!has_pixels) return fail(ErrorCode::NotFound, "no pixels");
    append(parts.data_set, file.data_set.subspan(kept_from));
    TRY_VOID(refuse_fragments(parts.data_set, file.encoding));
    return parts;
}

/// `"<key>":{"vr":"<vr>",<value>}` as a member of the object that `json` ends with.
void add_member(std::string& json, dicom::Tag tag, dicom::Vr vr, const std::string& value) {
    json.pop_back();
    if (json.back() != '{') json += ',';
    json += '"' + dicom::to_json_key(tag) + R"(":{"vr":")" + dicom::to_string(vr) + "\"," +
            value + "}}";
}

Result<std::string> metadata_of(const dicom::File& file, const WithoutPixels& parts,
                                const SplitOptions& options) {
    std::string json;
    dicom::JsonWriteOptions how;
    how.character_set_element = dicom::JsonWriteOptions::CharacterSetElement::AsStored;
    how.unknown_vr = dicom::JsonWriteOptions::UnknownVr::AsStored;
    TRY_VOID(dicom::write_json(json, parts.data_set, file.encoding, how));
    const std::string syntax = R"("Value":[")" + file.transfer_syntax_uid + "\"]";
    add_member(
        json,
        options.with_file_meta ? dicom::Tag(0x0002, 0x0010) : tags::AvailableTransferSyntaxUID,
        dicom::vr::UI, syntax);
    add_member(json, parts.pixels.tag, parts.pixels.vr, R"("BulkDataURI":"bulkdata/pixels")");
    return json;
}

std::string_view extension_of(PixelCoding coding) {
    switch (coding) {
        case PixelCoding::Rle:
            return "rle";
        case PixelCoding::JpegBaseline:
        case PixelCoding::JpegExtended:
        case PixelCoding::JpegLossless:
            return "jpg";
        case PixelCoding::JpegLs:
            return "jls";
        case PixelCoding::Jpeg2000:
            return "j2k";
        case PixelCoding::Htj2k:
            return "jhc";
        default:
            return {};
    }
}

/// A file that holds only pixels, with their offset tables.
ByteBuffer headless_file(const dicom::File& file, const WithoutPixels& parts) {
    dicom::Writer meta;
    // What was deflated is not any more.
    meta.text(
        dicom::Tag(0x0002, 0x0010), dicom::vr::UI,
        file.inflated ? dicom::kExplicitLittleUid : std::string_view(file.transfer_syntax_uid));
    dicom::Writer whole;
    whole.number(dicom::Tag(0x0002, 0x0000), dicom::vr::UL, meta.buffer().size());
    ByteBuffer out(128);
    append(out, as_bytes("DICM"));
    append(out, whole.buffer());
    append(out, meta.buffer());
    append(out,
           file.data_set.subspan(parts.pixels.offset, parts.pixels.next - parts.pixels.offset));
    return out;
}

Result<void> add_frames(const dicom::File& file, const pixels::ImageDescription& image,
                        std::string_view extension, SplitInstance& out) {
    TRY(const auto index, pixels::build_frame_index(file, image));
    const auto view = index.view();
    if (view.frame_count() != image.number_of_frames) {
        return fail(ErrorCode::InvalidInput, "Number of Frames is not what the fragments hold");
    }
    const Bytes bytes = view.in_inflated() ? file.data_set : file.bytes;
    for (std::uint32_t frame = 0; frame < view.frame_count(); ++frame) {
        TRY(const auto location, view.locate(frame));
        ImagePart part{.frame = {}, .extension = std::string(extension), .bytes = {}};
        if (view.frame_count() > 1) part.frame = frame + 1;
        for (const auto& range : location.ranges) {
            append(part.bytes, bytes.subspan(range.offset, range.count));
        }
        out.image.push_back(std::move(part));
    }
    return {};
}

void add_native(const dicom::File& file, const pixels::ImageDescription& image,
                const WithoutPixels& parts, const SplitOptions& options, SplitInstance& out) {
    const bool in_words = image.bits_allocated > 8 || parts.pixels.vr == dicom::vr::OW;
    const bool turns = file.encoding.order == dicom::ByteOrder::Big && in_words;
    ByteBuffer pixels;
    pixels::swap_words(parts.pixels.value,
                       turns ? std::max<std::uint32_t>(2, image.bits_allocated / 8) : 1,
                       pixels);
    const auto bits = image.frame_bits();
    const auto bytes = bits / 8;
    const bool apart = options.frames_apart && image.number_of_frames > 1 && bits % 8 == 0 &&
                       bytes <= pixels.size() / image.number_of_frames;
    if (!apart) {
        out.image.push_back({.frame = {}, .extension = "raw", .bytes = std::move(pixels)});
        return;
    }
    for (std::uint32_t frame = 0; frame < image.number_of_frames; ++frame) {
        ImagePart part{.frame = frame + 1, .extension = "raw", .bytes = {}};
        append(part.bytes, Bytes(pixels).subspan(frame * bytes, bytes));
        out.image.push_back(std::move(part));
    }
}

}  // namespace

Result<SplitInstance> split_instance(const dicom::File& file, const SplitOptions& options) {
    TRY(const auto image, pixels::describe_image(file));
    if (!image || !image->pixel_data) return fail(ErrorCode::NotFound, "no pixels");
    TRY(const auto parts, take_pixels(file));
    TRY(const auto attributes, dicom::Attributes::read(parts.data_set, file.encoding));
    SplitInstance out;
    out.sop_instance_uid = attributes.text(tags::SOPInstanceUID);
    if (!is_uid_key_part(out.sop_instance_uid)) {
        return fail(ErrorCode::InvalidInput, "no SOP Instance UID that can be a name");
    }
    out.transfer_syntax_uid = file.transfer_syntax_uid;
    out.frames = image->number_of_frames;
    TRY(out.metadata, metadata_of(file, parts, options));

    const bool encapsulated = parts.pixels.length == dicom::kUndefinedLength;
    const auto coding = file.transfer_syntax == nullptr ? PixelCoding::Referenced
                                                        : file.transfer_syntax->coding;
    const auto extension = extension_of(coding);
    if (options.headless || (encapsulated && extension.empty())) {
        out.image.push_back(
            {.frame = {}, .extension = "dcm", .bytes = headless_file(file, parts)});
    } else if (encapsulated) {
        TRY_VOID(add_frames(file, *image, extension, out));
    } else {
        add_native(file, *image, parts, options, out);
    }
    return out;
}

}  // namespace larmor::reassembly::split
