#include "dicom/transfer_syntax.h"
#include "dimse/commitment.h"
#include "dimse/status.h"

namespace larmor::dimse {
namespace {

/// Event Type ID: PS3.4 table J.3.3-1.
constexpr std::uint16_t kAllCommitted = 1;
constexpr std::uint16_t kSomeFailed = 2;
/// The well-known instance: PS3.4 section J.3.5.
constexpr std::string_view kPushModelInstance = "1.2.840.10008.1.20.1.1";

}  // namespace

Command report_command(const CommitmentReport& report) {
    Command command;
    command.field = CommandField::NEventReportRq;
    command.message_id = report.message_id;
    command.has_data_set = true;
    command.sop_class_uid = sop_class::kStorageCommitment;
    command.sop_instance_uid = kPushModelInstance;
    command.event_type_id = report.result.failed.empty() ? kAllCommitted : kSomeFailed;
    return command;
}

Result<void> deliver_report(const RemoteAddress& peer, const Services& services,
                            const CommitmentReport& report) {
    const std::vector<Proposal> proposals{
        {.abstract_syntax = std::string(sop_class::kStorageCommitment),
         .transfer_syntaxes = {std::string(dicom::kExplicitLittleUid),
                               std::string(dicom::kImplicitLittleUid)},
         .as_scp = true}};
    TRY(const auto association,
        Association::request(peer, services.ae_title, proposals, services.patience));
    if (association->contexts().empty()) {
        return fail(ErrorCode::Denied, "the peer takes no storage commitment reports");
    }
    const auto& context = association->contexts().front();
    const auto* syntax = dicom::find_transfer_syntax(context.transfer_syntax);
    if (syntax == nullptr) {
        return fail(ErrorCode::InvalidInput, "the peer chose what was not offered");
    }
    CommitmentReport again = report;
    again.message_id = association->next_message_id();
    TRY_VOID(association->send(
        context.id, report_command(again),
        encode_commitment(report.request, report.result, services.ae_title, syntax->encoding)));
    TRY(const auto answer, association->receive());
    if (!answer || answer->command.field != CommandField::NEventReportRsp) {
        return fail(ErrorCode::Unavailable, "the peer does not answer the report");
    }
    if (answer->command.has_data_set) {
        TRY_VOID(association->receive_data_set(kCommitmentMaxBytes));
    }
    [[maybe_unused]] const auto released = association->release();
    if (const auto status = answer->command.status.value_or(status::kSuccess);
        status != status::kSuccess) {
        return fail(ErrorCode::Denied,
                    "the peer answers the report with status " + std::to_string(status));
    }
    return {};
}

}  // namespace larmor::dimse
