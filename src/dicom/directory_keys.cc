#include <algorithm>
#include <span>

#include "dicom/dictionary.h"
#include "dicom/directory.h"
#include "dicom/rewrite.h"
#include "dicom/tags.h"
#include "dicom/values.h"
#include "dicom/writer.h"

namespace larmor::dicom {
namespace {

struct TypeKeys {
    std::string_view type;
    std::span<const Tag> keys;
};

constexpr Tag kImage[] = {tags::InstanceNumber};
constexpr Tag kDose[] = {tags::InstanceNumber, tags::DoseSummationType};
constexpr Tag kStructureSet[] = {tags::InstanceNumber, tags::StructureSetLabel,
                                 tags::StructureSetDate, tags::StructureSetTime};
constexpr Tag kTreatment[] = {tags::InstanceNumber, tags::TreatmentDate, tags::TreatmentTime};
constexpr Tag kPlan[] = {tags::InstanceNumber, tags::RTPlanLabel, tags::RTPlanDate,
                         tags::RTPlanTime};
constexpr Tag kPresentation[] = {tags::ReferencedSeriesSequence,
                                 tags::InstanceNumber,
                                 tags::ContentLabel,
                                 tags::ContentDescription,
                                 tags::PresentationCreationDate,
                                 tags::PresentationCreationTime,
                                 tags::ContentCreatorName};
constexpr Tag kDated[] = {tags::ContentDate, tags::ContentTime, tags::InstanceNumber};
constexpr Tag kReport[] = {tags::ContentDate,    tags::ContentTime,
                           tags::InstanceNumber, tags::ConceptNameCodeSequence,
                           tags::CompletionFlag, tags::VerificationFlag};
constexpr Tag kKeyObject[] = {tags::ContentDate, tags::ContentTime, tags::InstanceNumber,
                              tags::ConceptNameCodeSequence};
constexpr Tag kSpectroscopy[] = {
    tags::ImageType,      tags::ContentDate,    tags::ContentTime,
    tags::InstanceNumber, tags::NumberOfFrames, tags::Rows,
    tags::Columns,        tags::DataPointRows,  tags::DataPointColumns};
constexpr Tag kDocument[] = {tags::ContentDate,    tags::ContentTime,
                             tags::InstanceNumber, tags::ConceptNameCodeSequence,
                             tags::DocumentTitle,  tags::MIMETypeOfEncapsulatedDocument};
constexpr Tag kLabelled[] = {tags::ContentDate,        tags::ContentTime,
                             tags::InstanceNumber,     tags::ContentLabel,
                             tags::ContentDescription, tags::ContentCreatorName};

/// Those that are not named have a date and a label. Source: PS3.3 tables F.5-4 to F.5-45.
constexpr TypeKeys kTypeKeys[] = {{"IMAGE", kImage},
                                  {"RT DOSE", kDose},
                                  {"RT STRUCTURE SET", kStructureSet},
                                  {"RT TREAT RECORD", kTreatment},
                                  {"RT PLAN", kPlan},
                                  {"PRESENTATION", kPresentation},
                                  {"WAVEFORM", kDated},
                                  {"SR DOCUMENT", kReport},
                                  {"KEY OBJECT DOC", kKeyObject},
                                  {"SPECTROSCOPY", kSpectroscopy},
                                  {"RAW DATA", kDated},
                                  {"ENCAP DOC", kDocument}};

}  // namespace

Result<ByteBuffer> directory_record_keys(const File& file, std::string_view type) {
    const auto* found = std::ranges::find(kTypeKeys, type, &TypeKeys::type);
    std::vector<Tag> wanted = {tags::SpecificCharacterSet};
    const std::span<const Tag> keys =
        found == std::end(kTypeKeys) ? std::span<const Tag>(kLabelled) : found->keys;
    wanted.insert(wanted.end(), keys.begin(), keys.end());
    TRY(const Attributes attributes,
        Attributes::read(file.data_set, file.encoding, wanted.back()));
    ByteBuffer out;
    for (const Tag tag : wanted) {
        const DataElement* element = attributes.find(tag);
        if (element != nullptr) {
            TRY_VOID(
                rewrite(file.data_set.subspan(element->offset, element->next - element->offset),
                        file.encoding, kExplicitLittle, Preserve::No, out));
            continue;
        }
        const auto entry = find_entry(tag);
        if (tag == tags::SpecificCharacterSet || !entry || entry->vr == vr::SQ) {
            continue;
        }
        append_header(tag, entry->vr, 0, 0, VrForm::Explicit, out);
    }
    return out;
}

}  // namespace larmor::dicom
