#pragma once
#include <atomic>
#include <cstdint>

#include "restore/restores.h"

namespace larmor::reassembly::run {

/// How far one side is. Read from any thread while a run goes on.
struct SideProgress {
    std::atomic<std::uint64_t> archives{0};  ///< in all; known before the first is opened
    std::atomic<std::uint64_t> archives_done{0};
    std::atomic<std::uint64_t> bytes{0};  ///< of all archives
    std::atomic<std::uint64_t> bytes_read{0};
    std::atomic<std::uint64_t> members{0};
};

enum class Step : std::uint8_t { Preparing, Metadata, Index, Images, Report, Done };

struct Progress {
    std::atomic<Step> step{Step::Preparing};
    SideProgress metadata;
    SideProgress images;
    restore::Progress restores;
    std::atomic<std::uint64_t> matched{0};  ///< image members whose metadata was found
    std::atomic<bool> stop{false};          ///< set by who wants the run to end early
};

}  // namespace larmor::reassembly::run
