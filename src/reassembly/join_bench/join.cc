#include "reassembly/join_bench/join.h"

#include <atomic>
#include <chrono>
#include <thread>

#include "base/ids.h"
#include "reassembly/join_bench/process_memory.h"
#include "reassembly/join_bench/synthetic_uids.h"
#include "reassembly/uid_index/builder.h"
#include "reassembly/uid_index/finder.h"

namespace larmor::reassembly::join_bench {
namespace {

using uid_index::Finder;
using uid_index::Match;
using uid_index::UidHash;
using Clock = std::chrono::steady_clock;

/// What the program itself and its threads take beside the index.
constexpr std::uint64_t kProgramBytes = std::uint64_t{48} << 20;
/// A thread takes that many numbers at a time.
constexpr std::uint64_t kStretch = 1 << 16;
/// Of an index in memory a window need only be long enough to hide the wait for it; of one in a
/// file, the more look-ups there are to choose from, the more reads are under way to its end.
constexpr std::uint64_t kWindowInMemory = 256, kWindowInFile = 8192;

double seconds_since(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
}

class Join {
public:
    explicit Join(const JoinOptions& options)
        : options_(options),
          uids_(options.keys),
          hasher_(uid_index::UidHasher::with_random_secret()) {}

    Result<JoinReport> run() {
        const std::uint64_t waiting =
            options_.payload_bytes == 0 ? 0 : options_.memory_bytes / 8;
        // For each partition and thread a page and what is gathered for it.
        constexpr std::uint64_t kPartitionBytes = 4352;
        const std::uint64_t least =
            kProgramBytes + (kPartitionBytes * options_.threads << options_.partition_bits);
        if (options_.memory_bytes - waiting < least) {
            return fail(ErrorCode::LimitExceeded, "this join works in no less than " +
                                                      std::to_string((waiting + least) >> 20U) +
                                                      " MiB");
        }
        uid_index::Builder builder(
            {.threads = options_.threads,
             .memory_bytes = options_.memory_bytes - waiting - kProgramBytes,
             .spill_folder = options_.spool_folder,
             .partition_bits = options_.partition_bits});
        auto start = Clock::now();
        TRY_VOID(in_threads([&](unsigned thread) { return scan(builder.appender(thread)); }));
        report_.scan_s = seconds_since(start);

        start = Clock::now();
        TRY(const uid_index::Index index, builder.build());
        report_.build_s = seconds_since(start);
        report_.spilled_bytes = builder.spilled_bytes();
        report_.index_memory_bytes = index.memory_bytes();
        report_.index_file_bytes = index.file_bytes();

        report_.window_members = index.in_file() ? kWindowInFile : kWindowInMemory;
        if (options_.payload_bytes > 0) {
            const std::uint64_t fit = waiting / options_.payload_bytes / options_.threads;
            report_.window_members = std::clamp<std::uint64_t>(fit, 1, report_.window_members);
        }
        start = Clock::now();
        TRY_VOID(in_threads([&](unsigned) { return probe(index); }));
        report_.probe_s = seconds_since(start);
        report_.pairs = pairs_;
        report_.wrong = wrong_;
        report_.refused = refused_;
        TRY(report_.peak_resident_bytes, peak_resident_bytes());
        return report_;
    }

private:
    /// Runs `work` in every thread; the first error of any.
    template <typename Work>
    Result<void> in_threads(const Work& work) {
        next_ = 0;
        std::vector<Result<void>> results(options_.threads);
        std::vector<std::thread> threads;
        for (unsigned i = 1; i < options_.threads; ++i)
            threads.emplace_back([&, i] { results[i] = work(i); });
        results[0] = work(0);
        for (auto& thread : threads) thread.join();
        for (auto& result : results)
            if (!result) return std::move(result);
        return {};
    }

    /// The next numbers for a thread, [first, second); empty when there are no more.
    std::pair<std::uint64_t, std::uint64_t> next_stretch() {
        const std::uint64_t first = std::min(next_.fetch_add(kStretch), options_.keys);
        return {first, std::min(first + kStretch, options_.keys)};
    }

    /// Members of one thread that are looked up at once.
    struct Window {
        std::vector<UidText> uids;
        std::vector<std::uint64_t> numbers;
        std::vector<UidHash> hashes;
        std::vector<Match> matches;
        explicit Window(std::size_t size)
            : uids(size), numbers(size), hashes(size), matches(size) {}
    };

