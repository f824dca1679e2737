#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "events/event.h"

namespace larmor::events {

// What is sent between parts of the program says where its event stands, before all else, so
// that the beginning of it is enough to know.

/// The JSON object (not an empty one) with one more member in front: `{"position":"1-42",...`.
std::string with_position(Position position, std::string_view object);
/// Bytes from the beginning in which the position is.
inline constexpr std::size_t kPositionBytes = 64;
/// Nothing where there is none in front.
std::optional<Position> position_of(std::string_view object);

}  // namespace larmor::events
