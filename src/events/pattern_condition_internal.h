#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "events/pattern.h"

namespace larmor::events {

/// Where in the pattern we are, for errors: `detail.state[0].prefix`.
class PatternPlace {
public:
    /// Goes one step in for as long as it lives.
    class Step {
    public:
        Step(PatternPlace& place, std::string_view name)
            : place_(place), size_(place.text_.size()) {
            if (size_ > 0) place.text_ += '.';
            place.text_ += name;
        }
        Step(PatternPlace& place, std::size_t index)
            : place_(place), size_(place.text_.size()) {
            place.text_ += '[' + std::to_string(index) + ']';
        }
        Step(const Step&) = delete;
        Step& operator=(const Step&) = delete;
        ~Step() { place_.text_.resize(size_); }

    private:
        PatternPlace& place_;
        std::size_t size_;
    };
    std::string at() const { return text_.empty() ? "" : " at " + text_; }

private:
    std::string text_;
};

tl::unexpected<Error> invalid_pattern(std::string_view what, const PatternPlace& place);
tl::unexpected<Error> not_json(const PatternPlace& place);

/// Reads the JSON array that says what the field at `path` may be. More than one condition
/// where one can't say it: absence, and each `anything-but` behind the first, stand alone.
Result<std::vector<Condition>> read_field_conditions(std::string_view array,
                                                     const std::vector<std::string>& path,
                                                     PatternPlace& place);

}  // namespace larmor::events
