#pragma once
#include <cstdint>
#include <string>

#include "ingest/destination.h"

namespace larmor::dimse {

/// Values of Status (0000,0900). Source: PS3.7 annex C, PS3.4 sections B.2.3, C.4.
namespace status {
inline constexpr std::uint16_t kSuccess = 0x0000;
inline constexpr std::uint16_t kPending = 0xff00;
/// Pending, and a key that was asked for is not matched or returned.
inline constexpr std::uint16_t kPendingWithWarning = 0xff01;
inline constexpr std::uint16_t kCancel = 0xfe00;
inline constexpr std::uint16_t kProcessingFailure = 0x0110;
inline constexpr std::uint16_t kNoSuchObjectInstance = 0x0112;
inline constexpr std::uint16_t kSopClassNotSupported = 0x0122;
inline constexpr std::uint16_t kUnrecognizedOperation = 0x0211;
inline constexpr std::uint16_t kOutOfResources = 0xa700;
inline constexpr std::uint16_t kCannotCountMatches = 0xa701;
inline constexpr std::uint16_t kCannotPerformSubOperations = 0xa702;
inline constexpr std::uint16_t kMoveDestinationUnknown = 0xa801;
inline constexpr std::uint16_t kDataSetDoesNotMatchSopClass = 0xa900;
/// Of C-STORE: stored, but not quite as it came. Of C-MOVE and C-GET: some sub-operations
/// failed.
inline constexpr std::uint16_t kWarning = 0xb000;
inline constexpr std::uint16_t kCannotUnderstand = 0xc000;

constexpr bool is_pending(std::uint16_t value) {
    return value == kPending || value == kPendingWithWarning;
}
constexpr bool is_warning(std::uint16_t value) {
    return value == 0x0001 || (value >> 12) == 0xb || value == 0x0107 || value == 0x0116;
}
}  // namespace status

/// What a C-STORE response says.
struct StoreStatus {
    std::uint16_t status = status::kProcessingFailure;
    std::string comment;  ///< as Error Comment takes it
};
/// Success where we have the instance now, in whichever form; a warning where it is kept apart
/// because another one has its UID. Source: PS3.4 table B.2-1.
StoreStatus store_status(const ingest::ImportResult& result);
StoreStatus store_status(const Error& error);

/// What Error Comment (0000,0902) can hold of a text: 64 printable ASCII characters, no
/// backslash.
std::string error_comment(std::string_view text);

}  // namespace larmor::dimse
