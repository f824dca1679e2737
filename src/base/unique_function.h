#pragma once
#include <cstddef>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

namespace larmor {

/// A callable that is moved and never copied, so that it may own a coroutine, a file or a
/// cursor. (std::move_only_function is C++23.) Callables up to four pointers are kept without
/// allocation.
template <typename Signature>
class UniqueFunction;

template <typename R, typename... Args>
class UniqueFunction<R(Args...)> {
public:
    UniqueFunction() = default;
    UniqueFunction(std::nullptr_t) {}
    template <typename F>
        requires(!std::is_same_v<std::remove_cvref_t<F>, UniqueFunction> &&
                 std::is_invocable_r_v<R, std::remove_cvref_t<F>&, Args...>)
    UniqueFunction(F&& function) {
        using Target = std::remove_cvref_t<F>;
        if constexpr (kFits<Target>) {
            new (&storage_) Target(std::forward<F>(function));
            table_ = &kInline<Target>;
        } else {
            new (&storage_) Target*(new Target(std::forward<F>(function)));
            table_ = &kHeap<Target>;
        }
    }
    UniqueFunction(UniqueFunction&& other) noexcept { take(other); }
    UniqueFunction& operator=(UniqueFunction&& other) noexcept {
        if (this != &other) {
            reset();
            take(other);
        }
        return *this;
    }
    UniqueFunction(const UniqueFunction&) = delete;
    UniqueFunction& operator=(const UniqueFunction&) = delete;
    ~UniqueFunction() { reset(); }

    explicit operator bool() const { return table_ != nullptr; }
    /// Must not be empty.
    R operator()(Args... args) { return table_->call(&storage_, std::forward<Args>(args)...); }

private:
    struct Table {
        R (*call)(void*, Args&&...);
        void (*move)(void* from, void* to) noexcept;  ///< leaves nothing behind in `from`
        void (*destroy)(void*) noexcept;
    };
    static constexpr std::size_t kInlineBytes = 4 * sizeof(void*);
    template <typename T>
    static constexpr bool kFits = sizeof(T) <= kInlineBytes && alignof(T) <= alignof(void*) &&
                                  std::is_nothrow_move_constructible_v<T>;
    template <typename T>
    static T& at(void* storage) {
        return *std::launder(static_cast<T*>(storage));
    }
    template <typename T>
    static constexpr Table kInline = {
        [](void* s, Args&&... args) -> R { return at<T>(s)(std::forward<Args>(args)...); },
        [](void* from, void* to) noexcept {
            new (to) T(std::move(at<T>(from)));
            at<T>(from).~T();
        },
        [](void* s) noexcept { at<T>(s).~T(); }};
    template <typename T>
    static constexpr Table kHeap = {
        [](void* s, Args&&... args) -> R { return (*at<T*>(s))(std::forward<Args>(args)...); },
        [](void* from, void* to) noexcept { new (to) T*(at<T*>(from)); },
        [](void* s) noexcept { delete at<T*>(s); }};

    void take(UniqueFunction& other) noexcept {
        table_ = std::exchange(other.table_, nullptr);
        if (table_) table_->move(&other.storage_, &storage_);
    }
    void reset() noexcept {
        if (auto* table = std::exchange(table_, nullptr)) table->destroy(&storage_);
    }

    const Table* table_ = nullptr;
    alignas(void*) std::byte storage_[kInlineBytes];
};

}  // namespace larmor
