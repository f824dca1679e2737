#include "observe/metrics.h"

namespace larmor::observe {
namespace {

// The format: prometheus.io/docs/instrumenting/exposition_formats (text, 0.0.4).
TEST(Metrics, WritesCountersAndGauges) {
    Registry registry;
    registry.counter("larmor_requests_total", "Requests.", {{"route", "a\"b"}}).add(3);
    registry.gauge("larmor_queue", "Depth.").set(-2);
    EXPECT_EQ(registry.to_text(),
              "# HELP larmor_queue Depth.\n"
              "# TYPE larmor_queue gauge\n"
              "larmor_queue -2\n"
              "# HELP larmor_requests_total Requests.\n"
              "# TYPE larmor_requests_total counter\n"
              "larmor_requests_total{route=\"a\\\"b\"} 3\n");
}

TEST(Metrics, WritesHistogramsWithCumulativeBuckets) {
    Registry registry;
    const double bounds[] = {0, 1, 10};
    auto& histogram = registry.histogram("larmor_batch", "Items.", bounds);
    for (const double value : {0.0, 1.0, 5.0, 10.0, 11.0}) histogram.observe(value);
    EXPECT_EQ(histogram.count(), 5);
    EXPECT_EQ(registry.to_text(),
              "# HELP larmor_batch Items.\n"
              "# TYPE larmor_batch histogram\n"
              "larmor_batch_count 5\n"
              "larmor_batch_sum 27\n"
              "larmor_batch_bucket{le=\"0\"} 1\n"
              "larmor_batch_bucket{le=\"1\"} 2\n"
              "larmor_batch_bucket{le=\"10\"} 4\n"
              "larmor_batch_bucket{le=\"+Inf\"} 5\n");
}

TEST(Metrics, SameNameAndLabelsAreTheSameObject) {
    Registry registry;
    auto& a = registry.counter("larmor_x_total", "X.", {{"k", "1"}});
    EXPECT_EQ(&a, &registry.counter("larmor_x_total", "X.", {{"k", "1"}}));
    EXPECT_NE(&a, &registry.counter("larmor_x_total", "X.", {{"k", "2"}}));
}

TEST(Metrics, AsksACallbackUntilItsRegistrationEnds) {
    Registry registry;
    {
        const auto callback =
            registry.gauge_callback("larmor_depth", "Depth.", {}, [] { return 42; });
        EXPECT_THAT(registry.to_text(), testing::HasSubstr("larmor_depth 42\n"));
    }
    EXPECT_EQ(registry.to_text(), "");
}

TEST(Metrics, ThreadsLoseNoCounts) {
    Registry registry;
    auto& counter = registry.counter("larmor_x_total", "X.");
    auto& histogram = registry.histogram("larmor_h", "H.", kDurationBuckets);
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&] {
            for (int i = 0; i < 10'000; ++i) {
                counter.add();
                histogram.observe(0.5);
                registry.counter("larmor_y_total", "Y.").add();
            }
        });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(counter.value(), 40'000);
    EXPECT_EQ(histogram.count(), 40'000);
    EXPECT_EQ(histogram.sum(), 20'000);
    EXPECT_EQ(registry.counter("larmor_y_total", "Y.").value(), 40'000);
}

}  // namespace
}  // namespace larmor::observe
