#include "observe/metrics.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <limits>
#include <map>
#include <mutex>
#include <optional>

#include "base/result.h"

namespace larmor::observe {

const std::vector<double> kDurationBuckets = {0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005,
                                              0.01,   0.025,   0.05,   0.1,   0.25,   0.5,
                                              1,      2.5,     5,      10,    30,     60};
const std::vector<double> kSizeBuckets = {1024.0,     4096.0,      16384.0,      65536.0,
                                          262144.0,   1048576.0,   4194304.0,    16777216.0,
                                          67108864.0, 268435456.0, 1073741824.0, 4294967296.0};
const std::vector<double> kBatchBuckets = {0,  1,   2,   4,   8,    16,   32,
                                           64, 128, 256, 512, 1024, 2048, 4096};

Histogram::Histogram(std::span<const double> upper_bounds)
    : upper_bounds_(upper_bounds.begin(), upper_bounds.end()),
      buckets_(upper_bounds.size() + 1) {
    LARMOR_CHECK(std::is_sorted(upper_bounds_.begin(), upper_bounds_.end()));
}

void Histogram::observe(double value) {
    const auto bound = std::lower_bound(upper_bounds_.begin(), upper_bounds_.end(), value);
    buckets_[static_cast<std::size_t>(bound - upper_bounds_.begin())].fetch_add(
        1, std::memory_order_relaxed);
    sum_.fetch_add(value, std::memory_order_relaxed);
}

std::uint64_t Histogram::count() const {
    std::uint64_t count = 0;
    for (const auto& bucket : buckets_) count += bucket.load(std::memory_order_relaxed);
    return count;
}

namespace {
struct Series {
    Labels labels;
    std::unique_ptr<Counter> counter;
    std::unique_ptr<Gauge> gauge;
    std::unique_ptr<Histogram> histogram;
    std::function<double()> callback;
    std::uint64_t callback_number = 0;
};
struct Family {
    prometheus::MetricType type;
    std::string help;
    std::vector<std::unique_ptr<Series>> series;
};
}  // namespace

struct Registry::State {
    mutable std::mutex mutex;
    std::map<std::string, Family, std::less<>> families;
    std::uint64_t callbacks_made = 0;

    Family& family(std::string_view name, std::string_view help, prometheus::MetricType type) {
        auto found = families.find(name);
        if (found == families.end()) {
            found =
                families.emplace(std::string(name), Family{type, std::string(help), {}}).first;
        }
        LARMOR_CHECK(found->second.type == type);
        return found->second;
    }
    static Series* find(Family& family, const Labels& labels) {
        for (auto& series : family.series) {
            if (series->labels == labels && !series->callback) return series.get();
        }
        return nullptr;
    }
    static Series& add(Family& family, const Labels& labels) {
        family.series.push_back(std::make_unique<Series>());
        family.series.back()->labels = labels;
        return *family.series.back();
    }
};

Registry::Registry() : state_(std::make_unique<State>()) {}
Registry::~Registry() = default;

Counter& Registry::counter(std::string_view name, std::string_view help, const Labels& labels) {
    const std::lock_guard lock(state_->mutex);
    auto& family = state_->family(name, help, prometheus::MetricType::Counter);
    if (auto* series = State::find(family, labels)) return *series->counter;
    auto& series = State::add(family, labels);
    series.counter = std::make_unique<Counter>();
    return *series.counter;
}

Gauge& Registry::gauge(std::string_view name, std::string_view help, const Labels& labels) {
    const std::lock_guard lock(state_->mutex);
    auto& family = state_->family(name, help, prometheus::MetricType::Gauge);
    if (auto* series = State::find(family, labels)) return *series->gauge;
    auto& series = State::add(family, labels);
    series.gauge = std::make_unique<Gauge>();
    return *series.gauge;
}

Histogram& Registry::histogram(std::string_view name, std::string_view help,
                               std::span<const double> upper_bounds, const Labels& labels) {
    const std::lock_guard lock(state_->mutex);
    auto& family = state_->family(name, help, prometheus::MetricType::Histogram);
    if (auto* series = State::find(family, labels)) return *series->histogram;
    auto& series = State::add(family, labels);
    series.histogram = std::make_unique<Histogram>(upper_bounds);
    return *series.histogram;
}

Registry::Callback Registry::gauge_callback(std::string_view name, std::string_view help,
                                            const Labels& labels,
                                            std::function<double()> value) {
    const std::lock_guard lock(state_->mutex);
    auto& family = state_->family(name, help, prometheus::MetricType::Gauge);
    auto& series = State::add(family, labels);
    series.callback = std::move(value);
    series.callback_number = ++state_->callbacks_made;
    return Callback(this, series.callback_number);
}

Registry::Callback::Callback(Callback&& other) noexcept
    : registry_(std::exchange(other.registry_, nullptr)), number_(other.number_) {}
Registry::Callback& Registry::Callback::operator=(Callback&& other) noexcept {
    std::swap(registry_, other.registry_);
    std::swap(number_, other.number_);
    return *this;
}
Registry::Callback::~Callback() {
    if (!registry_) return;
    const std::lock_guard lock(registry_->state_->mutex);
    for (auto& [name, family] : registry_->state_->families) {
        std::erase_if(family.series,
                      [this](const auto& s) { return s->callback_number == number_; });
    }
}

std::string Registry::to_text() const {
    std::vector<prometheus::MetricFamily> families;
    {
        const std::lock_guard lock(state_->mutex);
        for (const auto& [name, family] : state_->families) {
            if (family.series.empty()) continue;
            prometheus::MetricFamily out;
            out.name = name;
            out.help = family.help;
            out.type = family.type;
            for (const auto& series : family.series) {
                prometheus::ClientMetric metric;
                for (const auto& [key, value] : series->labels) {
                    metric.label.push_back({key, value});
                }
                if (series->counter) {
                    metric.counter.value = static_cast<double>(series->counter->value());
                } else if (series->gauge) {
                    metric.gauge.value = static_cast<double>(series->gauge->value());
                } else if (series->callback) {
                    metric.gauge.value = series->callback();
                } else {
                    const auto& histogram = *series->histogram;
                    std::uint64_t cumulative = 0;
                    for (std::size_t i = 0; i < histogram.buckets_.size(); ++i) {
                        cumulative += histogram.buckets_[i].load(std::memory_order_relaxed);
                        metric.histogram.bucket.push_back(
                            {cumulative, i < histogram.upper_bounds_.size()
                                             ? histogram.upper_bounds_[i]
                                             : std::numeric_limits<double>::infinity()});
                    }
                    metric.histogram.sample_count = cumulative;
                    metric.histogram.sample_sum = histogram.sum();
                }
                out.metric.push_back(std::move(metric));
            }
            families.push_back(std::move(out));
        }
    }
    return prometheus::TextSerializer().Serialize(families);
}

Registry& metrics() {
    // Never destroyed: threads may still count while the process ends.
    static auto* registry = new Registry;
    return *registry;
}

}  // namespace larmor::observe
