#include "events/positioned.h"

#include "events/event_reader.h"

namespace larmor::events {
namespace {

constexpr std::string_view kHead = R"({"position":")";

}  // namespace

std::string with_position(Position position, std::string_view object) {
    std::string text(kHead);
    text += to_text(position);
    text += "\",";
    return text.append(object.substr(1));
}

std::optional<Position> position_of(std::string_view object) {
    if (!object.starts_with(kHead)) return std::nullopt;
    object.remove_prefix(kHead.size());
    const auto end = object.find('"');
    if (end == std::string_view::npos) return std::nullopt;
    const auto position = parse_position(object.substr(0, end));
    return position ? std::optional(*position) : std::nullopt;
}

}  // namespace larmor::events
