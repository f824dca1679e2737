#include "dimse/command.h"

#include "dicom/reader.h"
#include "dicom/tags.h"
#include "dicom/values.h"
#include "dicom/writer.h"

namespace larmor::dimse {
namespace {

namespace tags = dicom::tags;

/// Of Command Data Set Type: any other value says that a data set follows (PS3.7 table 9.3-1).
constexpr std::uint16_t kNoDataSet = 0x0101;
constexpr std::uint16_t kDataSetFollows = 0x0001;

bool uses_requested_uids(CommandField field) {
    return field == CommandField::NActionRq;
}

Result<std::uint16_t> number_of(const dicom::Token& token) {
    if (token.value.size() != sizeof(std::uint16_t)) {
        return fail(ErrorCode::InvalidInput, to_string(token.tag) + " of a command set has " +
                                                 std::to_string(token.value.size()) +
                                                 " bytes instead of 2");
    }
    return load_little<std::uint16_t>(token.value.data());
}

std::string uid_of(const dicom::Token& token) {
    return std::string(dicom::trimmed(token.value, dicom::vr::UI));
}

std::string title_of(const dicom::Token& token) {
    return std::string(dicom::trimmed(token.value, dicom::vr::AE));
}

/// Where a number of a command set goes; nullptr for what is no number or not of use.
std::optional<std::uint16_t>* optional_number(Command& command, dicom::Tag tag) {
    switch (tag.value()) {
        case tags::Priority.value():
            return &command.priority;
        case tags::Status.value():
            return &command.status;
        case tags::EventTypeID.value():
            return &command.event_type_id;
        case tags::ActionTypeID.value():
            return &command.action_type_id;
        case tags::NumberOfRemainingSuboperations.value():
            return &command.remaining;
        case tags::NumberOfCompletedSuboperations.value():
            return &command.completed;
        case tags::NumberOfFailedSuboperations.value():
            return &command.failed;
        case tags::NumberOfWarningSuboperations.value():
            return &command.warning;
        case tags::MoveOriginatorMessageID.value():
            return &command.move_originator_message_id;
        default:
            return nullptr;
    }
}

struct Seen {
    bool field = false;
    bool message_id = false;
};

Result<void> take(const dicom::Token& token, Command& command, Seen& seen) {
    if (auto* number = optional_number(command, token.tag)) {
        TRY(*number, number_of(token));
        return {};
    }
    switch (token.tag.value()) {
        case tags::CommandField.value(): {
            TRY(const std::uint16_t field, number_of(token));
            command.field = static_cast<CommandField>(field);
            seen.field = true;
            break;
        }
        case tags::MessageID.value():
        case tags::MessageIDBeingRespondedTo.value(): {
            TRY(command.message_id, number_of(token));
            seen.message_id = true;
            break;
        }
        case tags::CommandDataSetType.value(): {
            TRY(const std::uint16_t type, number_of(token));
            command.has_data_set = type != kNoDataSet;
            break;
        }
        case tags::AffectedSOPClassUID.value():
        case tags::RequestedSOPClassUID.value():
            command.sop_class_uid = uid_of(token);
            break;
        case tags::AffectedSOPInstanceUID.value():
        case tags::RequestedSOPInstanceUID.value():
            command.sop_instance_uid = uid_of(token);
            break;
        case tags::MoveDestination.value():
            command.move_destination = title_of(token);
            break;
        case tags::MoveOriginatorApplicationEntityTitle.value():
            command.move_originator = title_of(token);
            break;
        case tags::ErrorComment.value():
            command.error_comment = std::string(dicom::trimmed(token.value, dicom::vr::LO));
            break;
        default:
            break;
    }
    return {};
}

class Encoder {
public:
    void text(dicom::Tag tag, dicom::Vr vr, const std::string& value) {
        if (!value.empty()) writer_.text(tag, vr, value);
    }
    void number(dicom::Tag tag, std::optional<std::uint16_t> value) {
        if (value) writer_.number(tag, dicom::vr::US, *value);
    }
    ByteBuffer take() {
        const ByteBuffer body = writer_.take();
        dicom::Writer whole(dicom::kImplicitLittle);
        whole.number(tags::CommandGroupLength, dicom::vr::UL, body.size());
        ByteBuffer bytes = whole.take();
        bytes.insert(bytes.end(), body.begin(), body.end());
        return bytes;
    }

private:
    dicom::Writer writer_{dicom::kImplicitLittle};
};

}  // namespace

Result<Command> parse_command(Bytes bytes) {
    Command command;
    Seen seen;
    dicom::Reader reader(bytes, dicom::kImplicitLittle);
    for (dicom::Token token; reader.advance(token) && token.kind != dicom::TokenKind::End;) {
        if (token.kind != dicom::TokenKind::Element || token.tag.group != 0) {
            return invalid_at(token.offset, to_string(token.tag) + " in a command set");
        }
        TRY_VOID(take(token, command, seen));
    }
    if (reader.failed()) {
        return fail(reader.error().code, "command set: " + reader.error().message);
    }
    if (!seen.field || !seen.message_id) {
        return fail(ErrorCode::InvalidInput,
                    "a command set without Command Field or Message ID");
    }
    return command;
}

ByteBuffer encode_command(const Command& command) {
    const bool requested = uses_requested_uids(command.field);
    const bool answers = is_response(command.field) || command.field == CommandField::CCancelRq;
    Encoder out;
    out.text(requested ? tags::RequestedSOPClassUID : tags::AffectedSOPClassUID, dicom::vr::UI,
             command.sop_class_uid);
    out.number(tags::CommandField, static_cast<std::uint16_t>(command.field));
    out.number(answers ? tags::MessageIDBeingRespondedTo : tags::MessageID, command.message_id);
    out.text(tags::MoveDestination, dicom::vr::AE, command.move_destination);
    out.number(tags::Priority, command.priority);
    out.number(tags::CommandDataSetType, command.has_data_set ? kDataSetFollows : kNoDataSet);
    out.number(tags::Status, command.status);
    out.text(tags::ErrorComment, dicom::vr::LO, command.error_comment);
    out.text(requested ? tags::RequestedSOPInstanceUID : tags::AffectedSOPInstanceUID,
             dicom::vr::UI, command.sop_instance_uid);
    out.number(tags::EventTypeID, command.event_type_id);
    out.number(tags::ActionTypeID, command.action_type_id);
    out.number(tags::NumberOfRemainingSuboperations, command.remaining);
    out.number(tags::NumberOfCompletedSuboperations, command.completed);
    out.number(tags::NumberOfFailedSuboperations, command.failed);
    out.number(tags::NumberOfWarningSuboperations, command.warning);
    out.text(tags::MoveOriginatorApplicationEntityTitle, dicom::vr::AE,
             command.move_originator);
    out.number(tags::MoveOriginatorMessageID, command.move_originator_message_id);
    return out.take();
}

Command response_to(const Command& request, std::uint16_t status) {
    Command response;
    response.field =
        static_cast<CommandField>(static_cast<std::uint16_t>(request.field) | 0x8000U);
    response.message_id = request.message_id;
    response.sop_class_uid = request.sop_class_uid;
    response.sop_instance_uid = request.sop_instance_uid;
    response.status = status;
    return response;
}

}  // namespace larmor::dimse
