#include "pixels/transcode.h"

#include <algorithm>
#include <string>

#include "base/checked.h"
#include "dicom/tags.h"
#include "pixels/codecs/native.h"

namespace larmor::pixels {
namespace {

namespace tags = dicom::tags;

constexpr std::uint64_t kValueMax = 0xfffffffe;  // PS3.5 section 7.1.1

AttributeChange set_text(dicom::Tag tag, dicom::Vr vr, std::string value) {
    if (value.size() % 2 != 0) value.push_back(' ');
    return {tag, vr, false, std::move(value)};
}
AttributeChange set_number(dicom::Tag tag, std::uint16_t value) {
    return {tag,
            dicom::vr::US,
            false,
            {static_cast<char>(value & 0xff), static_cast<char>(value >> 8)}};
}

/// What changes besides Pixel Data itself, in ascending order of tags.
std::vector<AttributeChange> changes_of(const ImageDescription& image, const Frame& first) {
    std::vector<AttributeChange> changes;
    const auto term = term_of(first.photometric);
    if (first.photometric != image.photometric && !term.empty()) {
        changes.push_back(
            set_text(tags::PhotometricInterpretation, dicom::vr::CS, std::string(term)));
    }
    if (image.samples_per_pixel == 3 && image.is_planar) {
        changes.push_back(set_number(tags::PlanarConfiguration, 0));
    }
    // Decoded values sit in the low bits.
    if (!image.is_float() && image.high_bit + 1 != image.bits_stored) {
        changes.push_back(
            set_number(tags::HighBit, static_cast<std::uint16_t>(image.bits_stored - 1)));
    }
    if (image.extended_offsets) {
        changes.push_back({tags::ExtendedOffsetTable, dicom::vr::OV, true, {}});
    }
    if (image.extended_lengths) {
        changes.push_back({tags::ExtendedOffsetTableLengths, dicom::vr::OV, true, {}});
    }
    return changes;
}

Result<std::uint64_t> value_length(std::uint64_t frame_bits, std::uint32_t frames) {
    const auto bits = checked_multiply<std::uint64_t>(frame_bits, frames);
    if (!bits || *bits / 8 > kValueMax - 2) {
        return fail(ErrorCode::LimitExceeded,
                    "native Pixel Data of " + std::to_string(frames) + " frames of " +
                        std::to_string(frame_bits / 8) + " bytes exceeds 2^32 - 2 bytes");
    }
    const auto bytes = (*bits + 7) / 8;
    return bytes + bytes % 2;
}

}  // namespace

Result<NativePlan> plan_native(const ImageDescription& image,
                               const dicom::TransferSyntax& syntax, const Frame& first) {
    TRY_VOID(check_description(image));
    if (!image.pixel_data) {
        return fail(ErrorCode::InvalidInput, "the instance has no Pixel Data");
    }
    NativePlan plan;
    plan.type = first.type;
    plan.samples = first.samples;
    plan.photometric = image.photometric;
    if (!image.pixel_data->encapsulated) {
        const bool in_words = image.bits_allocated > 8 || image.pixel_data->vr == dicom::vr::OW;
        const bool swaps = syntax.encoding.order == dicom::ByteOrder::Big && in_words;
        plan.method = swaps ? NativePlan::Method::Swap : NativePlan::Method::Copy;
        plan.word_bytes = swaps ? std::max<std::uint32_t>(2, image.bits_allocated / 8) : 1;
        plan.vr = image.pixel_data->vr;
        plan.frame_bits = image.frame_bits();
        plan.value_length = image.pixel_data->count + image.pixel_data->count % 2;
        return plan;
    }
    plan.method = NativePlan::Method::Decode;
    // OB is for bytes only: PS3.5 section A.2.
    plan.vr = image.bits_allocated > 8 ? dicom::vr::OW : dicom::vr::OB;
    plan.frame_bits = static_cast<std::uint64_t>(image.rows) * image.columns *
                      image.samples_per_pixel * image.bits_allocated;
    if (first.photometric != Photometric::Unknown) plan.photometric = first.photometric;
    TRY(plan.value_length, value_length(plan.frame_bits, image.number_of_frames));
    plan.changes = changes_of(image, first);
    return plan;
}

void swap_words(Bytes stored, std::uint32_t word_bytes, ByteBuffer& out) {
    const auto start = out.size();
    out.insert(out.end(), stored.begin(), stored.end());
    if (word_bytes < 2) return;
    codecs::swap_words(stored.data(), stored.size() / word_bytes, word_bytes,
                       out.data() + start);
}

Result<void> NativeWriter::append(const Frame& frame, ByteBuffer& out) {
    const auto photometric =
        frame.photometric == Photometric::Unknown ? plan_.photometric : frame.photometric;
    if (frame.type != plan_.type || frame.samples != plan_.samples ||
        photometric != plan_.photometric) {
        return fail(ErrorCode::Unsupported,
                    "the frames of this instance decode to different kinds of samples");
    }
    if (plan_.frame_bits == frame.sample_count()) {  // 1 bit a sample
        for (const auto value : frame.values<std::uint8_t>()) {
            open_byte_ = static_cast<std::uint8_t>(open_byte_ | (value & 1) << open_bits_);
            if (++open_bits_ == 8) {
                out.push_back(static_cast<std::byte>(open_byte_));
                ++written_;
                open_bits_ = 0;
                open_byte_ = 0;
            }
        }
        return {};
    }
    const auto bytes = frame.pixels.bytes().first(frame.sample_count() * size_of(frame.type));
    if constexpr (std::endian::native == std::endian::little) {
        out.insert(out.end(), bytes.begin(), bytes.end());
    } else {
        swap_words(bytes, static_cast<std::uint32_t>(size_of(frame.type)), out);
    }
    written_ += bytes.size();
    return {};
}

void NativeWriter::finish(ByteBuffer& out) {
    if (open_bits_ != 0) {
        out.push_back(static_cast<std::byte>(open_byte_));
        ++written_;
        open_bits_ = 0;
    }
    if (written_ % 2 != 0) {
        out.push_back(std::byte{0});
        ++written_;
    }
}

}  // namespace larmor::pixels
