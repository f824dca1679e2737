#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.h"

namespace larmor::dimse {

/// What a message asks for or answers. Source: PS3.7 annex E.1.
enum class CommandField : std::uint16_t {
    None = 0,
    CStoreRq = 0x0001,
    CStoreRsp = 0x8001,
    CGetRq = 0x0010,
    CGetRsp = 0x8010,
    CFindRq = 0x0020,
    CFindRsp = 0x8020,
    CMoveRq = 0x0021,
    CMoveRsp = 0x8021,
    CEchoRq = 0x0030,
    CEchoRsp = 0x8030,
    NEventReportRq = 0x0100,
    NEventReportRsp = 0x8100,
    NActionRq = 0x0130,
    NActionRsp = 0x8130,
    CCancelRq = 0x0fff,
};
constexpr bool is_response(CommandField field) {
    return (static_cast<std::uint16_t>(field) & 0x8000U) != 0;
}

/// The command set of a message; what a message does not have is empty. UIDs and AE titles come
/// without their padding, and are not checked.
struct Command {
    CommandField field = CommandField::None;
    std::uint16_t message_id = 0;  ///< of a request; of a response and of C-CANCEL the one that
                                   ///< it belongs to
    bool has_data_set = false;
    std::string sop_class_uid;     ///< Affected; Requested of N-ACTION
    std::string sop_instance_uid;  ///< the same
    std::optional<std::uint16_t> priority;
    std::optional<std::uint16_t> status;
    std::string error_comment;
    std::string move_destination;
    std::string move_originator;
    std::optional<std::uint16_t> move_originator_message_id;
    std::optional<std::uint16_t> event_type_id;
    std::optional<std::uint16_t> action_type_id;
    std::optional<std::uint16_t> remaining;  ///< sub-operations, here and below
    std::optional<std::uint16_t> completed;
    std::optional<std::uint16_t> failed;
    std::optional<std::uint16_t> warning;
};

/// A peer's command set may have this many bytes; ours have a few hundred.
inline constexpr std::size_t kCommandMaxBytes = 16384;

/// Reads a command set: Implicit VR Little Endian (PS3.7 section 6.3.1). Elements that we have
/// no use for are passed over. Errors: InvalidInput for bytes that are no command set, for a
/// number of another size than two bytes, and without Command Field or Message ID.
Result<Command> parse_command(Bytes bytes);

/// With its group length, elements in order. Texts that are empty and numbers that are not set
/// are left out.
ByteBuffer encode_command(const Command& command);

/// The answer to a request: its field, message ID and UIDs.
Command response_to(const Command& request, std::uint16_t status);

}  // namespace larmor::dimse
