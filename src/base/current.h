#pragma once
#include <memory>
#include <mutex>
#include <utility>

namespace larmor {

/// A value that is replaced as a whole while others read it, such as a setting that is read
/// again. Safe from any thread.
template <typename T>
class Current {
public:
    explicit Current(T value = {}) : value_(std::make_shared<const T>(std::move(value))) {}

    /// As it is now; stays as it is for who holds it.
    std::shared_ptr<const T> get() const {
        const std::lock_guard lock(mutex_);
        return value_;
    }
    void set(T value) {
        auto next = std::make_shared<const T>(std::move(value));
        const std::lock_guard lock(mutex_);
        value_ = std::move(next);
    }

private:
    mutable std::mutex mutex_;
    std::shared_ptr<const T> value_;
};

}  // namespace larmor
