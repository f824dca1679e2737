#include <algorithm>

#include "dicom/reader.h"
#include "dicom/tags.h"
#include "reassembly/fuse/metadata_half.h"

namespace larmor::reassembly::fuse {
namespace {

constexpr std::uint8_t kRecordVersion = 1;
constexpr std::uint8_t kNamesPixels = 1, kNamesOffsetTable = 2, kFlagsMax = 3;
constexpr std::size_t kTransferSyntaxMaxBytes = 64;

tl::unexpected<Error> corrupt(std::string_view what) {
    return fail(ErrorCode::Corrupt, "a record of metadata with " + std::string(what));
}

template <std::integral T>
void put(ByteBuffer& out, T value) {
    out.resize(out.size() + sizeof(T));
    store_little(out.data() + out.size() - sizeof(T), value);
}

/// Takes fields off the front of a record.
class RecordFields {
public:
    explicit RecordFields(Bytes record) : rest_(record) {}
    template <std::integral T>
    Result<T> number() {
        TRY(const Bytes field, bytes(sizeof(T)));
        return load_little<T>(field.data());
    }
    Result<Bytes> bytes(std::size_t count) {
        if (count > rest_.size()) return corrupt("too few bytes");
        const Bytes field = rest_.first(count);
        rest_ = rest_.subspan(count);
        return field;
    }
    Bytes rest() const { return rest_; }

private:
    Bytes rest_;
};

bool is_pixel_tag(dicom::Tag tag) {
    return tag == dicom::tags::PixelData || tag == dicom::tags::FloatPixelData ||
           tag == dicom::tags::DoubleFloatPixelData;
}

/// Whether the data set is one, without pixels, and `pixels_at` lies between two elements of it
/// where pixels belong.
Result<void> check_data_set(const MetadataHalf& half) {
    dicom::Reader reader(half.data_set, dicom::kExplicitLittle);
    bool is_border = half.pixels_at == 0;
    dicom::Token token;
    while (reader.advance(token) && token.kind != dicom::TokenKind::End) {
        if (is_pixel_tag(token.tag)) return corrupt("pixels in its data set");
        const bool behind = token.offset >= half.pixels_at;
        if (behind != (token.tag > half.pixel_tag)) return corrupt("pixels at a wrong place");
        if (!reader.skip()) break;
        is_border |= reader.offset() == half.pixels_at;
    }
    if (reader.failed()) return corrupt("a broken data set");
    return is_border ? Result<void>() : corrupt("pixels inside a data element");
}

}  // namespace

ByteBuffer encode(const MetadataHalf& half) {
    LARMOR_CHECK(half.transfer_syntax_uid.size() <= 255 &&
                 half.unresolved.size() <= MetadataHalf::kUnresolvedMax);
    ByteBuffer out;
    out.reserve(half.data_set.size() + 96);
    put(out, kRecordVersion);
    put(out, static_cast<std::uint8_t>((half.names_pixels ? kNamesPixels : 0) |
                                       (half.names_offset_table ? kNamesOffsetTable : 0)));
    put(out, half.pixel_tag.element);
    put(out, static_cast<std::uint16_t>(half.pixel_vr));
    put(out, static_cast<std::uint8_t>(half.transfer_syntax_uid.size()));
    const Bytes uid = as_bytes(half.transfer_syntax_uid);
    out.insert(out.end(), uid.begin(), uid.end());
    put(out, half.unresolved_count);
    for (const auto tag : half.unresolved) put(out, tag.value());
    put(out, half.pixels_at);
    out.insert(out.end(), half.data_set.begin(), half.data_set.end());
    return out;
}

Result<MetadataHalf> decode(Bytes record) {
    RecordFields fields(record);
    MetadataHalf half;
    TRY(const auto version, fields.number<std::uint8_t>());
    if (version != kRecordVersion) return corrupt("version " + std::to_string(version));
    TRY(const auto flags, fields.number<std::uint8_t>());
    if (flags > kFlagsMax) return corrupt("unknown flags");
    half.names_pixels = (flags & kNamesPixels) != 0;
    half.names_offset_table = (flags & kNamesOffsetTable) != 0;
    TRY(half.pixel_tag.element, fields.number<std::uint16_t>());
    if (!is_pixel_tag(half.pixel_tag)) return corrupt("a tag that is none of pixels");
    TRY(const auto vr, fields.number<std::uint16_t>());
    half.pixel_vr = static_cast<dicom::Vr>(vr);
    if (vr != 0 && !dicom::is_known(half.pixel_vr)) return corrupt("an unknown VR");
    TRY(const auto uid_size, fields.number<std::uint8_t>());
    if (uid_size > kTransferSyntaxMaxBytes) return corrupt("a UID that is too long");
    TRY(const Bytes uid, fields.bytes(uid_size));
    half.transfer_syntax_uid = as_text(uid);
    TRY(half.unresolved_count, fields.number<std::uint32_t>());
    const auto named =
        std::min<std::size_t>(half.unresolved_count, MetadataHalf::kUnresolvedMax);
    for (std::size_t i = 0; i < named; ++i) {
        TRY(const auto tag, fields.number<std::uint32_t>());
        half.unresolved.push_back(dicom::Tag::from(tag));
    }
    TRY(half.pixels_at, fields.number<std::uint64_t>());
    half.data_set.assign(fields.rest().begin(), fields.rest().end());
    if (half.pixels_at > half.data_set.size()) return corrupt("pixels behind its end");
    TRY_VOID(check_data_set(half));
    return half;
}

}  // namespace larmor::reassembly::fuse
