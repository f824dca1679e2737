// The one pass over a data set that makes an ImageDescription.
#include <cmath>
#include <string>
#include <utility>

#include "dicom/reader.h"
#include "dicom/tags.h"
#include "dicom/values.h"
#include "pixels/image_parts.h"

namespace larmor::pixels {
namespace {

using dicom::Reader;
using dicom::Token;
using dicom::TokenKind;
namespace tags = dicom::tags;

class DescriptionReader {
public:
    DescriptionReader(const dicom::File& file, const PixelLimits& limits)
        : limits_(limits),
          order_(file.encoding.order),
          size_(file.data_set.size()),
          reader_(file.data_set, file.encoding) {
        image_.big_endian = order_ == dicom::ByteOrder::Big;
    }

    Result<std::optional<ImageDescription>> read() {
        while (!image_.pixel_data) {
            TRY(const auto token, reader_.next());
            if (token.kind == TokenKind::End) break;
            switch (token.kind) {
                case TokenKind::Element:
                    TRY_VOID(element(token));
                    break;
                case TokenKind::SequenceStart:
                    TRY_VOID(sequence(token));
                    break;
                case TokenKind::FragmentsStart:
                    TRY_VOID(fragments(token));
                    break;
                default:
                    break;
            }
        }
        if (!parts_.has_rows && !parts_.has_columns && !image_.pixel_data) return std::nullopt;
        TRY_VOID(complete_image(parts_, limits_));
        TRY_VOID(check_description(image_, limits_));
        return std::move(parts_.image);
    }

private:
    std::optional<std::int64_t> integer(const Token& token, std::size_t index = 0) const {
        return dicom::integer(token.value, token.vr, order_, index);
    }
    std::uint16_t word(const Token& token, std::size_t index) const {
        const auto* at = token.value.data() + 2 * index;
        return order_ == dicom::ByteOrder::Big ? load_big<std::uint16_t>(at)
                                               : load_little<std::uint16_t>(at);
    }
    /// The unsigned 16-bit values of the Image Pixel module, whatever the VR says.
    Result<std::uint16_t> unsigned_word(const Token& token) const {
        if (token.value.size() < 2) {
            return invalid_at(token.offset,
                              dicom::to_string(token.tag) + " has less than two bytes");
        }
        return word(token, 0);
    }
    std::string_view text(const Token& token) const {
        return dicom::trimmed(token.value, token.vr);
    }

    Result<void> element(const Token& token) {
        const auto tag = token.tag;
        if (tag.group == 0x7fe0) return pixel_group(token);
        if (tag == tags::TotalPixelMatrixRows) parts_.matrix_rows = integer(token).value_or(0);
        if (tag == tags::TotalPixelMatrixColumns)
            parts_.matrix_columns = integer(token).value_or(0);
        if (tag.group != 0x0028) return {};
        if (tag == tags::Rows) {
            parts_.has_rows = true;
            TRY(image_.rows, unsigned_word(token));
        } else if (tag == tags::Columns) {
            parts_.has_columns = true;
            TRY(image_.columns, unsigned_word(token));
        } else if (tag == tags::SamplesPerPixel) {
            TRY(image_.samples_per_pixel, unsigned_word(token));
        } else if (tag == tags::BitsAllocated) {
            TRY(image_.bits_allocated, unsigned_word(token));
        } else if (tag == tags::BitsStored) {
            TRY(image_.bits_stored, unsigned_word(token));
        } else if (tag == tags::HighBit) {
            TRY(parts_.high_bit, unsigned_word(token));
        } else if (tag == tags::PixelRepresentation) {
            TRY(const auto representation, unsigned_word(token));
            image_.is_signed = representation == 1;
        } else if (tag == tags::PlanarConfiguration && token.value.size() >= 2) {
            image_.is_planar = word(token, 0) == 1;
        } else if (tag == tags::PhotometricInterpretation) {
            image_.photometric = photometric_of(text(token));
        } else if (tag == tags::NumberOfFrames) {
            return number_of_frames(token);
        } else if (tag == tags::PixelPaddingValue) {
            parts_.padding_value = padding(token);
        } else if (tag == tags::PixelPaddingRangeLimit) {
            parts_.padding_limit = padding(token);
        } else if (tag == tags::FloatPixelPaddingValue ||
                   tag == tags::DoubleFloatPixelPaddingValue) {
            parts_.padding_value = dicom::decimal(token.value, token.vr, order_);
        } else if (tag == tags::FloatPixelPaddingRangeLimit ||
                   tag == tags::DoubleFloatPixelPaddingRangeLimit) {
            parts_.padding_limit = dicom::decimal(token.value, token.vr, order_);
        } else if (tag.element >= 0x1101 && tag.element <= 0x1223) {
            palette_element(token);
        } else {
            transform_element(token, image_.transforms[0]);
        }
        return {};
    }

