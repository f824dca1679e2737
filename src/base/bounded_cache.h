#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace larmor {

/// Values by key that may be forgotten at any time. Bounded by count and bytes: when it is half
/// full, everything that was remembered before is forgotten at once, so that finding costs no
/// bookkeeping. Safe from any thread.
template <typename T>
class BoundedCache {
public:
    using Value = std::shared_ptr<const T>;
    struct Limits {
        std::size_t entries_max;
        std::size_t bytes_max;
    };
    explicit BoundedCache(Limits limits) : limits_(limits) {}

    /// Null where it is not known.
    Value find(std::string_view key) const {
        const std::scoped_lock lock(mutex_);
        if (const auto found = young_.find(key); found != young_.end()) return found->second;
        const auto found = old_.find(key);
        return found == old_.end() ? nullptr : found->second;
    }
    /// Changes with `forget_all`: taken before something is read, it says whether what was read
    /// may still be remembered.
    std::uint64_t generation() const {
        const std::scoped_lock lock(mutex_);
        return generation_;
    }
    /// `size_bytes` is what key and value take. What is larger than half of the limit is not
    /// remembered.
    void remember(std::string key, Value value, std::size_t size_bytes,
                  std::uint64_t generation) {
        if (size_bytes > limits_.bytes_max / 2) return;
        const std::scoped_lock lock(mutex_);
        if (generation != generation_) return;
        if (young_.size() >= limits_.entries_max / 2 ||
            young_bytes_ + size_bytes > limits_.bytes_max / 2) {
            old_ = std::exchange(young_, {});
            young_bytes_ = 0;
        }
        if (young_.insert_or_assign(std::move(key), std::move(value)).second) {
            young_bytes_ += size_bytes;
        }
    }
    void forget_all() {
        const std::scoped_lock lock(mutex_);
        ++generation_;
        young_.clear();
        old_.clear();
        young_bytes_ = 0;
    }

private:
    struct Hash : std::hash<std::string_view> {
        using is_transparent = void;
    };
    using Map = std::unordered_map<std::string, Value, Hash, std::equal_to<>>;

    const Limits limits_;
    mutable std::mutex mutex_;
    Map young_;
    Map old_;
    std::size_t young_bytes_ = 0;
    std::uint64_t generation_ = 0;
};

}  // namespace larmor
