#include "reassembly/fuse/metadata_half.h"

#include <algorithm>
#include <optional>
#include <ranges>

#include "archive/compression.h"
#include "base/ids.h"
#include "dicom/dictionary.h"
#include "dicom/json_read.h"
#include "dicom/reader.h"
#include "dicom/tags.h"
#include "dicom/values.h"
#include "reassembly/fuse/text_encoding.h"

namespace larmor::reassembly::fuse {
namespace {

namespace tags = dicom::tags;
namespace vr = dicom::vr;
using dicom::Tag;
using dicom::Vr;

constexpr Tag kTransferSyntax{0x0002, 0x0010};

bool is_pixels(Tag tag) {
    return tag == tags::PixelData || tag == tags::FloatPixelData ||
           tag == tags::DoubleFloatPixelData;
}
bool is_offset_table(Tag tag) {
    return tag == tags::ExtendedOffsetTable || tag == tags::ExtendedOffsetTableLengths;
}

tl::unexpected<Error> too_large(std::uint64_t limit) {
    return fail(ErrorCode::LimitExceeded,
                "metadata of more than " + std::to_string(limit) + " bytes");
}

/// The JSON of a member, taken out of gzip, into `json`, where it is in one.
Result<std::string_view> json_of(Bytes member, std::uint64_t limit, std::string& json) {
    const bool is_gzip =
        member.size() >= 2 && member[0] == std::byte{0x1f} && member[1] == std::byte{0x8b};
    if (!is_gzip) {
        if (member.size() > limit) return too_large(limit);
        return as_text(member);
    }
    auto unpacked = archive::gunzip(std::make_unique<archive::MemorySource>(member));
    constexpr std::size_t kPieceBytes = std::size_t{64} << 10;
    while (true) {
        const auto begin = json.size();
        json.resize(begin + kPieceBytes);
        TRY(const auto count,
            unpacked->read(std::as_writable_bytes(std::span(json)).subspan(begin)));
        json.resize(begin + count);
        if (count == 0) return json;
        if (json.size() > limit) return too_large(limit);
    }
}

/// One reading of the JSON, with what it says beside the data set.
class JsonHalf {
public:
    explicit JsonHalf(bool guess_signed) : guess_signed_(guess_signed) {}

    Result<ByteBuffer> read(std::string_view json, const MetadataOptions& options) {
        dicom::JsonReadOptions how;
        how.bulk_data = [this](const dicom::BulkDataReference& reference) {
            return take_reference(reference);
        };
        how.other_vr = [this](Tag tag, std::string_view letters) {
            return other_vr(tag, letters);
        };
        how.file_meta = [this](Tag tag, Bytes value) {
            if (tag == kTransferSyntax) {
                half.transfer_syntax_uid = dicom::trimmed(value, vr::UI);
            }
        };
        how.long_decimals = dicom::JsonReadOptions::LongDecimals::Shorten;
        how.character_set_element = dicom::JsonReadOptions::CharacterSetElement::AsDeclared;
        how.json_max_bytes = options.json_max_bytes;
        how.data_set_max_bytes = options.json_max_bytes;
        TRY(auto objects, dicom::read_json_array(json, how));
        if (objects.size() != 1) {
            return fail(
                ErrorCode::InvalidInput,
                "an array of " + std::to_string(objects.size()) + " objects, not of one");
        }
        return std::move(objects.front());
    }

    bool guessed() const { return guessed_; }
    MetadataHalf half;

private:
    Result<dicom::BulkData> take_reference(const dicom::BulkDataReference& reference) {
        const bool in_image_half = reference.depth == 0 &&
                                   (is_pixels(reference.tag) || is_offset_table(reference.tag));
        if (!in_image_half) {
            ++half.unresolved_count;
            if (half.unresolved.size() < MetadataHalf::kUnresolvedMax) {
                half.unresolved.push_back(reference.tag);
            }
        }
        return dicom::BulkData{};
    }

    /// `US or SS`, `OB or OW`, `US or SS or OW`, dcmjs's `xs`, `ox`, and none.
    std::optional<Vr> other_vr(Tag tag, std::string_view letters) {
        if (letters == "OB or OW" || letters == "OW or OB" || letters == "ox") return vr::OW;
        if (letters == "US or OW" || letters == "US or SS or OW") return vr::OW;
        if (letters == "US or SS" || letters == "xs") {
            guessed_ = true;
            return guess_signed_ ? vr::SS : vr::US;
        }
        if (!letters.empty()) return std::nullopt;
        const auto entry = dicom::find_entry(tag);
        guessed_ |= entry && entry->choice == dicom::VrChoice::UsOrSs;
        const auto known = dicom::vr_of(tag, guess_signed_);
        return known == vr::UN ? std::nullopt : std::optional(known);
    }

