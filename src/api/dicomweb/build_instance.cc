#include "api/dicomweb/build_instance.h"

#include <algorithm>
#include <array>
#include <map>

#include "api/dicomweb/explicit_file.h"
#include "api/dicomweb/pixel_parts.h"
#include "dicom/json_read.h"
#include "dicom/reader.h"
#include "dicom/rewrite.h"
#include "dicom/tags.h"
#include "dicom/values.h"
#include "dicom/writer.h"

namespace larmor::api {
namespace {

namespace tags = dicom::tags;
namespace vr = dicom::vr;
using dicom::Tag;
using dicom::Vr;

/// Smaller values are copied: a piece of its own costs more.
constexpr std::size_t kInlineMaxBytes = 64 * 1024;

/// Pieces of one file; small ones are put together.
class Pieces {
public:
    void add(Bytes bytes) { made_.insert(made_.end(), bytes.begin(), bytes.end()); }
    ByteBuffer& made() { return made_; }
    void add_view(Bytes bytes) {
        flush();
        built_.pieces.emplace_back(bytes);
        built_.size_bytes += bytes.size();
    }
    BuiltInstance take() {
        flush();
        return std::move(built_);
    }

private:
    void flush() {
        if (made_.empty()) return;
        built_.size_bytes += made_.size();
        built_.pieces.emplace_back(std::exchange(made_, {}));
    }
    BuiltInstance built_;
    ByteBuffer made_;
};

class Builder {
public:
    explicit Builder(BulkParts& parts) : parts_(parts) {}

    Result<BuiltInstance> build(std::string_view json) {
        dicom::JsonReadOptions options;
        options.bulk_data = [this](const dicom::BulkDataReference& reference) {
            return resolve(reference);
        };
        TRY(ByteBuffer data_set, dicom::read_json(json, options));
        if (pixels_) {
            TRY(const auto given, dicom::Attributes::read(data_set, dicom::kExplicitLittle));
            TRY_VOID(pixels_->check(given));
            if (const auto missing = pixels_->missing(given); !missing.empty()) {
                TRY(data_set, apply_changes(data_set, missing));
            }
        }
        TRY(const auto attributes, dicom::Attributes::read(data_set, dicom::kExplicitLittle));
        dicom::write_file_meta(
            {.media_storage_sop_class_uid = attributes.text(tags::SOPClassUID),
             .media_storage_sop_instance_uid = attributes.text(tags::SOPInstanceUID),
             .transfer_syntax_uid =
                 pixels_ ? pixels_->transfer_syntax() : std::string(dicom::kExplicitLittleUid),
             .source_application_entity_title = {}},
            pieces_.made());
        for (const auto& element : attributes.elements()) {
            TRY_VOID(put(data_set, element));
        }
        return pieces_.take();
    }

private:
    tl::unexpected<Error> invalid(const dicom::BulkDataReference& reference, std::string what) {
        return fail(
            ErrorCode::InvalidInput,
            "the bulk data of " + dicom::to_string(reference.tag) + ' ' + std::move(what));
    }

    Result<dicom::BulkData> resolve(const dicom::BulkDataReference& reference) {
        const auto found = parts_.find(reference.uri);
        if (found.empty()) {
            return invalid(reference, "is in no part: no Content-Location is its BulkDataURI");
        }
        // Else a small request could make any number of large instances.
        if (std::ranges::any_of(found, &BulkParts::Part::used)) {
            return invalid(reference, "is that of another value too: a part belongs to one");
        }
        for (BulkParts::Part* part : found) part->used = true;
        if (reference.depth == 0 && reference.tag == tags::PixelData) {
            TRY(pixels_, PixelParts::read(parts_, found));
            return dicom::BulkData{};
        }
        if (found.size() > 1) {
            return invalid(reference, "is in " + std::to_string(found.size()) +
                                          " parts of one Content-Location");
        }
        const Bytes bytes = parts_.bytes_of(*found.front());
        if (bytes.size() % dicom::unit_size(reference.vr) != 0 &&
            has_wide_units(reference.vr)) {
            return invalid(reference, "has " + std::to_string(bytes.size()) +
                                          " bytes, no whole number of values");
        }
        const bool apart = reference.depth == 0 && bytes.size() > kInlineMaxBytes &&
                           dicom::has_long_length(reference.vr);
        if (apart) {
            if (bytes.size() > kValueMaxBytes) {
                return invalid(reference, "is over 4 GiB: no value can be");
            }
            views_[reference.tag] = bytes;
            return dicom::BulkData{};
        }
        if (bytes.size() > kNestedMaxBytes - copied_bytes_) {
            return fail(ErrorCode::LimitExceeded, "bulk data in sequences may have " +
                                                      std::to_string(kNestedMaxBytes) +
                                                      " bytes in all");
        }
        copied_bytes_ += bytes.size();
        return dicom::BulkData{.value = ByteBuffer(bytes.begin(), bytes.end()),
                               .encapsulated = false};
    }

    /// OW may hold pixels of 8 bits, so that an odd length only wants padding.
    static bool has_wide_units(Vr vr) {
        return vr == vr::OF || vr == vr::OD || vr == vr::OL || vr == vr::OV;
    }

    Result<void> put(const ByteBuffer& data_set, const dicom::DataElement& element) {
        if (pixels_ && element.tag == tags::PixelData) {
            put_pixels(element.vr);
            return {};
        }
        // Of another encapsulation: ours is written with the Pixel Data.
        if (pixels_ && (element.tag == tags::ExtendedOffsetTable ||
                        element.tag == tags::ExtendedOffsetTableLengths)) {
            return {};
        }
        const auto view = views_.find(element.tag);
        if (view == views_.end()) {
            pieces_.add(Bytes(data_set).subspan(element.offset, element.next - element.offset));
            return {};
        }
        put_value(element.tag, element.vr, view->second);
        return {};
    }

    void put_value(Tag tag, Vr vr, Bytes value) {
        const auto padding = value.size() % 2;
        dicom::append_header(tag, vr, static_cast<std::uint32_t>(value.size() + padding), 0,
                             dicom::VrForm::Explicit, pieces_.made());
        pieces_.add_view(value);
        if (padding != 0) pieces_.made().push_back(dicom::padding_of(vr));
    }

    void put_pixels(Vr vr) {
        if (!pixels_->is_encapsulated()) {
            put_value(tags::PixelData, vr, pixels_->fragments().front());
            return;
        }
        dicom::Writer writer(dicom::kExplicitLittle);
        dicom::start_pixel_data(pixels_->offset_tables(), writer);
        for (const Bytes fragment : pixels_->fragments()) {
            writer.fragment_header(
                static_cast<std::uint32_t>(fragment.size() + fragment.size() % 2));
            pieces_.add(writer.take());
            pieces_.add_view(fragment);
            if (fragment.size() % 2 != 0) pieces_.made().push_back(std::byte{0});
        }
        writer.end_fragments();
        pieces_.add(writer.take());
    }

    static constexpr std::uint64_t kValueMaxBytes = 0xfffffffd;

    BulkParts& parts_;
    Pieces pieces_;
    std::optional<PixelParts> pixels_;
    std::map<Tag, Bytes> views_;  ///< values of the top level that are not copied
    std::uint64_t copied_bytes_ = 0;
};

}  // namespace

Result<BuiltInstance> build_instance(std::string_view json, BulkParts& parts) {
    return Builder(parts).build(json);
}

}  // namespace larmor::api
