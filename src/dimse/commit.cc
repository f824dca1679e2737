#include <thread>

#include "dimse/commitment.h"
#include "dimse/session.h"
#include "dimse/status.h"
#include "observe/log.h"

namespace larmor::dimse {
namespace {

/// Event Type ID of N-EVENT-REPORT and Action Type ID of N-ACTION: PS3.4 tables J.3.2-1,
/// J.3.3-1.
constexpr std::uint16_t kRequestCommitment = 1;
constexpr std::uint16_t kNoSuchAction = 0x0123;
constexpr std::uint16_t kInvalidArgument = 0x0115;

/// Tries at a report in an association of its own, and the pause before the second.
constexpr int kAttempts = 3;
constexpr std::chrono::seconds kFirstPause{1};

}  // namespace

/// Storage commitment (PS3.4 annex J): the catalog knows at once, so that the report follows
/// the response in the same association. Many peers have released it by then: they get the
/// report in one that we ask for (`deliver_reports`).
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

    CommitmentReport report{*request, *std::move(result), association_.next_message_id()};
    const auto sent = association_.send(
        message.context_id, report_command(report),
        encode_commitment(report.request, report.result, services_.ae_title, encoding));
    unconfirmed_.push_back(std::move(report));
    return sent;
}

void Session::confirm_report(const Message& message) {
    std::erase_if(unconfirmed_, [&](const CommitmentReport& report) {
        return report.message_id == message.command.message_id;
    });
}

/// In the session's own thread, after its association. A peer that can't be reached asks again
/// when it misses the report: PS3.4 section J.3.5.2 leaves that to it.
void Session::deliver_reports() {
    if (unconfirmed_.empty()) return;
    const auto* peer = find_remote(services_, association_.parties().calling);
    if (peer == nullptr) {
        observe::log_warning(
            "a storage commitment report was not confirmed, and its AE is no --dimse-remote",
            {{"peer", peer_}, {"reports", unconfirmed_.size()}});
        return;
    }
    for (const auto& report : unconfirmed_) {
        Result<void> delivered;
        for (int attempt = 0; attempt < kAttempts && !association_.interrupted(); ++attempt) {
            if (attempt > 0) std::this_thread::sleep_for(kFirstPause * attempt);
            delivered = deliver_report(*peer, services_, report);
            if (delivered || delivered.error().code == ErrorCode::Denied) break;
        }
        if (delivered) continue;
        observe::log_warning("a storage commitment report could not be delivered",
                             {{"peer", peer_}, {"reason", delivered.error().message}});
    }
}

}  // namespace larmor::dimse