    bool guess_signed_;
    bool guessed_ = false;
};

/// Takes pixels and offset tables out of `data_set`, and (0008,3002) where it alone declares
/// the transfer syntax, which it would contradict in a file of another one.
Result<void> take_apart(ByteBuffer data_set, MetadataHalf& half) {
    TRY(const auto attributes, dicom::Attributes::read(data_set, dicom::kExplicitLittle));
    const bool is_declared = !half.transfer_syntax_uid.empty();
    if (!is_declared) {
        half.transfer_syntax_uid = attributes.text(tags::AvailableTransferSyntaxUID);
    }
    if (!half.transfer_syntax_uid.empty() && !is_uid_key_part(half.transfer_syntax_uid)) {
        return fail(ErrorCode::InvalidInput, "a transfer syntax that is no UID");
    }
    std::optional<std::uint64_t> pixels_at;
    std::vector<ByteRange> dropped;
    std::uint64_t dropped_bytes = 0;
    for (const auto& element : attributes.elements()) {
        if (!pixels_at && element.tag >= tags::ExtendedOffsetTable) {
            pixels_at = element.offset - dropped_bytes;
        }
        const bool is_dropped =
            is_offset_table(element.tag) || is_pixels(element.tag) ||
            (element.tag == tags::AvailableTransferSyntaxUID && !is_declared);
        if (!is_dropped) continue;
        dropped.push_back({element.offset, element.next - element.offset});
        dropped_bytes += dropped.back().count;
        half.names_offset_table |= element.tag == tags::ExtendedOffsetTable;
        if (!is_pixels(element.tag)) continue;
        if (!element.value.empty()) {
            return fail(ErrorCode::Conflict,
                        "the metadata holds " + std::to_string(element.value.size()) +
                            " bytes of pixels itself, in " + dicom::to_string(element.tag));
        }
        if (half.names_pixels) {
            return fail(ErrorCode::Conflict, "the metadata names two kinds of pixels: " +
                                                 dicom::to_string(half.pixel_tag) + " and " +
                                                 dicom::to_string(element.tag));
        }
        half.names_pixels = true;
        half.pixel_tag = element.tag;
        half.pixel_vr = element.vr;
    }
    half.data_set = std::move(data_set);
    for (const auto& range : std::views::reverse(dropped)) {
        const auto from = half.data_set.begin() + static_cast<std::ptrdiff_t>(range.offset);
        half.data_set.erase(from, from + static_cast<std::ptrdiff_t>(range.count));
    }
    half.pixels_at = pixels_at.value_or(half.data_set.size());
    // Other elements of the group that stand before the pixels, (7FE0,0003), come first.
    const dicom::Tag first = half.pixel_tag;
    dicom::Reader reader(Bytes(half.data_set).subspan(half.pixels_at), dicom::kExplicitLittle);
    const auto begin = half.pixels_at;
    dicom::Token token;
    while (reader.advance(token) && token.kind != dicom::TokenKind::End && token.tag < first) {
        TRY_VOID(reader.skip());
        half.pixels_at = begin + reader.offset();
    }
    return {};
}

}  // namespace

Result<MetadataHalf> read_metadata(Bytes member, const MetadataOptions& options) {
    std::string unpacked;
    TRY(const auto json, json_of(member, options.json_max_bytes, unpacked));
    // What `US or SS` means stands further behind: read for the usual case, and again where it
    // was the other.
    for (const bool guess_signed : {false, true}) {
        JsonHalf reading(guess_signed);
        auto data_set = reading.read(json, options);
        if (reading.guessed() && !guess_signed) {
            if (!data_set) continue;
            TRY(const auto attributes,
                dicom::Attributes::read(*data_set, dicom::kExplicitLittle,
                                        tags::PixelRepresentation));
            if (attributes.integer(tags::PixelRepresentation) == 1) continue;
        }
        TRY(auto declared, std::move(data_set));
        TRY(auto encoded, encode_text(std::move(declared)));
        TRY_VOID(take_apart(std::move(encoded), reading.half));
        return std::move(reading.half);
    }
    return fail(ErrorCode::InvalidInput, "no JSON");
}

}  // namespace larmor::reassembly::fuse
