#pragma once
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace larmor::observe {

/// Names and values in a fixed order. Values come from a small closed set (a route's name, a
/// class of status): never a UID, a path or anything a client chose.
using Labels = std::vector<std::pair<std::string, std::string>>;

/// Counts up. Any thread; one relaxed atomic.
class Counter {
public:
    void add(std::uint64_t count = 1) { value_.fetch_add(count, std::memory_order_relaxed); }
    std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

private:
    std::atomic<std::uint64_t> value_{0};
};

/// A level that rises and falls. Any thread; one relaxed atomic.
class Gauge {
public:
    void set(std::int64_t value) { value_.store(value, std::memory_order_relaxed); }
    void add(std::int64_t by = 1) { value_.fetch_add(by, std::memory_order_relaxed); }
    void sub(std::int64_t by = 1) { value_.fetch_sub(by, std::memory_order_relaxed); }
    std::int64_t value() const { return value_.load(std::memory_order_relaxed); }

private:
    std::atomic<std::int64_t> value_{0};
};

/// How values are distributed over buckets. Any thread; two relaxed atomics.
class Histogram {
public:
    /// `upper_bounds`: rising; a value equal to a bound belongs to it.
    explicit Histogram(std::span<const double> upper_bounds);
    void observe(double value);
    std::uint64_t count() const;
    double sum() const { return sum_.load(std::memory_order_relaxed); }

private:
    friend class Registry;
    std::vector<double> upper_bounds_;
    std::vector<std::atomic<std::uint64_t>> buckets_;  ///< one more than bounds; not cumulative
    std::atomic<double> sum_{0};
};

/// Seconds, 100 us to 60 s.
extern const std::vector<double> kDurationBuckets;
/// Bytes, 1 KiB to 4 GiB by factors of 4.
extern const std::vector<double> kSizeBuckets;
/// Items in a batch, from 0 (an empty batch shows) to 4096 by factors of 2.
extern const std::vector<double> kBatchBuckets;

/// All metrics of a process, written in the Prometheus text format on our own port. The same
/// name and labels give the same object, which lives as long as the registry: ask once, keep
/// the reference. A name is used for one kind of metric with one help text. Names:
/// `larmor_<what>_<unit>`, counters end in `_total` (prometheus.io/docs/practices/naming).
class Registry {
public:
    Registry();
    ~Registry();
    Counter& counter(std::string_view name, std::string_view help, const Labels& labels = {});
    Gauge& gauge(std::string_view name, std::string_view help, const Labels& labels = {});
    Histogram& histogram(std::string_view name, std::string_view help,
                         std::span<const double> upper_bounds, const Labels& labels = {});

    /// Unregisters when destroyed.
    class [[nodiscard]] Callback {
    public:
        Callback() = default;
        Callback(Callback&& other) noexcept;
        Callback& operator=(Callback&& other) noexcept;
        ~Callback();

    private:
        friend class Registry;
        Callback(Registry* registry, std::uint64_t number)
            : registry_(registry), number_(number) {}
        Registry* registry_ = nullptr;
        std::uint64_t number_ = 0;
    };
    /// A gauge that is asked when somebody reads the metrics; `value` may be called from any
    /// thread until the returned registration is destroyed, and must not touch the registry.
    Callback gauge_callback(std::string_view name, std::string_view help, const Labels& labels,
                            std::function<double()> value);

    /// The text that `GET /metrics` answers.
    std::string to_text() const;
    static constexpr std::string_view kContentType = "text/plain; version=0.0.4; charset=utf-8";

private:
    struct State;
    std::unique_ptr<State> state_;
};

/// The registry of this process.
Registry& metrics();

}  // namespace larmor::observe
