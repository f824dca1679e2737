// The ceiling of a spilled index: random reads of 4 KiB of a file, first from the disk, then
// from the page cache. FOLDER GIB SECONDS THREADS; prints one JSON object.
#include <fcntl.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <vector>

#include "base/file.h"
#include "reassembly/reads/read_ring.h"
#include "reassembly/reads/scratch_file.h"

namespace {

using namespace larmor;
using namespace larmor::reassembly::reads;
using Clock = std::chrono::steady_clock;

constexpr std::uint64_t kPage = 4096;
constexpr unsigned kInFlight = 128;

/// A generator of Marsaglia's (xorshift), enough to choose pages by.
std::uint64_t next_random(std::uint64_t& state) {
    state ^= state << 13U;
    state ^= state >> 7U;
    state ^= state << 17U;
    return state;
}

/// Never the same twice, for a disk that might compress or find what is equal.
Result<void> fill(const UniqueFd& file, std::uint64_t size_bytes) {
    std::vector<std::uint64_t> words(1 << 17);
    std::uint64_t state = 88172645463325252ULL;
    for (std::uint64_t at = 0; at < size_bytes; at += words.size() * 8) {
        for (auto& word : words) word = next_random(state);
        TRY_VOID(write_at(file, at, std::as_bytes(std::span(words))));
    }
    return sync_data(file);
}

Result<std::uint64_t> read_until(const UniqueFd& file, std::uint64_t page_count,
                                 Clock::time_point end, std::uint64_t seed) {
    TRY(auto ring, ReadRing::create(kInFlight));
    std::vector<std::byte> buffers(kInFlight * kPage);
    const auto start = [&](std::uint64_t buffer) {
        return ring.start(file, next_random(seed) % page_count * kPage,
                          std::span(buffers).subspan(buffer * kPage, kPage), buffer);
    };
    for (std::uint64_t i = 0; i < kInFlight; ++i) start(i);
    std::uint64_t count = 0;
    while (Clock::now() < end) {
        for (int i = 0; i < 64; ++i, ++count) {
            TRY(const auto finished, ring.next());
            start(finished->tag);
        }
    }
    return count;
}

Result<double> reads_per_second(const UniqueFd& file, std::uint64_t page_count, double seconds,
                                unsigned threads) {
    const auto start = Clock::now();
    const auto end = start + std::chrono::duration_cast<Clock::duration>(
                                 std::chrono::duration<double>(seconds));
    std::vector<Result<std::uint64_t>> counts(threads);
    std::vector<std::thread> running;
    for (unsigned i = 0; i < threads; ++i)
        running.emplace_back([&, i] { counts[i] = read_until(file, page_count, end, i + 1); });
    for (auto& thread : running) thread.join();
    double sum = 0;
    for (const auto& count : counts) {
        if (!count) return tl::unexpected(count.error());
        sum += static_cast<double>(*count);
    }
    return sum / std::chrono::duration<double>(Clock::now() - start).count();
}

Result<void> measure(const char* folder, std::uint64_t size_bytes, double seconds,
                     unsigned threads) {
    TRY(const UniqueFd file, open_scratch_file(folder));
    TRY_VOID(fill(file, size_bytes));
    ::posix_fadvise(file.get(), 0, 0, POSIX_FADV_RANDOM);
    ::posix_fadvise(file.get(), 0, 0, POSIX_FADV_DONTNEED);
    TRY(const double from_disk, reads_per_second(file, size_bytes / kPage, seconds, threads));

    std::vector<std::byte> piece(1 << 20);
    for (std::uint64_t at = 0; at < size_bytes; at += piece.size())
        TRY_VOID(read_at(file, at, piece));
    TRY(const double from_cache, reads_per_second(file, size_bytes / kPage, seconds, threads));
    std::printf("{\"gib\": %.0f, \"from_disk\": %.0f, \"from_cache\": %.0f}\n",
                static_cast<double>(size_bytes >> 30U), from_disk, from_cache);
    return {};
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 5) {
        std::fprintf(stderr, "FOLDER GIB SECONDS THREADS\n");
        return 2;
    }
    const auto measured = measure(argv[1], std::strtoull(argv[2], nullptr, 10) << 30U,
                                  std::strtod(argv[3], nullptr),
                                  static_cast<unsigned>(std::strtoul(argv[4], nullptr, 10)));
    if (measured) return 0;
    std::fprintf(stderr, "%s\n", measured.error().message.c_str());
    return 1;
}
