#include "ingest/scan.h"

#include "base/ids.h"
#include "catalog/read_record.h"
#include "dicom/tags.h"
#include "dicom/values.h"

namespace larmor::ingest {
namespace {

namespace tags = dicom::tags;

constexpr std::string_view kMediaStorageDirectory = "1.2.840.10008.1.3.10";

Result<void> walk(const dicom::File& file) {
    dicom::Reader reader(file.data_set, file.encoding);
    for (;;) {
        TRY(const dicom::Token token, reader.next());
        if (token.kind == dicom::TokenKind::End) return {};
    }
}

Result<void> require_uid(std::string_view keyword, const std::string& uid) {
    if (uid.empty()) return fail(ErrorCode::InvalidInput, std::string(keyword) + " is missing");
    if (!is_uid_key_part(uid)) {
        return fail(ErrorCode::InvalidInput,
                    std::string(keyword) + " is no UID (1 to 64 digits and dots)");
    }
    return {};
}

bool is_directory(const dicom::File& file) {
    const auto element =
        dicom::find(file.meta, dicom::kExplicitLittle, tags::MediaStorageSOPClassUID);
    return element && element->has_value() &&
           dicom::trimmed((*element)->value, (*element)->vr) == kMediaStorageDirectory;
}

}  // namespace

Result<void> scan(const dicom::File& file, catalog::InstanceRecord& record) {
    if (is_directory(file)) {
        return fail(ErrorCode::Unsupported,
                    "a DICOMDIR is no instance: import the files that it names");
    }
    TRY(const dicom::Attributes attributes,
        dicom::Attributes::read(file.data_set, file.encoding, tags::RequestAttributesSequence));
    TRY_VOID(catalog::read_record(attributes, record));
    record.file.transfer_syntax_uid = file.transfer_syntax_uid;
    TRY_VOID(require_uid("SOPClassUID", record.instance.sop_class_uid));
    TRY_VOID(require_uid("SOPInstanceUID", record.instance.sop_instance_uid));
    TRY_VOID(require_uid("StudyInstanceUID", record.study.study_instance_uid));
    TRY_VOID(require_uid("SeriesInstanceUID", record.series.series_instance_uid));
    return walk(file);
}

}  // namespace larmor::ingest
