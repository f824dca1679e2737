#include "dimse/session.h"

#include "dicom/transfer_syntax.h"
#include "dimse/status.h"

namespace larmor::dimse {
namespace {

/// Of a data set that is not wanted, with a command that is not ours to answer.
constexpr std::size_t kUnwantedMaxBytes = std::size_t{1} << 20;

}  // namespace

Result<void> Session::run() {
    auto ended = answer_all();
    deliver_reports();
    return ended;
}

Result<void> Session::answer_all() {
    while (true) {
        TRY(const auto message, association_.receive());
        if (!message) return {};
        TRY_VOID(answer(*message));
    }
}

Operation Session::begin(OperationKind kind) const {
    Operation operation;
    operation.kind = kind;
    operation.parties = association_.parties();
    operation.peer = peer_;
    return operation;
}

Result<void> Session::answer(const Message& message) {
    const auto* context = association_.context(message.context_id);
    switch (message.command.field) {
        case CommandField::CEchoRq:
            return echo(message);
        case CommandField::CStoreRq:
            if (context->service == Service::Storage) return store(message);
            return refuse(message, status::kSopClassNotSupported);
        case CommandField::CFindRq:
            if (context->service == Service::Find) return find(message);
            return refuse(message, status::kSopClassNotSupported);
        case CommandField::CMoveRq:
            if (context->service == Service::Move) return move(message);
            return refuse(message, status::kSopClassNotSupported);
        case CommandField::CGetRq:
            if (context->service == Service::Get) return get(message);
            return refuse(message, status::kSopClassNotSupported);
        case CommandField::NActionRq:
            if (context->service == Service::StorageCommitment) return commit(message);
            return refuse(message, status::kSopClassNotSupported);
        case CommandField::NEventReportRsp:
            confirm_report(message);
            return {};
        case CommandField::CCancelRq:  // what it cancels has ended: PS3.7 section 9.3.2.3
            return {};
        default:
            break;
    }
    if (is_response(message.command.field)) {
        return fail(ErrorCode::InvalidInput, "a response to nothing");
    }
    return refuse(message, status::kUnrecognizedOperation);
}

Result<void> Session::refuse(const Message& message, std::uint16_t status) {
    if (message.command.has_data_set) {
        TRY_VOID(association_.receive_data_set(kUnwantedMaxBytes));
    }
    return association_.send(message.context_id, response_to(message.command, status));
}

dicom::Encoding Session::data_set_encoding(const Message& message) const {
    const auto* context = association_.context(message.context_id);
    return dicom::find_transfer_syntax(context->transfer_syntax)->encoding;
}

Result<Session::Asked> Session::receive_identifier(const Message& message) {
    Asked asked;
    if (!message.command.has_data_set) {
        asked.refusal = "no identifier";
        return asked;
    }
    TRY(const ByteBuffer bytes, association_.receive_data_set(kIdentifierMaxBytes));
    const auto* context = association_.context(message.context_id);
    auto identifier =
        parse_identifier(bytes, data_set_encoding(message), context->abstract_syntax);
    if (identifier) {
        asked.identifier = *std::move(identifier);
    } else {
        asked.refusal = identifier.error().message;
    }
    return asked;
}

Result<void> Session::echo(const Message& message) {
    const auto operation = begin(OperationKind::Echo);
    TRY_VOID(
        association_.send(message.context_id, response_to(message.command, status::kSuccess)));
    finish(operation);
    return {};
}

Result<void> Session::put_on_record(audit::Action action, audit::Subject subject) {
    audit::Entry entry;
    entry.action = action;
    entry.actor.id = association_.parties().calling;
    entry.actor.via = "dimse";
    entry.actor.address = peer_;
    entry.subject = std::move(subject);
    entry.route = "dimse";
    return services_.audit.record_and_wait(std::move(entry));
}

}  // namespace larmor::dimse
