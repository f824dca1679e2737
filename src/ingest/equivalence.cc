#include "ingest/equivalence.h"

#include <algorithm>

#include "dicom/reader.h"
#include "pixels/decode.h"
#include "pixels/frame_index.h"
#include "pixels/render.h"

namespace larmor::ingest {
namespace {

constexpr dicom::Tag kPhotometricInterpretation{0x0028, 0x0004};
constexpr dicom::Tag kPlanarConfiguration{0x0028, 0x0006};
constexpr dicom::Tag kPixelData{0x7fe0, 0x0010};
constexpr dicom::Tag kExtendedOffsetTable{0x7fe0, 0x0001};
constexpr dicom::Tag kExtendedOffsetTableLengths{0x7fe0, 0x0002};
constexpr dicom::Tag kDataSetTrailingPadding{0xfffc, 0xfffc};

/// Bytes per number in a value of this VR: what a change of byte order swaps.
std::size_t unit_of(dicom::Vr value) {
    using namespace dicom::vr;
    for (const dicom::Vr two : {US, SS, OW, AT}) {
        if (value == two) return 2;
    }
    for (const dicom::Vr four : {UL, SL, FL, OF, OL}) {
        if (value == four) return 4;
    }
    for (const dicom::Vr eight : {FD, OD, SV, UV, OV}) {
        if (value == eight) return 8;
    }
    return 1;
}

Bytes without_padding(dicom::Vr value_vr, Bytes value) {
    // Binary values keep every byte: there a trailing zero may be data.
    if (dicom::is_binary(value_vr) || unit_of(value_vr) > 1) return value;
    while (!value.empty() && (value.back() == std::byte{' '} || value.back() == std::byte{0})) {
        value = value.first(value.size() - 1);
    }
    return value;
}

/// Feeds a digest with little-endian numbers and values.
class Canonical {
public:
    explicit Canonical(dicom::ByteOrder order) : order_(order) {}

    void mark(dicom::TokenKind kind, dicom::Tag tag) {
        std::array<std::byte, 5> head{static_cast<std::byte>(kind)};
        store_little(head.data() + 1, tag.value());
        digest_.update(head);
    }
    void value(dicom::Vr value_vr, Bytes bytes) {
        std::array<std::byte, 8> size{};
        store_little<std::uint64_t>(size.data(), bytes.size());
        digest_.update(size);
        const std::size_t unit = unit_of(value_vr);
        if (order_ == dicom::ByteOrder::Little || unit == 1) {
            digest_.update(bytes);
            return;
        }
        ByteBuffer swapped(bytes.begin(), bytes.end());
        for (std::size_t i = 0; i + unit <= swapped.size(); i += unit) {
            std::reverse(swapped.begin() + static_cast<std::ptrdiff_t>(i),
                         swapped.begin() + static_cast<std::ptrdiff_t>(i + unit));
        }
        digest_.update(swapped);
    }
    Sha256 finish() { return digest_.finish(); }

private:
    dicom::ByteOrder order_;
    Sha256Stream digest_;
};

bool is_left_out(const dicom::Token& token, CodingAttributes coding) {
    if (token.depth > 0) return token.tag.is_group_length();
    return token.tag.is_group_length() || token.tag == kDataSetTrailingPadding ||
           token.tag == kPixelData || token.tag == kExtendedOffsetTable ||
           token.tag == kExtendedOffsetTableLengths ||
           (coding == CodingAttributes::Leave &&
            (token.tag == kPhotometricInterpretation || token.tag == kPlanarConfiguration));
}

/// The frames of a file, read one at a time.
class Frames {
public:
    static Result<Frames> open(const dicom::File& file) {
        Frames frames(file);
        TRY(frames.image_, pixels::describe_image(file));
        if (frames.image_ && frames.image_->pixel_data) {
            TRY(frames.index_, pixels::build_frame_index(file, *frames.image_));
        }
        return frames;
    }
    bool has_pixels() const { return image_ && image_->pixel_data; }
    std::uint32_t count() const { return has_pixels() ? index_.view().frame_count() : 0; }

