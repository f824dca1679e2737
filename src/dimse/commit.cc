#include "dimse/commitment.h"
#include "dimse/session.h"
#include "dimse/status.h"

namespace larmor::dimse {
namespace {

/// Event Type ID of N-EVENT-REPORT and Action Type ID of N-ACTION: PS3.4 tables J.3.2-1,
/// J.3.3-1.
constexpr std::uint16_t kRequestCommitment = 1;
constexpr std::uint16_t kAllCommitted = 1;
constexpr std::uint16_t kSomeFailed = 2;
constexpr std::uint16_t kNoSuchAction = 0x0123;
constexpr std::uint16_t kInvalidArgument = 0x0115;

Command report_of(const Message& request, const CommitmentResult& result,
                  std::uint16_t message_id) {
    Command report;
    report.field = CommandField::NEventReportRq;
    report.message_id = message_id;
    report.has_data_set = true;
    report.sop_class_uid = request.command.sop_class_uid;
    report.sop_instance_uid = request.command.sop_instance_uid;
    report.event_type_id = result.failed.empty() ? kAllCommitted : kSomeFailed;
    return report;
}

}  // namespace

/// Storage commitment (PS3.4 annex J): the catalog knows at once, so that the report follows
/// the response in the same association. A peer that has released it by then must ask again.
Result<void> Session::commit(const Message& message) {
    auto operation = begin(OperationKind::Commit);
    const auto encoding = data_set_encoding(message);
    ByteBuffer data_set;
    if (message.command.has_data_set) {
        TRY(data_set, association_.receive_data_set(kCommitmentMaxBytes));
    }
    const auto request = parse_commitment(data_set, encoding);
    std::optional<CommitmentResult> result;
    if (message.command.action_type_id != kRequestCommitment) {
        operation.status = kNoSuchAction;
    } else if (!request) {
        operation.status = kInvalidArgument;
    } else if (auto found = look_up_commitment(services_, *request)) {
        result = *std::move(found);
        operation.instances = result->committed.size();
    } else {
        operation.status = status::kProcessingFailure;
    }
    finish(operation);
    auto response = response_to(message.command, operation.status);
    response.action_type_id = message.command.action_type_id;
    TRY_VOID(association_.send(message.context_id, response));
    if (!result) return {};

    const auto report = report_of(message, *result, association_.next_message_id());
    TRY_VOID(
        association_.send(message.context_id, report,
                          encode_commitment(*request, *result, services_.ae_title, encoding)));
    return {};
}

}  // namespace larmor::dimse
