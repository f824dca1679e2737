#include "dimse/commitment.h"

#include <algorithm>

#include "base/ids.h"
#include "dicom/tags.h"
#include "dicom/values.h"
#include "dicom/writer.h"
#include "dimse/status.h"

namespace larmor::dimse {
namespace {

namespace tags = dicom::tags;

/// Looked up in one snapshot.
constexpr std::size_t kPage = 500;
constexpr std::uint16_t kClassInstanceConflict = 0x0119;

void put_reference(dicom::Writer& writer, const ReferencedInstance& instance) {
    writer.text(tags::ReferencedSOPClassUID, dicom::vr::UI, instance.sop_class_uid);
    writer.text(tags::ReferencedSOPInstanceUID, dicom::vr::UI, instance.sop_instance_uid);
}

}  // namespace

Result<CommitmentRequest> parse_commitment(Bytes data_set, dicom::Encoding encoding) {
    TRY(const auto attributes, dicom::Attributes::read(data_set, encoding));
    CommitmentRequest request;
    request.transaction_uid = attributes.text(tags::TransactionUID);
    if (!is_uid_key_part(request.transaction_uid)) {
        return fail(ErrorCode::InvalidInput, "Transaction UID is no UID");
    }
    TRY(const auto items, attributes.items(tags::ReferencedSOPSequence));
    for (const auto& item : items) {
        ReferencedInstance instance{item.text(tags::ReferencedSOPClassUID),
                                    item.text(tags::ReferencedSOPInstanceUID)};
        if (!is_uid_key_part(instance.sop_class_uid) ||
            !is_uid_key_part(instance.sop_instance_uid)) {
            return fail(ErrorCode::InvalidInput, "a reference without UIDs");
        }
        request.instances.push_back(std::move(instance));
    }
    return request;
}

Result<CommitmentResult> look_up_commitment(const Services& services,
                                            const CommitmentRequest& request) {
    CommitmentResult result;
    const auto look_up = [&](db::Snapshot& snapshot,
                             const ReferencedInstance& wanted) -> Result<void> {
        TRY(const auto found,
            services.catalog.find_by_sop_instance_uid(snapshot, wanted.sop_instance_uid));
        const bool has_class = std::any_of(found.begin(), found.end(), [&](const auto& one) {
            return one.attributes.sop_class_uid == wanted.sop_class_uid;
        });
        if (has_class) {
            result.committed.push_back(wanted);
        } else {
            result.failed.push_back({wanted, found.empty() ? status::kNoSuchObjectInstance
                                                           : kClassInstanceConflict});
        }
        return {};
    };
    for (std::size_t at = 0; at < request.instances.size();) {
        TRY_VOID(services.database.read([&](db::Snapshot& snapshot) -> Result<void> {
            const std::size_t end = std::min(at + kPage, request.instances.size());
            for (; at < end; ++at) TRY_VOID(look_up(snapshot, request.instances[at]));
            return {};
        }));
    }
    return result;
}

ByteBuffer encode_commitment(const CommitmentRequest& request, const CommitmentResult& result,
                             const std::string& ae_title, dicom::Encoding encoding) {
    dicom::Writer writer(encoding);
    writer.text(tags::RetrieveAETitle, dicom::vr::AE, ae_title);
    writer.text(tags::TransactionUID, dicom::vr::UI, request.transaction_uid);
    if (!result.failed.empty()) {
        writer.start_sequence(tags::FailedSOPSequence);
        for (const auto& failed : result.failed) {
            writer.start_item();
            put_reference(writer, failed.instance);
            writer.number(tags::FailureReason, dicom::vr::US, failed.reason);
            writer.end_item();
        }
        writer.end_sequence();
    }
    if (!result.committed.empty()) {
        writer.start_sequence(tags::ReferencedSOPSequence);
        for (const auto& instance : result.committed) {
            writer.start_item();
            put_reference(writer, instance);
            writer.end_item();
        }
        writer.end_sequence();
    }
    return writer.take();
}

}  // namespace larmor::dimse