    /// What is done to the name of every member, on both sides: first it is text, which is
    /// checked and hashed. `number_of(i)` is the number of the UID at place `i`, and `use(i)`
    /// goes on with its hash.
    template <typename Number, typename Use>
    Result<void> name_members(Window& window, std::size_t size, const Number& number_of,
                              const Use& use) const {
        // Few at a time: a text is read when it has left the processor's store buffer and is
        // still in its first cache, and what `use` waits for comes at once.
        constexpr std::size_t kFew = 16;
        for (std::size_t first = 0; first < size; first += kFew) {
            const std::size_t end = std::min(first + kFew, size);
            for (std::size_t i = first; i < end; ++i) {
                window.numbers[i] = number_of(i);
                SyntheticUids::write(window.numbers[i], window.uids[i]);
            }
            for (std::size_t i = first; i < end; ++i) {
                const std::string_view uid = window.uids[i].view();
                if (!is_uid_key_part(uid))
                    return fail(ErrorCode::InvalidInput, "this is no UID");
                window.hashes[i] = hasher_(uid);
            }
            for (std::size_t i = first; i < end; ++i) TRY_VOID(use(i));
        }
        return {};
    }

    Result<void> scan(uid_index::Appender& appender) {
        Window window(kWindowInMemory);
        for (;;) {
            const auto [first, last] = next_stretch();
            if (first == last) return appender.finish();
            for (std::uint64_t at = first; at < last; at += kWindowInMemory) {
                const auto size = std::min<std::size_t>(kWindowInMemory, last - at);
                TRY_VOID(name_members(
                    window, size, [&](std::size_t i) { return at + i; },
                    [&](std::size_t i) {
                        return appender.append(window.hashes[i], window.numbers[i]);
                    }));
            }
        }
    }

    struct Counts {
        std::uint64_t pairs = 0, wrong = 0, refused = 0;
    };

    Result<void> probe(const uid_index::Index& index) {
        TRY(Finder finder, Finder::create(index));
        Window window(report_.window_members);
        Counts counts;
        for (;;) {
            const auto [first, last] = next_stretch();
            if (first == last) break;
            for (std::uint64_t at = first; at < last; at += window.uids.size()) {
                const std::size_t size = std::min<std::size_t>(window.uids.size(), last - at);
                TRY_VOID(name_members(
                    window, size, [&](std::size_t i) { return uids_.shuffled(at + i); },
                    [](std::size_t) { return Result<void>(); }));
                TRY_VOID(finder.find_each(std::span(window.hashes).first(size),
                                          std::span(window.matches).first(size),
                                          [&](std::size_t i, const Match& match) {
                                              return pair(finder, window, i, match, counts);
                                          }));
            }
        }
        pairs_ += counts.pairs;
        wrong_ += counts.wrong;
        refused_ += counts.refused;
        return {};
    }

    /// Compares the full UIDs. In place of a spool, the record of the build side is made again.
    static Result<void> pair(Finder& finder, const Window& window, std::size_t i,
                             const Match& match, Counts& counts) {
        if (match && !uid_index::is_list(match.value)) {
            UidText record;
            SyntheticUids::write(match.value - 1, record);
            if (record.view() == window.uids[i].view()) {
                ++counts.pairs;
                counts.wrong += match.value - 1 != window.numbers[i] ? 1 : 0;
                return {};
            }
        }
        return pair_further(finder, window, i, match, counts);
    }

    /// The same where there are several: a match of another UID's record goes on to the next.
    static Result<void> pair_further(Finder& finder, const Window& window, std::size_t i,
                                     Match match, Counts& counts) {
        std::vector<std::uint64_t> ordinals;
        while (match) {
            ordinals.clear();
            TRY_VOID(finder.records_of(window.hashes[i], match, ordinals));
            for (const std::uint64_t ordinal : ordinals) {
                UidText record;
                SyntheticUids::write(ordinal, record);
                if (record.view() == window.uids[i].view()) {
                    ++counts.pairs;
                    counts.wrong += ordinal != window.numbers[i] ? 1 : 0;
                    return {};
                }
                ++counts.refused;
            }
            TRY(match, finder.find_next(window.hashes[i], match));
        }
        return {};
    }

    const JoinOptions& options_;
    const SyntheticUids uids_;
    const uid_index::UidHasher hasher_;
    JoinReport report_;
    std::atomic<std::uint64_t> next_{0}, pairs_{0}, wrong_{0}, refused_{0};
};

}  // namespace

Result<JoinReport> run_join(const JoinOptions& options) {
    if (options.keys == 0 || options.threads == 0) {
        return fail(ErrorCode::InvalidInput, "a join needs at least one key and one thread");
    }
    return Join(options).run();
}

}  // namespace larmor::reassembly::join_bench
