// How often this disk makes bytes durable: appends of SIZE bytes, each followed by fdatasync,
// by THREADS threads on files of their own, for SECONDS. What no server on it can beat without
// sharing syncs.
#include <fcntl.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "base/file.h"

int main(int argc, char** argv) {
    using namespace larmor;
    if (argc != 5) {
        std::fprintf(stderr, "usage: %s FOLDER SIZE THREADS SECONDS\n", argv[0]);
        return 2;
    }
    const std::string folder = argv[1];
    const ByteBuffer bytes(std::strtoul(argv[2], nullptr, 10), std::byte{0x5a});
    const auto thread_count = std::strtoul(argv[3], nullptr, 10);
    const auto started = std::chrono::steady_clock::now();
    const auto end = started + std::chrono::seconds(std::strtoul(argv[4], nullptr, 10));
    std::atomic<std::uint64_t> synced{0};
    std::atomic<bool> failed{false};
    {
        std::vector<std::jthread> threads;
        for (unsigned long i = 0; i < thread_count; ++i) {
            threads.emplace_back([&, i] {
                const auto file = open_file(folder + "/sync-" + std::to_string(i),
                                            O_WRONLY | O_CREAT | O_TRUNC);
                while (file && std::chrono::steady_clock::now() < end) {
                    if (!write_all(*file, bytes) || !sync_data(*file)) {
                        failed = true;
                        return;
                    }
                    ++synced;
                }
                failed = failed || !file;
            });
        }
    }
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - started;
    std::printf("%.0f\n", static_cast<double>(synced) / seconds.count());
    return failed ? 1 : 0;
}
