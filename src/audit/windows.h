#pragma once
#include <chrono>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "audit/record.h"

namespace larmor::audit {

/// Acts that come in thousands: whoever opens a series reads each of its frames. The first one
/// is a record of its own, durable before its answer; while its window is open, the same act of
/// the same person on the same series is counted; when the window closes, the count becomes a
/// record. Docs/decisions/audit.md says why. Safe from any thread.
class Windows {
public:
    using Steady = std::chrono::steady_clock;
    struct Options {
        std::chrono::milliseconds length{60'000};  ///< 0: every act is a record of its own
        std::size_t count_max = 65'536;            ///< over it the oldest one closes early
    };
    explicit Windows(Options options) : options_(options) {}

    /// True when a window for such an act is open: then it is counted and needs no record.
    bool count(const Entry& entry, Steady::time_point now = Steady::now());
    /// Opens one: `record` is durable.
    void open(const Record& record, Steady::time_point now = Steady::now());

    /// Closes those that are due: records without a number for those where something was
    /// counted. At most `count_max` of them.
    std::vector<Record> close_due(Steady::time_point now, std::size_t count_max);
    /// Closes the oldest ones, due or not.
    std::vector<Record> close_all(std::size_t count_max) {
        return close_due(Steady::time_point::max(), count_max);
    }
    /// When the oldest is due.
    std::optional<Steady::time_point> next_due() const;
    std::size_t open_count() const;

private:
    struct Window {
        Record opened;
        Steady::time_point due;
        std::uint64_t repeats = 0;
        std::uint64_t instances = 0;
    };
    struct Due {
        Steady::time_point when;
        std::string key;
    };
    using Map = std::unordered_map<std::string, Window>;
    void close(Map::iterator window);
    void close_first();

    const Options options_;
    mutable std::mutex mutex_;
    Map open_;
    std::deque<Due> due_;  ///< all windows are equally long: the first to open closes first
    std::vector<Record> closed_;  ///< not yet taken
};

/// True for acts that windows count: reads, stores, messages of queues and whatever is refused.
bool is_counted(const Entry& entry);

}  // namespace larmor::audit
