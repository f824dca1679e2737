#pragma once
#include <chrono>
#include <cstdint>

namespace larmor::db::sqlite {

/// One try to copy the write-ahead log back into the library, beside the commits.
struct CheckpointTry {
    using Clock = std::chrono::steady_clock;
    std::uint64_t log_pages = 0;     ///< in the log when it began
    std::uint64_t copied_pages = 0;  ///< of these, in the library now
    Clock::duration took{0};
    Clock::time_point ended{};

    /// Somebody reads a state of the library that later pages would change.
    bool is_held_back() const { return copied_pages < log_pages; }
};

/// Says when the log is copied back. Each try sorts all of the log that isn't copied, so that
/// under a snapshot that is held for minutes, with gigabytes of log, tries have to be rare.
class CheckpointPolicy {
public:
    using Clock = CheckpointTry::Clock;
    /// A try is worth it from that length on.
    explicit CheckpointPolicy(std::uint64_t log_pages_max);

    bool is_due(std::uint64_t log_pages, Clock::time_point now) const;
    /// The log has become so long during a try that commits have to wait for its end. Only
    /// where a try is due or under way.
    bool commits_wait(std::uint64_t log_pages) const;
    /// What came during the try is so little that the writer copies it itself, between two
    /// commits: the log then begins anew.
    static bool ends_between_commits(std::uint64_t log_pages, const CheckpointTry& attempt);

    /// `log_pages`: what the log has by now.
    void tried(std::uint64_t log_pages, const CheckpointTry& attempt);
    /// All of the log was copied.
    void copied_all();

private:
    const std::uint64_t log_pages_max_;
    std::uint64_t copied_pages_ = 0;  ///< of the log as it is, by the last try
    std::uint64_t due_at_pages_;
    // One of both, after a try that achieved nothing.
    std::uint64_t patient_until_pages_ = 0;
    Clock::time_point patient_until_{};
};

}  // namespace larmor::db::sqlite
