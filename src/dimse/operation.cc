#include "dimse/operation.h"

#include "dimse/status.h"
#include "observe/log.h"
#include "observe/metrics.h"

namespace larmor::dimse {
namespace {

constexpr std::array<std::string_view, 6> kKinds{"echo", "store", "find",
                                                 "move", "get",   "commit"};
constexpr std::array<std::string_view, 4> kEnds{"released", "broken", "rejected", "refused"};
constexpr std::array<std::string_view, 3> kClasses{"success", "warning", "failure"};

std::size_t class_of(std::uint16_t value) {
    if (value == status::kSuccess) return 0;
    return status::is_warning(value) ? 1 : 2;
}

struct Metrics {
    std::array<std::array<observe::Counter*, kClasses.size()>, kKinds.size()> operations{};
    std::array<observe::Histogram*, kKinds.size()> seconds{};
    std::array<observe::Counter*, kKinds.size()> instances{};
    std::array<observe::Counter*, kEnds.size()> ends{};
    observe::Gauge& standing =
        observe::metrics().gauge("larmor_dimse_associations", "Associations that stand.");
    observe::Counter& received = observe::metrics().counter(
        "larmor_dimse_bytes_total", "Bytes of associations that ended.", {{"way", "in"}});
    observe::Counter& sent = observe::metrics().counter(
        "larmor_dimse_bytes_total", "Bytes of associations that ended.", {{"way", "out"}});

    Metrics() {
        auto& registry = observe::metrics();
        for (std::size_t kind = 0; kind < kKinds.size(); ++kind) {
            const std::string name(kKinds[kind]);
            for (std::size_t outcome = 0; outcome < kClasses.size(); ++outcome) {
                operations[kind][outcome] = &registry.counter(
                    "larmor_dimse_operations_total", "DIMSE operations of peers, by status.",
                    {{"operation", name}, {"status", std::string(kClasses[outcome])}});
            }
            seconds[kind] =
                &registry.histogram("larmor_dimse_operation_duration_seconds",
                                    "From the command to its last response.",
                                    observe::kDurationBuckets, {{"operation", name}});
            instances[kind] =
                &registry.counter("larmor_dimse_instances_total",
                                  "Instances stored, sent or committed; matches of a find.",
                                  {{"operation", name}});
        }
        for (std::size_t end = 0; end < kEnds.size(); ++end) {
            ends[end] = &registry.counter("larmor_dimse_associations_total",
                                          "Associations that peers asked for, by their end.",
                                          {{"end", std::string(kEnds[end])}});
        }
    }
};

Metrics& metrics() {
    static Metrics metrics;
    return metrics;
}

}  // namespace

std::string_view name_of(OperationKind kind) {
    return kKinds[static_cast<std::size_t>(kind)];
}

void finish(const Operation& operation) {
    const auto kind = static_cast<std::size_t>(operation.kind);
    const auto took = std::chrono::steady_clock::now() - operation.began;
    const std::size_t outcome = class_of(operation.status);
    metrics().operations[kind][outcome]->add();
    metrics().seconds[kind]->observe(std::chrono::duration<double>(took).count());
    metrics().instances[kind]->add(operation.instances);
    const auto level = outcome == 0 ? observe::LogLevel::Debug : observe::LogLevel::Warning;
    if (!observe::log_enabled(level)) return;
    std::array<char, 8> text{};
    std::snprintf(text.data(), text.size(), "%04X", operation.status);
    observe::log(level, "dimse operation",
                 {{"operation", name_of(operation.kind)},
                  {"calling", operation.parties.calling},
                  {"peer", operation.peer},
                  {"status", text.data()},
                  {"study_instance_uid", operation.study_instance_uid},
                  {"sop_instance_uid", operation.sop_instance_uid},
                  {"instances", operation.instances},
                  {"bytes", operation.bytes},
                  {"seconds", took}});
}

void count_association_begin() {
    metrics().standing.add();
}

void count_association_end(AssociationEnd end) {
    metrics().ends[static_cast<std::size_t>(end)]->add();
    const bool stood = end == AssociationEnd::Released || end == AssociationEnd::Broken;
    if (stood) metrics().standing.sub();
}

void count_bytes(std::uint64_t received, std::uint64_t sent) {
    metrics().received.add(received);
    metrics().sent.add(sent);
}

}  // namespace larmor::dimse
