#include "ingest/import_metrics.h"

#include "observe/metrics.h"

namespace larmor::ingest {
namespace {

struct Metrics {
    std::array<observe::Counter*, 5> outcomes{};
    observe::Counter& bytes = observe::metrics().counter(
        "larmor_import_bytes_total",
        "Bytes of instances that were imported, duplicates included.");
    observe::Histogram& seconds = observe::metrics().histogram(
        "larmor_import_duration_seconds",
        "From the whole instance in memory to its durable outcome.", observe::kDurationBuckets);

    Metrics() {
        for (std::size_t i = 0; i < outcomes.size(); ++i) {
            outcomes[i] = &observe::metrics().counter(
                "larmor_import_instances_total",
                "Instances that were imported, by their outcome.",
                {{"outcome", std::string(name_of(static_cast<Outcome>(i)))}});
        }
    }
};

struct ReadingMetrics {
    observe::Gauge& waiting =
        observe::metrics().gauge("larmor_import_waiting",
                                 "Arrivals that wait until readers on their thread and earlier "
                                 "arrivals had their turn.");
    observe::Gauge& reading = observe::metrics().gauge(
        "larmor_import_reading", "Arrivals that are being parsed and hashed.");
    observe::Gauge& reading_max = observe::metrics().gauge(
        "larmor_import_reading_max", "How many arrivals are parsed and hashed at a time.");
};

ReadingMetrics& reading_metrics() {
    static ReadingMetrics metrics;
    return metrics;
}

}  // namespace

CountedReading::CountedReading() {
    reading_metrics().waiting.add();
}
CountedReading::~CountedReading() {
    (begun_ ? reading_metrics().reading : reading_metrics().waiting).sub();
}
void CountedReading::begin() {
    reading_metrics().waiting.sub();
    reading_metrics().reading.add();
    begun_ = true;
}

void show_readings_max(std::size_t count) {
    reading_metrics().reading_max.set(static_cast<std::int64_t>(count));
}

void count_import(const ImportResult& result, std::chrono::steady_clock::duration took) {
    static Metrics metrics;
    metrics.outcomes[static_cast<std::size_t>(result.outcome)]->add();
    if (result.outcome != Outcome::Rejected) metrics.bytes.add(result.size_bytes);
    metrics.seconds.observe(std::chrono::duration<double>(took).count());
}

}  // namespace larmor::ingest