    Result<void> number_of_frames(const Token& token) {
        const auto frames = integer(token);
        if (!frames) return {};  // empty: one frame
        if (*frames < 0 || *frames > std::numeric_limits<std::int32_t>::max()) {
            return invalid_at(token.offset, "Number of Frames out of range");
        }
        // 0 is written for "not multi-frame".
        image_.number_of_frames =
            static_cast<std::uint32_t>(std::max<std::int64_t>(1, *frames));
        return {};
    }

    /// US or SS by Pixel Representation, which comes before it in the data set.
    std::optional<double> padding(const Token& token) const {
        if (token.value.size() < 2) return std::nullopt;
        const auto value = word(token, 0);
        if (image_.is_signed) return static_cast<std::int16_t>(value);
        return value;
    }

    Result<void> pixel_group(const Token& token) {
        if (token.tag == tags::ExtendedOffsetTable) {
            image_.extended_offsets = ByteRange{token.value_offset, token.value.size()};
        } else if (token.tag == tags::ExtendedOffsetTableLengths) {
            image_.extended_lengths = ByteRange{token.value_offset, token.value.size()};
        } else if (token.tag == tags::PixelData || token.tag == tags::FloatPixelData ||
                   token.tag == tags::DoubleFloatPixelData) {
            image_.pixel_data =
                PixelDataElement{token.tag,    token.vr,           false,
                                 token.offset, token.value_offset, token.value.size()};
        }
        return {};
    }

    Result<void> fragments(const Token& token) {
        if (token.tag != tags::PixelData) return reader_.skip();
        image_.pixel_data =
            PixelDataElement{token.tag,    token.vr,           true,
                             token.offset, token.value_offset, size_ - token.value_offset};
        return {};
    }

    /// What a data set and the items of functional groups have in common.
    void transform_element(const Token& token, ValueTransform& transform) {
        const auto tag = token.tag;
        if (tag == tags::RescaleIntercept) {
            transform.intercept = dicom::decimal(token.value, token.vr, order_).value_or(0);
        } else if (tag == tags::RescaleSlope) {
            transform.slope = dicom::decimal(token.value, token.vr, order_).value_or(1);
            // A slope of 0 would make every value the same: left unset by its writer.
            if (transform.slope == 0) transform.slope = 1;
        } else if (tag == tags::WindowCenter) {
            windows_.centers = numbers(token);
            set_windows(transform);
        } else if (tag == tags::WindowWidth) {
            windows_.widths = numbers(token);
            set_windows(transform);
        } else if (tag == tags::VOILUTFunction) {
            const auto term = text(token);
            transform.voi_function = term == "SIGMOID"        ? VoiFunction::Sigmoid
                                     : term == "LINEAR_EXACT" ? VoiFunction::LinearExact
                                                              : VoiFunction::Linear;
        }
    }
    std::vector<double> numbers(const Token& token) const {
        std::vector<double> values;
        const auto count = std::min<std::size_t>(dicom::value_count(token.value, token.vr),
                                                 limits_.windows_max);
        for (std::size_t i = 0; i < count; ++i) {
            const auto value = dicom::decimal(token.value, token.vr, order_, i);
            if (!value) break;
            values.push_back(*value);
        }
        return values;
    }
    /// Center comes before Width in every data set, so the second call is complete.
    void set_windows(ValueTransform& transform) const {
        transform.windows.clear();
        const auto count = std::min(windows_.centers.size(), windows_.widths.size());
        for (std::size_t i = 0; i < count; ++i) {
            transform.windows.push_back({windows_.centers[i], windows_.widths[i]});
        }
    }

    Result<void> sequence(const Token& token) {
        if (token.tag == tags::ModalityLUTSequence) {
            return tables(image_.transforms[0], &DescriptionReader::set_modality_lut);
        }
        if (token.tag == tags::VOILUTSequence) {
            return tables(image_.transforms[0], &DescriptionReader::add_voi_lut);
        }
        if (token.tag == tags::SharedFunctionalGroupsSequence) {
            return for_each_item([this](std::size_t index) -> Result<void> {
                if (index != 0) return reader_.skip();
                return functional_groups(image_.transforms[0]);
            });
        }
        if (token.tag == tags::PerFrameFunctionalGroupsSequence) {
            return for_each_item([this](std::size_t index) { return frame_item(index); });
        }
        return reader_.skip();
    }