    /// As stored, without a codestream's padding to even length.
    Result<Sha256> stored_digest(std::uint32_t frame) const {
        TRY(const pixels::FrameLocation location, index_.view().locate(frame));
        TRY(const std::vector<Bytes> parts,
            pixels::frame_parts(*file_, index_.view(), location));
        Sha256Stream digest;
        for (std::size_t i = 0; i < parts.size(); ++i) {
            Bytes part = parts[i];
            const bool last = i + 1 == parts.size();
            if (last && image_->pixel_data->encapsulated && !part.empty() &&
                part.back() == std::byte{0}) {
                part = part.first(part.size() - 1);
            }
            digest.update(part);
        }
        std::array<std::byte, 4> bits{};
        store_little(bits.data(), location.bit_offset);
        digest.update(bits);
        return digest.finish();
    }
    Result<pixels::Frame> decode(std::uint32_t frame) const {
        TRY(pixels::Frame decoded, pixels::decode_frame(*file_, *image_, index_.view(), frame));
        return pixels::to_rgb(*image_, std::move(decoded));
    }

private:
    explicit Frames(const dicom::File& file) : file_(&file) {}
    const dicom::File* file_;
    std::optional<pixels::ImageDescription> image_;
    pixels::FrameIndex index_;
};

bool same_samples(const pixels::Frame& a, const pixels::Frame& b) {
    return a.rows == b.rows && a.columns == b.columns && a.samples == b.samples &&
           a.type == b.type && std::ranges::equal(a.pixels.bytes(), b.pixels.bytes());
}

enum class CompareAs : bool { Stored, Decoded };

Result<bool> same_frames(const dicom::File& first, const dicom::File& second, CompareAs how) {
    TRY(const Frames a, Frames::open(first));
    TRY(const Frames b, Frames::open(second));
    if (a.has_pixels() != b.has_pixels() || a.count() != b.count()) return false;
    for (std::uint32_t frame = 0; frame < a.count(); ++frame) {
        if (how == CompareAs::Stored) {
            TRY(const Sha256 stored_a, a.stored_digest(frame));
            TRY(const Sha256 stored_b, b.stored_digest(frame));
            if (stored_a != stored_b) return false;
        } else {
            TRY(const pixels::Frame decoded_a, a.decode(frame));
            TRY(const pixels::Frame decoded_b, b.decode(frame));
            if (!same_samples(decoded_a, decoded_b)) return false;
        }
    }
    return true;
}

Result<Equivalence> try_compare(const dicom::File& first, const dicom::File& second) {
    const bool one_syntax = first.transfer_syntax_uid == second.transfer_syntax_uid;
    const CodingAttributes coding =
        one_syntax ? CodingAttributes::Include : CodingAttributes::Leave;
    TRY(const Sha256 digest_a, data_set_digest(first, coding));
    TRY(const Sha256 digest_b, data_set_digest(second, coding));
    if (digest_a != digest_b) return Equivalence::Different;
    TRY(const bool equal,
        same_frames(first, second, one_syntax ? CompareAs::Stored : CompareAs::Decoded));
    if (!equal) return Equivalence::Different;
    return one_syntax ? Equivalence::Same : Equivalence::OtherCoding;
}

}  // namespace

Equivalence compare(const dicom::File& first, const dicom::File& second) {
    if (std::ranges::equal(first.bytes, second.bytes)) return Equivalence::Same;
    return try_compare(first, second).value_or(Equivalence::Different);
}

Result<Sha256> data_set_digest(const dicom::File& file, CodingAttributes coding) {
    Canonical canonical(file.encoding.order);
    dicom::Reader reader(file.data_set, file.encoding);
    for (;;) {
        TRY(const dicom::Token token, reader.next());
        switch (token.kind) {
            case dicom::TokenKind::End:
                return canonical.finish();
            case dicom::TokenKind::Element:
                if (is_left_out(token, coding)) break;
                canonical.mark(token.kind, token.tag);
                canonical.value(token.vr, without_padding(token.vr, token.value));
                break;
            case dicom::TokenKind::FragmentsStart:
                if (token.depth == 0 && token.tag == kPixelData) {
                    TRY_VOID(reader.skip());
                } else {
                    canonical.mark(token.kind, token.tag);  // an icon image inside a sequence
                }
                break;
            case dicom::TokenKind::Fragment:
                canonical.mark(token.kind, token.tag);
                canonical.value(dicom::vr::OB, token.value);
                break;
            default:
                canonical.mark(token.kind, token.tag);
        }
    }
}

}  // namespace larmor::ingest
