#pragma once
#include <functional>
#include <string>
#include <string_view>

namespace larmor {

/// Reads server-sent events as they arrive in pieces: those that our own server sends, whose
/// data is one line.
class EventLines {
public:
    /// `data` of each event whose type is not given; what the server says at the end of a
    /// stream that can't go on (`event: gone`) goes to `gone`.
    using Take = std::function<void(std::string_view data)>;
    EventLines(Take event, Take gone) : event_(std::move(event)), gone_(std::move(gone)) {}

    void feed(std::string_view piece);
    /// Of the last event: where to go on. Empty before the first.
    const std::string& last_id() const { return last_id_; }

private:
    void take_line(std::string_view line);

    Take event_;
    Take gone_;
    std::string line_;  ///< begun, not ended
    std::string id_, type_, data_;
    std::string last_id_;
};

}  // namespace larmor
