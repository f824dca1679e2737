#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace larmor::jobs {

/// Names a job within the library; rises in the order in which they are created.
enum class JobId : std::int64_t {};
constexpr std::int64_t to_int64(JobId id) {
    return static_cast<std::int64_t>(id);
}

/// More is InvalidInput where nothing else is said.
namespace limits {
constexpr std::size_t kNameBytes = 80;  ///< of a kind, a unit, an idempotency key, who made it
constexpr std::size_t kJsonBytes = 256 << 10;   ///< of parameters, a checkpoint, a result
constexpr std::size_t kItemBytes = 256;         ///< of an item's name; a longer one is cut
constexpr std::size_t kMessageBytes = 4 << 10;  ///< of an error; a longer one is cut
constexpr std::size_t kReportBytes = 4 << 20;   ///< of the lines of one piece
constexpr std::int64_t kItemErrors = 1000;      ///< kept of a job; more are counted only
constexpr std::size_t kPage = 1000;             ///< rows of a list
}  // namespace limits

/// As stored in jobs.state.
enum class JobState : std::uint8_t {
    Queued = 0,
    Running = 1,
    Succeeded = 2,
    Failed = 3,
    Cancelled = 4,
};
/// `queued`, `running`, ...
std::string_view name_of(JobState state);
/// Errors: InvalidInput, with the words that are taken.
Result<JobState> parse_job_state(std::string_view name);
constexpr bool has_ended(JobState state) {
    return state != JobState::Queued && state != JobState::Running;
}

struct Progress {
    std::int64_t done = 0;              ///< items, those with an error included
    std::optional<std::int64_t> total;  ///< nothing: not known (yet)
    std::string unit = "items";         ///< what is counted, in the plural
};

struct NewJob {
    std::string kind;
    std::string parameters = "{}";  ///< a JSON object; never a patient's data
    std::string created_by{};       ///< the principal's name
    /// Who asks again with the same key gets the same job; none where empty.
    std::string idempotency_key{};
    Progress progress{};
};

/// What went wrong with one item. The job goes on.
struct ItemError {
    std::string item;  ///< a key, a UID, a place in a file; never a patient's name
    Error error;
};

/// A long run, as it was when it was read.
struct Job {
    JobId id{};
    std::string kind;
    std::string created_by;
    std::string parameters;  ///< JSON
    JobState state = JobState::Queued;
    bool cancel_requested = false;
    std::int64_t version = 0;  ///< rises with every change
    Progress progress;
    std::chrono::microseconds worked{0};  ///< spent on what is done
    std::int64_t item_errors = 0;  ///< all of them, of which limits::kItemErrors are kept
    std::string result;            ///< JSON: what it has come to so far; may be empty
    std::optional<Error> error;    ///< why it failed
    Time created_at;
    std::optional<Time> started_at;
    std::optional<Time> ended_at;
    std::optional<Time> expires_at;  ///< when it may be removed

    /// Items a second of work; nothing before there is any.
    std::optional<double> rate() const;
    /// As long as it is running and its total is known. Restarts and waiting in a queue are not
    /// in it.
    std::optional<std::chrono::microseconds> time_left() const;
};

}  // namespace larmor::jobs
