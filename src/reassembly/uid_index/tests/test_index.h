#pragma once
#include <gtest/gtest.h>

#include <filesystem>
#include <thread>

#include "reassembly/uid_index/builder.h"
#include "reassembly/uid_index/finder.h"

namespace larmor::reassembly::uid_index::testing {

struct Appended {
    UidHash hash;
    std::uint64_t ordinal = 0;
};

inline BuildOptions in_memory(unsigned threads = 1) {
    return {.threads = threads,
            .memory_bytes = std::uint64_t{64} << 20,
            .spill_folder = std::filesystem::temp_directory_path(),
            .partition_bits = 3};
}
/// So little that blocks are spilled as soon as they are full, and tables lie in a file.
inline BuildOptions in_file(unsigned threads = 1) {
    BuildOptions options = in_memory(threads);
    options.memory_bytes = 0;
    return options;
}

/// Each thread appends every `threads`-th one.
inline void append_all(Builder& builder, unsigned threads, std::span<const Appended> all) {
    const auto append = [&](unsigned thread) {
        Appender& appender = builder.appender(thread);
        for (std::size_t i = thread; i < all.size(); i += threads) {
            const auto appended = appender.append(all[i].hash, all[i].ordinal);
            ASSERT_TRUE(appended) << appended.error().message;
        }
        const auto finished = appender.finish();
        ASSERT_TRUE(finished) << finished.error().message;
    };
    std::vector<std::thread> running;
    for (unsigned thread = 0; thread < threads; ++thread) running.emplace_back(append, thread);
    for (auto& thread : running) thread.join();
}

inline Result<Index> build_index(const BuildOptions& options, std::span<const Appended> all) {
    Builder builder(options);
    append_all(builder, options.threads, all);
    return builder.build();
}

/// The ordinals of every match of a hash, match by match.
inline std::vector<std::vector<std::uint64_t>> matches_of(Finder& finder, const UidHash& hash) {
    std::vector<std::vector<std::uint64_t>> matches;
    Match match;
    const auto found = finder.find(std::span(&hash, 1), std::span(&match, 1));
    EXPECT_TRUE(found) << found.error().message;
    while (match) {
        const auto listed = finder.records_of(hash, match, matches.emplace_back());
        EXPECT_TRUE(listed) << listed.error().message;
        match = finder.find_next(hash, match).value_or(Match{});
    }
    return matches;
}

/// The nameless files that this process has open.
inline std::vector<std::filesystem::path> scratch_files() {
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
        std::error_code gone;
        const auto target = std::filesystem::read_symlink(entry.path(), gone).string();
        if (target.ends_with("(deleted)")) files.push_back(entry.path());
    }
    return files;
}

}  // namespace larmor::reassembly::uid_index::testing
