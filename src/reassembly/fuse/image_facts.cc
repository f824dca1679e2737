#include "reassembly/fuse/image_facts.h"

#include "base/checked.h"
#include "dicom/tags.h"
#include "dicom/values.h"

namespace larmor::reassembly::fuse {
namespace {

namespace tags = dicom::tags;
using pixels::Photometric;

constexpr std::int64_t kNumberMax = std::int64_t{1} << 31;

/// A number as it is used from here on: 0 for none and for what no image can have.
std::int64_t number(const dicom::Attributes& data_set, dicom::Tag tag, std::int64_t missing) {
    if (data_set.find(tag) == nullptr || data_set.find(tag)->value.empty()) return missing;
    const auto value = data_set.integer(tag).value_or(0);
    return value > 0 && value < kNumberMax ? value : 0;
}

}  // namespace

std::optional<std::uint64_t> ImageFacts::frame_bits() const {
    constexpr std::uint64_t kFrameBitsMax = std::uint64_t{1} << 40;
    if (!has_size() || samples > 4 || bits_allocated > 64) return std::nullopt;
    auto bits =
        static_cast<std::uint64_t>(samples) * static_cast<std::uint64_t>(bits_allocated);
    // Two of the three samples are shared by two pixels, or by four.
    if (photometric() == Photometric::YbrFull422 ||
        photometric() == Photometric::YbrPartial422) {
        bits = 2 * static_cast<std::uint64_t>(bits_allocated);
    }
    const auto pixels = static_cast<std::uint64_t>(rows) * static_cast<std::uint64_t>(columns);
    if (pixels > kFrameBitsMax / bits) return std::nullopt;
    return pixels * bits;
}

std::optional<std::uint64_t> ImageFacts::native_bytes() const {
    const auto bits = frame_bits();
    if (!bits) return std::nullopt;
    const auto all = checked_multiply(*bits, static_cast<std::uint64_t>(frames));
    if (!all) return std::nullopt;
    return *all / 8 + (*all % 8 != 0 ? 1 : 0);
}

Result<ImageFacts> image_facts(const MetadataHalf& half) {
    // What is asked for stands before it; behind it can be much.
    TRY(const auto data_set, dicom::Attributes::read(half.data_set, dicom::kExplicitLittle,
                                                     tags::TotalPixelMatrixRows));
    ImageFacts facts;
    facts.sop_class_uid = data_set.text(tags::SOPClassUID);
    facts.sop_instance_uid = data_set.text(tags::SOPInstanceUID);
    facts.study_instance_uid = data_set.text(tags::StudyInstanceUID);
    facts.series_instance_uid = data_set.text(tags::SeriesInstanceUID);
    facts.rows = number(data_set, tags::Rows, 0);
    facts.columns = number(data_set, tags::Columns, 0);
    facts.samples = number(data_set, tags::SamplesPerPixel, 1);
    facts.frames = number(data_set, tags::NumberOfFrames, 1);
    facts.bits_allocated = number(data_set, tags::BitsAllocated, 0);
    if (half.pixel_tag == tags::FloatPixelData) facts.bits_allocated = 32;
    if (half.pixel_tag == tags::DoubleFloatPixelData) facts.bits_allocated = 64;
    facts.is_planar = data_set.integer(tags::PlanarConfiguration) == 1;
    facts.is_tiled = data_set.find(tags::TotalPixelMatrixRows) != nullptr;
    facts.photometric_interpretation = data_set.text(tags::PhotometricInterpretation);
    return facts;
}

Result<void> check_photometric(const ImageFacts& facts) {
    std::int64_t samples = 3;
    switch (facts.photometric()) {
        case Photometric::Unknown:
            return {};
        case Photometric::Monochrome1:
        case Photometric::Monochrome2:
        case Photometric::PaletteColor:
            samples = 1;
            break;
        default:
            break;
    }
    if (facts.samples == samples) return {};
    return conflict("Photometric Interpretation " + facts.photometric_interpretation +
                    " with " + std::to_string(facts.samples) + " samples a pixel");
}

}  // namespace larmor::reassembly::fuse
