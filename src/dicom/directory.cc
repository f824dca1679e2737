#include "dicom/directory.h"

#include <algorithm>

#include "dicom/byte_order.h"
#include "dicom/rewrite.h"
#include "dicom/tags.h"
#include "dicom/transfer_syntax.h"
#include "dicom/writer.h"

namespace larmor::dicom {
namespace {

constexpr std::string_view kMediaStorageDirectory = "1.2.840.10008.1.3.10";
constexpr std::uint64_t kRecordInUse = 0xffff;
constexpr std::size_t kOffsetsMax = 0xfffffffe;
// Where the offsets stand behind the header of a record's item.
constexpr std::size_t kNextAt = 8 + 8;
constexpr std::size_t kLowerAt = 8 + 12 + 10 + 8;

struct RecordType {
    std::string_view sop_class_uid;  ///< one that ends in a dot stands for all that begin so
    std::string_view type;
};
/// Source: PS3.3 table F.4-1 with the SOP classes of PS3.4 table B.5-1.
constexpr RecordType kRecordTypes[] = {
    {"1.2.840.10008.5.1.4.1.1.481.1", "IMAGE"},
    {"1.2.840.10008.5.1.4.1.1.481.2", "RT DOSE"},
    {"1.2.840.10008.5.1.4.1.1.481.3", "RT STRUCTURE SET"},
    {"1.2.840.10008.5.1.4.1.1.481.4", "RT TREAT RECORD"},
    {"1.2.840.10008.5.1.4.1.1.481.5", "RT PLAN"},
    {"1.2.840.10008.5.1.4.1.1.481.6", "RT TREAT RECORD"},
    {"1.2.840.10008.5.1.4.1.1.481.7", "RT TREAT RECORD"},
    {"1.2.840.10008.5.1.4.1.1.481.8", "RT PLAN"},
    {"1.2.840.10008.5.1.4.1.1.481.9", "RT TREAT RECORD"},
    {"1.2.840.10008.5.1.4.1.1.481.23", "IMAGE"},
    {"1.2.840.10008.5.1.4.1.1.481.24", "IMAGE"},
    {"1.2.840.10008.5.1.4.1.1.481.", "RADIOTHERAPY"},
    {"1.2.840.10008.5.1.4.1.1.11.", "PRESENTATION"},
    {"1.2.840.10008.5.1.4.1.1.9.", "WAVEFORM"},
    {"1.2.840.10008.5.1.4.1.1.88.59", "KEY OBJECT DOC"},
    {"1.2.840.10008.5.1.4.1.1.88.", "SR DOCUMENT"},
    {"1.2.840.10008.5.1.4.1.1.4.2", "SPECTROSCOPY"},
    {"1.2.840.10008.5.1.4.1.1.66", "RAW DATA"},
    {"1.2.840.10008.5.1.4.1.1.66.1", "REGISTRATION"},
    {"1.2.840.10008.5.1.4.1.1.66.2", "FIDUCIAL"},
    {"1.2.840.10008.5.1.4.1.1.66.3", "REGISTRATION"},
    {"1.2.840.10008.5.1.4.1.1.66.5", "SURFACE"},
    {"1.2.840.10008.5.1.4.1.1.66.6", "TRACT"},
    {"1.2.840.10008.5.1.4.1.1.67", "VALUE MAP"},
    {"1.2.840.10008.5.1.4.1.1.68.1", "SURFACE SCAN"},
    {"1.2.840.10008.5.1.4.1.1.68.2", "SURFACE SCAN"},
    {"1.2.840.10008.5.1.4.1.1.77.1.5.3", "STEREOMETRIC"},
    {"1.2.840.10008.5.1.4.1.1.78.", "MEASUREMENT"},
    {"1.2.840.10008.5.1.4.1.1.79.1", "MEASUREMENT"},
    {"1.2.840.10008.5.1.4.1.1.90.1", "ASSESSMENT"},
    {"1.2.840.10008.5.1.4.1.1.91.1", "ANNOTATION"},
    {"1.2.840.10008.5.1.4.1.1.104.", "ENCAP DOC"},
};

std::size_t size_of_text(std::string_view text) {
    return text.empty() ? 0 : 8 + text.size() + text.size() % 2;
}

}  // namespace

std::string_view directory_record_type(std::string_view sop_class_uid) {
    const auto found = std::ranges::find_if(kRecordTypes, [&](const RecordType& row) {
        return row.sop_class_uid.ends_with('.') ? sop_class_uid.starts_with(row.sop_class_uid)
                                                : sop_class_uid == row.sop_class_uid;
    });
    return found == std::end(kRecordTypes) ? std::string_view("IMAGE") : found->type;
}

DirectoryWriter::DirectoryWriter(std::string_view sop_instance_uid) {
    write_file_meta({.media_storage_sop_class_uid = std::string(kMediaStorageDirectory),
                     .media_storage_sop_instance_uid = std::string(sop_instance_uid),
                     .transfer_syntax_uid = std::string(kExplicitLittleUid),
                     .source_application_entity_title = {}},
                    file_);
    Writer writer(kExplicitLittle, std::move(file_));
    writer.text(tags::FileSetID, vr::CS, "");
    writer.number(tags::OffsetOfTheFirstDirectoryRecordOfTheRootDirectoryEntity, vr::UL, 0);
    root_first_at_ = writer.buffer().size() - 4;
    writer.number(tags::OffsetOfTheLastDirectoryRecordOfTheRootDirectoryEntity, vr::UL, 0);
    root_last_at_ = writer.buffer().size() - 4;
    writer.number(tags::FileSetConsistencyFlag, vr::US, 0);
    file_ = writer.take();
    sequence_at_ = file_.size();
    append_header(tags::DirectoryRecordSequence, vr::SQ, 0, 0, VrForm::Explicit, file_);
}

void DirectoryWriter::patch(std::size_t at, std::size_t value) {
    store_little(&file_[at], static_cast<std::uint32_t>(value));
}

Result<void> DirectoryWriter::add(unsigned depth, const DirectoryRecord& record) {
    LARMOR_CHECK(depth <= path_.size());
    const std::size_t offset = file_.size();
    const std::size_t bytes =
        kLowerAt + 4 + size_of_text(record.type) + size_of_text(record.referenced_file_id) +
        size_of_text(record.sop_class_uid) + size_of_text(record.sop_instance_uid) +
        size_of_text(record.transfer_syntax_uid) + record.keys.size();
    if (bytes > kOffsetsMax - offset) {
        return fail(ErrorCode::LimitExceeded, "a DICOMDIR can't be larger than 4 GiB");
    }
    if (depth < path_.size()) {
        patch(path_[depth] + kNextAt, offset);
    } else if (depth > 0) {
        patch(path_[depth - 1] + kLowerAt, offset);
    } else {
        patch(root_first_at_, offset);
    }
    if (depth == 0) patch(root_last_at_, offset);
    path_.resize(depth);
    path_.push_back(offset);

    // The item's header by hand: a writer of items would want the sequence to be open.
    append_header({0xfffe, 0xe000}, vr::UN, static_cast<std::uint32_t>(bytes - 8), 0,
                  VrForm::Implicit, file_);
    Writer writer(kExplicitLittle, std::move(file_));
    writer.number(tags::OffsetOfTheNextDirectoryRecord, vr::UL, 0);
    writer.number(tags::RecordInUseFlag, vr::US, kRecordInUse);
    writer.number(tags::OffsetOfReferencedLowerLevelDirectoryEntity, vr::UL, 0);
    writer.text(tags::DirectoryRecordType, vr::CS, record.type);
    const auto named = [&](Tag tag, Vr vr, std::string_view value) {
        if (!value.empty()) writer.text(tag, vr, value);
    };
    named(tags::ReferencedFileID, vr::CS, record.referenced_file_id);
    named(tags::ReferencedSOPClassUIDInFile, vr::UI, record.sop_class_uid);
    named(tags::ReferencedSOPInstanceUIDInFile, vr::UI, record.sop_instance_uid);
    named(tags::ReferencedTransferSyntaxUIDInFile, vr::UI, record.transfer_syntax_uid);
    file_ = writer.take();
    file_.insert(file_.end(), record.keys.begin(), record.keys.end());
    LARMOR_CHECK(file_.size() == offset + bytes);
    return {};
}

ByteBuffer DirectoryWriter::finish() {
    constexpr std::size_t kSequenceHeaderBytes = 12;
    patch(sequence_at_ + 8, file_.size() - sequence_at_ - kSequenceHeaderBytes);
    return std::move(file_);
}

}  // namespace larmor::dicom
