#include "dimse/session.h"
#include "dimse/status.h"
#include "dimse/store_sender.h"

namespace larmor::dimse {
namespace {

void put_counts(const RetrieveTally& tally, Command& response) {
    response.completed = tally.completed;
    response.failed = tally.failed;
    response.warning = tally.warning;
}

}  // namespace

Result<void> Session::move(const Message& message) {
    return retrieve(message, OperationKind::Move);
}

Result<void> Session::get(const Message& message) {
    return retrieve(message, OperationKind::Get);
}

/// Source: PS3.4 sections C.4.2 and C.4.3.
Result<void> Session::retrieve(const Message& message, OperationKind kind) {
    auto operation = begin(kind);
    TRY(const Asked asked, receive_identifier(message));
    RetrieveTally tally;
    Final final{status::kCannotUnderstand, asked.refusal};
    if (asked.identifier && !names_what_to_retrieve(*asked.identifier)) {
        final = {status::kDataSetDoesNotMatchSopClass, "no unique key of the level"};
    } else if (asked.identifier) {
        const auto list = list_instances(services_, *asked.identifier);
        if (!list) {
            final = {status::kCannotCountMatches, list.error().message};
        } else if (const auto recorded = put_on_record(*list); !recorded) {
            final = {status::kCannotCountMatches, recorded.error().message};
        } else {
            if (!list->empty()) operation.study_instance_uid = list->front().study_instance_uid;
            tally.remaining = static_cast<std::uint16_t>(list->size());
            TRY(final, kind == OperationKind::Get ? send_to_peer(message, *list, tally)
                                                  : send_to_remote(message, *list, tally));
        }
    }
    operation.status = final.status;
    operation.instances = tally.completed + tally.warning;
    operation.bytes = tally.bytes;
    finish(operation);
    auto response = response_to(message.command, final.status);
    response.error_comment = error_comment(final.comment);
    put_counts(tally, response);
    if (final.status == status::kCancel) response.remaining = tally.remaining;
    if (tally.failed_uids.empty()) return association_.send(message.context_id, response);
    response.has_data_set = true;
    return association_.send(message.context_id, response,
                             encode_failed(tally, data_set_encoding(message)));
}

/// A record for each study: before anything of it is sent.
Result<void> Session::put_on_record(const RetrieveList& list) {
    for (std::size_t at = 0; at < list.size();) {
        audit::Subject subject;
        subject.study = list[at].study_instance_uid;
        for (; at < list.size() && list[at].study_instance_uid == subject.study; ++at) {
            ++subject.instances;
        }
        TRY_VOID(put_on_record(audit::Action::Retrieve, std::move(subject)));
    }
    return {};
}

/// Tells how far it is; true when the peer cancels.
Result<bool> Session::report_progress(const Message& message, const RetrieveTally& tally) {
    auto pending = response_to(message.command, status::kPending);
    put_counts(tally, pending);
    pending.remaining = tally.remaining;
    TRY_VOID(association_.send(message.context_id, pending));
    return cancel_came(message);
}

Result<Session::Final> Session::send_to_peer(const Message& message, const RetrieveList& list,
                                             RetrieveTally& tally) {
    for (const auto& item : list) {
        const auto source = open_stored(services_, item.row);
        if (!source) {
            tally.count(item.sop_instance_uid, status::kProcessingFailure);
            continue;
        }
        TRY(const auto sent, send_instance(association_, **source, std::nullopt, true));
        tally.bytes += sent.bytes;
        tally.count(item.sop_instance_uid, sent.status);
        TRY(const bool cancelled, report_progress(message, tally));
        if (sent.cancelled || cancelled) return Final{status::kCancel, {}};
    }
    return Final{tally.status(), {}};
}

Result<Session::Final> Session::send_to_remote(const Message& message, const RetrieveList& list,
                                               RetrieveTally& tally) {
    const auto* remote = find_remote(services_, message.command.move_destination);
    if (remote == nullptr) {
        return Final{status::kMoveDestinationUnknown, "not a remote AE that is configured"};
    }
    const Originator originator{association_.parties().calling, message.command.message_id};
    for (std::size_t at = 0; at < list.size();) {
        Proposals proposals;
        std::size_t end = at;
        while (end < list.size() &&
               proposals.add(list[end].sop_class_uid, list[end].transfer_syntax)) {
            ++end;
        }
        const auto outgoing = Association::request(*remote, services_.ae_title,
                                                   proposals.list(), services_.patience);
        if (!outgoing) {
            tally.fail_rest(list, at);
            return Final{tally.status(), outgoing.error().message};
        }
        for (; at < end; ++at) {
            const auto source = open_stored(services_, list[at].row);
            if (!source) {
                tally.count(list[at].sop_instance_uid, status::kProcessingFailure);
                continue;
            }
            const auto sent = send_instance(**outgoing, **source, originator);
            if (!sent) {
                tally.fail_rest(list, at);
                return Final{tally.status(), sent.error().message};
            }
            tally.bytes += sent->bytes;
            tally.count(list[at].sop_instance_uid, sent->status);
            TRY(const bool cancelled, report_progress(message, tally));
            if (cancelled) return Final{status::kCancel, {}};
        }
        // Every instance has its answer: a peer that does not say goodbye changes nothing.
        [[maybe_unused]] const auto released = (*outgoing)->release();
    }
    return Final{tally.status(), {}};
}

}  // namespace larmor::dimse
