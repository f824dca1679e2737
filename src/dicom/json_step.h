#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace larmor::dicom {

/// Names a place for as long as it lives. Put together only where something is wrong there:
/// most documents have no such place, and hundreds of steps.
class JsonStep {
public:
    /// Becomes the innermost of a reader; `name` outlives it.
    JsonStep(const JsonStep*& innermost, std::string_view name)
        : innermost_(innermost), outer_(innermost), name_(name) {
        innermost_ = this;
    }
    JsonStep(const JsonStep*& innermost, std::size_t index)
        : innermost_(innermost), outer_(innermost), index_(index) {
        innermost_ = this;
    }
    JsonStep(const JsonStep&) = delete;
    JsonStep& operator=(const JsonStep&) = delete;
    ~JsonStep() { innermost_ = outer_; }

    static std::string pointer_to(const JsonStep* step) {
        std::string pointer;
        for (; step != nullptr; step = step->outer_) {
            pointer.insert(
                0, step->index_ ? std::to_string(*step->index_) : std::string(step->name_));
            pointer.insert(0, 1, '/');
        }
        return pointer;
    }

private:
    const JsonStep*& innermost_;
    const JsonStep* outer_;
    std::string_view name_;
    std::optional<std::size_t> index_;  ///< instead of a name
};

}  // namespace larmor::dicom
