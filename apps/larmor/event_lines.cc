#include "larmor/event_lines.h"

namespace larmor {

void EventLines::feed(std::string_view piece) {
    for (;;) {
        const auto end = piece.find('\n');
        line_ += piece.substr(0, end);
        if (end == std::string_view::npos) return;
        piece.remove_prefix(end + 1);
        take_line(line_);
        line_.clear();
    }
}

void EventLines::take_line(std::string_view line) {
    const auto value_of = [line](std::string_view field) -> std::string_view {
        return line.starts_with(field) ? line.substr(field.size()) : std::string_view();
    };
    if (line.starts_with("id: ")) id_ = value_of("id: ");
    if (line.starts_with("event: ")) type_ = value_of("event: ");
    if (line.starts_with("data: ")) data_ = value_of("data: ");
    if (!line.empty()) return;
    if (!data_.empty()) {
        if (!id_.empty()) last_id_ = id_;
        (type_.empty() ? event_ : gone_)(data_);
    }
    id_.clear();
    type_.clear();
    data_.clear();
}

}  // namespace larmor
