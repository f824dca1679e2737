// Sends distinct CT instances over HTTP and says how long it took until the last one was
// acknowledged: one JSON object on standard output. `bench/ingest/run` starts it.
#include <CLI/CLI.hpp>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <mutex>

#include "base/file.h"
#include "http/client.h"
#include "ingest/instances.h"

namespace larmor::bench {
namespace {

using Steady = std::chrono::steady_clock;

struct Plan {
    std::string file;
    std::uint16_t port = 0;
    std::string path;
    bool multipart =
        false;  ///< STOW-RS; else the file is the body, as Orthanc's /instances wants
    std::string token;
    std::uint64_t count = 4000;
    unsigned connections = 4;
    unsigned per_request = 1;
    Instances::Shape shape;
};

struct Outcome {
    std::atomic<std::uint64_t> next{0};
    std::atomic<std::uint64_t> acknowledged{0};
    std::atomic<std::uint64_t> bytes{0};
    std::mutex mutex;
    std::string first_failure;
    std::vector<double> latencies_ms;
};

constexpr std::string_view kBoundary = "larmor-bench-7f3a";

void append_part(std::string& body, std::string_view instance) {
    body += "--";
    body += kBoundary;
    body += "\r\nContent-Type: application/dicom\r\n\r\n";
    body += instance;
    body += "\r\n";
}

void note_failure(Outcome& outcome, const std::string& what) {
    const std::lock_guard lock(outcome.mutex);
    if (outcome.first_failure.empty()) {
        outcome.first_failure = what;
    }
}

/// One connection: takes the next numbers until there are none.
void send_some(const Plan& plan, const Instances& instances, Outcome& outcome) {
    http::Client client("127.0.0.1", plan.port, {.timeout = std::chrono::minutes(2)});
    http::Headers headers;
    headers.add("Content-Type", plan.multipart
                                    ? "multipart/related; type=\"application/dicom\"; "
                                      "boundary=" +
                                          std::string(kBoundary)
                                    : std::string("application/dicom"));
    headers.add("Accept", plan.multipart ? "application/dicom+json" : "application/json");
    if (!plan.token.empty()) {
        headers.add("Authorization", "Bearer " + plan.token);
    }
    std::string instance, body;
    std::vector<double> latencies_ms;
    while (true) {
        const auto first = outcome.next.fetch_add(plan.per_request);
        if (first >= plan.count) {
            break;
        }
        const auto last = std::min<std::uint64_t>(first + plan.per_request, plan.count);
        body.clear();
        for (auto number = first; number < last; ++number) {
            instances.make(number, instance);
            if (plan.multipart) {
                append_part(body, instance);
            } else {
                body.swap(instance);
            }
        }
        if (plan.multipart) {
            body += "--" + std::string(kBoundary) + "--\r\n";
        }
        const auto started = Steady::now();
        const auto response = client.send({"POST", plan.path, headers, body});
        latencies_ms.push_back(
            std::chrono::duration<double, std::milli>(Steady::now() - started).count());
        if (!response) {
            note_failure(outcome, response.error().message);
            return;
        }
        if (response->status != 200) {
            note_failure(outcome, std::to_string(response->status) + " " +
                                      response->body.substr(0, 300));
            return;
        }
        outcome.acknowledged += last - first;
        outcome.bytes += body.size();
    }
    const std::lock_guard lock(outcome.mutex);
    outcome.latencies_ms.insert(outcome.latencies_ms.end(), latencies_ms.begin(),
                                latencies_ms.end());
}

double percentile(std::vector<double>& values, double share) {
    if (values.empty()) {
        return 0;
    }
    const auto at = values.begin() +
                    static_cast<std::ptrdiff_t>(share * static_cast<double>(values.size() - 1));
    std::nth_element(values.begin(), at, values.end());
    return *at;
}

int run(const Plan& plan) {
    auto file = read_file(plan.file, 1 << 20);
    auto instances = file ? Instances::from(*std::move(file), plan.shape)
                          : Result<Instances>(tl::unexpected(file.error()));
    if (!instances) {
        std::fprintf(stderr, "%s\n", instances.error().message.c_str());
        return 1;
    }
    Outcome outcome;
    const auto started = Steady::now();
    {
        std::vector<std::jthread> threads;
        for (unsigned i = 0; i < plan.connections; ++i) {
            threads.emplace_back([&] { send_some(plan, *instances, outcome); });
        }
    }
    const double seconds = std::chrono::duration<double>(Steady::now() - started).count();
    std::printf(
        R"({"acknowledged":%llu,"bytes":%llu,"seconds":%.4f,"p50_ms":%.2f,"p99_ms":%.2f,"size_bytes":%zu})"
        "\n",
        static_cast<unsigned long long>(outcome.acknowledged),
        static_cast<unsigned long long>(outcome.bytes), seconds,
        percentile(outcome.latencies_ms, 0.5), percentile(outcome.latencies_ms, 0.99),
        instances->size_bytes());
    if (outcome.acknowledged != plan.count) {
        std::fprintf(stderr, "only %llu of %llu: %s\n",
                     static_cast<unsigned long long>(outcome.acknowledged),
                     static_cast<unsigned long long>(plan.count),
                     outcome.first_failure.c_str());
        return 1;
    }
    return 0;
}

}  // namespace
}  // namespace larmor::bench

int main(int argc, char** argv) {
    larmor::bench::Plan plan;
    CLI::App app("sends distinct CT instances over HTTP");
    app.add_option("--file", plan.file, "pydicom's CT_small.dcm")->required();
    app.add_option("--port", plan.port)->required();
    app.add_option("--path", plan.path)->required();
    app.add_flag("--multipart", plan.multipart);
    app.add_option("--token", plan.token);
    app.add_option("--count", plan.count);
    app.add_option("--connections", plan.connections);
    app.add_option("--per-request", plan.per_request);
    app.add_option("--side", plan.shape.side);
    app.add_option("--seed", plan.shape.seed);
    CLI11_PARSE(app, argc, argv);
    return larmor::bench::run(plan);
}
