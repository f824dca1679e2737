#include "workers/lane_metrics.h"

namespace larmor::workers {
namespace {

observe::Counter& outcome(observe::Labels labels, std::string_view name) {
    labels.emplace_back("outcome", name);
    return observe::metrics().counter("larmor_worker_outcomes_total",
                                      "Messages by what became of their delivery.", labels);
}

observe::Labels labels_of(const std::string& queue, const std::string& lane) {
    return {{"queue", queue}, {"lane", lane}};
}

}  // namespace

LaneMetrics::LaneMetrics(const std::string& queue, const std::string& lane)
    : batch_size(observe::metrics().histogram("larmor_worker_batch_size",
                                              "Messages of a receive, which may be none.",
                                              observe::kBatchBuckets, labels_of(queue, lane))),
      in_flight(observe::metrics().gauge("larmor_worker_in_flight",
                                         "Messages received and without an outcome.",
                                         labels_of(queue, lane))),
      in_flight_max(observe::metrics().gauge("larmor_worker_in_flight_max",
                                             "How many messages may be in flight.",
                                             labels_of(queue, lane))),
      running(observe::metrics().gauge("larmor_worker_running", "Steps at work.",
                                       labels_of(queue, lane))),
      running_max(observe::metrics().gauge("larmor_worker_running_max",
                                           "How many steps may be at work.",
                                           labels_of(queue, lane))),
      overdue(observe::metrics().gauge("larmor_worker_overdue",
                                       "Steps that took longer than they may and still run.",
                                       labels_of(queue, lane))),
      step_seconds(
          observe::metrics().histogram("larmor_worker_step_seconds", "How long steps took.",
                                       observe::kDurationBuckets, labels_of(queue, lane))),
      extended(observe::metrics().counter("larmor_worker_extended_total",
                                          "Visibility timeouts extended while work went on.",
                                          labels_of(queue, lane))),
      receive_failed(observe::metrics().counter("larmor_worker_receive_failed_total",
                                                "Receives that failed.",
                                                labels_of(queue, lane))),
      done(outcome(labels_of(queue, lane), "done")),
      retried(outcome(labels_of(queue, lane), "retried")),
      dead(outcome(labels_of(queue, lane), "dead")),
      lost(outcome(labels_of(queue, lane), "lost")),
      given_back(outcome(labels_of(queue, lane), "given_back")) {}

}  // namespace larmor::workers