    /// Calls `item(index)` behind every ItemStart; it must read up to and with the ItemEnd.
    template <typename Item>
    Result<void> for_each_item(Item item) {
        for (std::size_t index = 0;; ++index) {
            TRY(const auto token, reader_.next());
            if (token.kind == TokenKind::SequenceEnd) return {};
            if (token.kind != TokenKind::ItemStart) {
                return invalid_at(token.offset, "an item was expected");
            }
            TRY_VOID(item(index));
        }
    }
    /// Calls `element(token)` for the elements of an open item and `nested(token)` for its
    /// sequences, which must read up to and with their end.
    template <typename Element, typename Nested>
    Result<void> read_item(Element element, Nested nested) {
        for (;;) {
            TRY(const auto token, reader_.next());
            switch (token.kind) {
                case TokenKind::ItemEnd:
                    return {};
                case TokenKind::Element:
                    element(token);
                    break;
                case TokenKind::SequenceStart:
                    TRY_VOID(nested(token));
                    break;
                case TokenKind::FragmentsStart:
                    TRY_VOID(reader_.skip());
                    break;
                default:
                    return invalid_at(token.offset, "an item ends too early");
            }
        }
    }

    using SetTable = void (DescriptionReader::*)(ValueTransform&, LookupTable);
    Result<void> tables(ValueTransform& transform, SetTable set) {
        return for_each_item([&](std::size_t) -> Result<void> {
            TableParts parts;
            TRY_VOID(read_item(
                [&](const Token& token) {
                    if (token.tag == tags::LUTDescriptor) {
                        parts.descriptor = descriptor(token, token.vr == dicom::vr::SS);
                    } else if (token.tag == tags::LUTData) {
                        parts.data = token.value;
                    }
                },
                [this](const Token&) { return reader_.skip(); }));
            if (!parts.descriptor || !parts_.take_table(*parts.descriptor, limits_)) return {};
            // A table that is broken is left out: the image can be shown without it.
            auto table = read_lookup_table(*parts.descriptor, parts.data, image_.big_endian);
            if (table) (this->*set)(transform, std::move(*table));
            return {};
        });
    }
    void set_modality_lut(ValueTransform& transform, LookupTable table) {
        if (transform.modality_lut.empty()) transform.modality_lut = std::move(table);
    }
    void add_voi_lut(ValueTransform& transform, LookupTable table) {
        transform.voi_luts.push_back(std::move(table));
    }

    /// Entries (0 is 65,536), first mapped value, bits.
    std::optional<LutDescriptor> descriptor(const Token& token, bool is_signed) const {
        if (token.value.size() < 6) return std::nullopt;
        LutDescriptor descriptor;
        descriptor.entries = word(token, 0) == 0 ? 65536 : word(token, 0);
        const auto first = word(token, 1);
        descriptor.first_mapped = is_signed ? static_cast<std::int16_t>(first) : first;
        descriptor.bits = word(token, 2);
        return descriptor;
    }

    void palette_element(const Token& token) {
        const auto element = token.tag.element;
        if (element >= 0x1101 && element <= 0x1103) {
            parts_.palette[element - 0x1101U].descriptor = descriptor(token, image_.is_signed);
        } else if (element >= 0x1201 && element <= 0x1203) {
            parts_.palette[element - 0x1201U].data = token.value;
        } else if (element >= 0x1221 && element <= 0x1223) {
            parts_.palette[element - 0x1221U].segmented = token.value;
        }
    }

    Result<void> functional_groups(ValueTransform& transform) {
        return read_item(
            [](const Token&) {},
            [&](const Token& token) -> Result<void> {
                if (token.tag != tags::PixelValueTransformationSequence &&
                    token.tag != tags::FrameVOILUTSequence) {
                    return reader_.skip();
                }
                windows_ = {};
                return for_each_item([&](std::size_t) {
                    return read_item(
                        [&](const Token& inner) { transform_element(inner, transform); },
                        [this](const Token&) { return reader_.skip(); });
                });
            });
    }

    /// Frames that differ from the shared transform get their own; equal neighbours share it,
    /// so that thousands of frames cost four bytes each.
    Result<void> frame_item(std::size_t index) {
        if (index >= image_.number_of_frames) return reader_.skip();
        ValueTransform transform = image_.transforms[0];
        TRY_VOID(functional_groups(transform));
        auto& used = image_.transform_of_frame;
        std::uint32_t chosen = 0;
        if (transform != image_.transforms[0]) {
            if (image_.transforms.size() == 1 || transform != image_.transforms.back()) {
                image_.transforms.push_back(std::move(transform));
            }
            chosen = static_cast<std::uint32_t>(image_.transforms.size() - 1);
        }
        if (chosen == 0 && used.empty()) return {};
        used.resize(index, 0);
        used.push_back(chosen);
        return {};
    }

    struct Windows {
        std::vector<double> centers;
        std::vector<double> widths;
    };

    const PixelLimits& limits_;
    dicom::ByteOrder order_;
    std::uint64_t size_ = 0;
    Reader reader_;
    ImageParts parts_;
    ImageDescription& image_ = parts_.image;
    Windows windows_;
};

}  // namespace

Result<std::optional<ImageDescription>> describe_image(const dicom::File& file,
                                                       const PixelLimits& limits) {
    return DescriptionReader(file, limits).read();
}

}  // namespace larmor::pixels
