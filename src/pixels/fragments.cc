#include "pixels/fragments.h"

#include <algorithm>

#include "dicom/reader.h"

namespace larmor::pixels {
namespace {

using dicom::TokenKind;

constexpr std::uint8_t kJp2Signature[] = {0, 0, 0, 12, 'j', 'P', ' ', ' '};

bool is_jpeg_family(dicom::PixelCoding coding) {
    return coding == dicom::PixelCoding::JpegBaseline ||
           coding == dicom::PixelCoding::JpegExtended ||
           coding == dicom::PixelCoding::JpegLossless || coding == dicom::PixelCoding::JpegLs;
}
bool is_j2k_family(dicom::PixelCoding coding) {
    return coding == dicom::PixelCoding::Jpeg2000 || coding == dicom::PixelCoding::Htj2k;
}

/// FFD9 at the end; encoders pad with zeros (or FF) to an even length, some to a round one.
bool has_ended(Bytes fragment) {
    auto size = fragment.size();
    for (int padding = 0; size > 2 && padding < 16; ++padding) {
        if (fragment[size - 2] == std::byte{0xff} && fragment[size - 1] == std::byte{0xd9}) {
            return true;
        }
        if (fragment[size - 1] != std::byte{0} && fragment[size - 1] != std::byte{0xff}) break;
        --size;
    }
    return false;
}

bool begins_image(Bytes fragment, dicom::PixelCoding coding) {
    if (fragment.size() < 4) return false;
    const auto head = load_big<std::uint32_t>(fragment.data());
    if (is_jpeg_family(coding)) return head >> 8 == 0xffd8ff;
    if (is_j2k_family(coding)) {
        return head == 0xff4fff51 ||
               (fragment.size() >= sizeof kJp2Signature &&
                std::memcmp(fragment.data(), kJp2Signature, sizeof kJp2Signature) == 0);
    }
    return true;
}

}  // namespace

Result<Fragments> read_fragments(Bytes data_set, dicom::Encoding encoding,
                                 const PixelDataElement& pixel_data) {
    TRY(const auto rest,
        slice(data_set, pixel_data.offset, data_set.size() - pixel_data.offset));
    dicom::Reader reader(rest, encoding);
    TRY(const auto start, reader.next());
    if (start.kind != TokenKind::FragmentsStart) {
        return invalid_at(pixel_data.offset, "Pixel Data is not encapsulated");
    }
    Fragments fragments;
    bool has_table = false;
    for (;;) {
        TRY(const auto token, reader.next());
        if (token.kind == TokenKind::FragmentsEnd) break;
        if (token.kind != TokenKind::Fragment) {
            return invalid_at(pixel_data.offset + token.offset, "a fragment was expected");
        }
        if (!has_table) {
            has_table = true;
            fragments.offset_table = token.value;
            fragments.first_item = pixel_data.offset + token.value_offset + token.value.size();
            continue;
        }
        fragments.items.push_back({pixel_data.offset + token.value_offset,
                                   static_cast<std::uint32_t>(token.value.size())});
    }
    if (!has_table) {
        return invalid_at(pixel_data.offset, "Pixel Data without an offset table item");
    }
    return fragments;
}

std::optional<FrameStarts> starts_by_table(const Fragments& fragments,
                                           std::span<const std::uint64_t> offsets,
                                           std::uint32_t frames) {
    if (offsets.size() != frames || fragments.items.empty()) return std::nullopt;
    FrameStarts starts;
    starts.reserve(frames);
    std::size_t index = 0;
    for (const auto offset : offsets) {
        while (index < fragments.items.size() && fragments.table_offset(index) < offset) {
            ++index;
        }
        // Each offset takes a fragment of its own, the first one the first.
        if (index == fragments.items.size() || fragments.table_offset(index) != offset ||
            (starts.empty() ? index != 0 : index == starts.back())) {
            return std::nullopt;
        }
        starts.push_back(static_cast<std::uint32_t>(index));
    }
    return starts;
}

FrameStarts starts_by_codestream(Bytes data_set, const Fragments& fragments,
                                 dicom::PixelCoding coding, BeforeStart before) {
    const bool needs_end =
        before == BeforeStart::Ended && (is_jpeg_family(coding) || is_j2k_family(coding));
    FrameStarts starts;
    bool ended = true;
    for (std::size_t i = 0; i < fragments.items.size(); ++i) {
        const auto& item = fragments.items[i];
        const auto fragment = data_set.subspan(item.offset, item.count);
        if (fragment.empty()) continue;
        if (ended && begins_image(fragment, coding)) {
            starts.push_back(static_cast<std::uint32_t>(i));
        }
        ended = !needs_end || has_ended(fragment);
    }
    return starts;
}

}  // namespace larmor::pixels
