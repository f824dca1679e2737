// Posts bodies over kept connections, one thread each, and prints requests/s: for
// bench/http/run.
#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>

#include "http/client.h"

int main(int argc, char** argv) {
    using Clock = std::chrono::steady_clock;
    std::uint16_t port = 0;
    std::size_t size_bytes = 39 * 1024;
    unsigned connections = 4;
    double seconds = 3;
    CLI::App app{"posts bodies over kept connections"};
    app.add_option("--port", port)->required();
    app.add_option("--size", size_bytes, "of a body, in bytes");
    app.add_option("--connections", connections);
    app.add_option("--seconds", seconds);
    CLI11_PARSE(app, argc, argv);

    const std::string body(size_bytes, 'x');
    std::atomic<std::uint64_t> done{0};
    std::atomic<bool> failed{false};
    const auto began = Clock::now();
    const auto until = began + std::chrono::duration<double>(seconds);
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < connections; ++i) {
        threads.emplace_back([&] {
            larmor::http::Client client("127.0.0.1", port);
            while (Clock::now() < until) {
                const auto response = client.post("/body", "application/octet-stream", body);
                if (!response || response->status != 200) {
                    failed = true;
                    return;
                }
                ++done;
            }
        });
    }
    for (auto& thread : threads) thread.join();
    const auto took = std::chrono::duration<double>(Clock::now() - began).count();
    std::printf("%.0f\n", static_cast<double>(done) / took);
    return failed ? 1 : 0;
}
