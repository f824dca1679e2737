#pragma once
#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "async/periodic.h"
#include "objects/s3/client.h"

namespace larmor::restore {

/// An object of a cold tier.
struct ColdObject {
    std::shared_ptr<objects::s3::Client> bucket;
    std::string name;  ///< in the bucket
    std::uint64_t size_bytes = 0;
    unsigned group = 0;        ///< those that somebody takes together
    std::uint32_t number = 0;  ///< whatever the caller knows it by
};

struct Options {
    objects::s3::RestoreTier tier = objects::s3::RestoreTier::Bulk;
    unsigned days = 7;  ///< that a copy is readable
    std::chrono::milliseconds poll_interval{60'000};
};

/// Read from any thread.
struct Progress {
    std::atomic<std::uint64_t> objects{0};  ///< in all
    std::atomic<std::uint64_t> bytes{0};
    std::atomic<std::uint64_t> restored{0};  ///< that could be read, if only once
    std::atomic<std::uint64_t> restored_bytes{0};
};

/// Of those given, which can't be read now. Errors: those of Client::head.
Result<std::vector<std::size_t>> find_unreadable(std::span<const ColdObject> objects);

/// Objects on their way out of a cold tier: all are asked for at once, in their order, looked
/// at every so often, and given to whoever takes them as they become readable. A copy that
/// nobody has taken when its time is nearly up is kept for as long again; one whose time was
/// over is asked for again. To ask again for what was asked for before, also by a process that
/// was killed, costs nothing. Safe from any thread.
class Restores {
public:
    /// `progress` must outlive it. Requests go out on a thread of its own.
    Restores(std::vector<ColdObject> objects, const Options& options, Progress& progress);
    ~Restores();

    /// Waits for a readable object of this group that nobody took, and gives its number;
    /// nothing when all of them were taken, or as soon as `should_stop`. Errors: those of
    /// asking, given to everybody. A server that is away is asked again for ten rounds.
    Result<std::optional<std::uint32_t>> take(unsigned group,
                                              const std::function<bool()>& should_stop);

private:
    enum class State : std::uint8_t { Unasked, Asked, Readable, Taken };
    struct Seen {
        State state = State::Unasked;
        std::optional<Time> until{};  ///< of the copy
        bool ends_soon() const;
    };
    struct Entry {
        ColdObject object;
        Seen seen{};
        bool is_counted = false;  ///< as restored
        bool is_listed = false;   ///< among the readable of its group
    };
    struct Group {
        /// Places of entries that became readable and that nobody took; some may have become
        /// cold again since.
        std::deque<std::size_t> readable{};
        std::size_t left = 0;  ///< that nobody was given
        std::condition_variable changed{};
    };

    Entry* next_readable(Group& group);
    static void count_taken(Group& group);
    void follow();
    /// The places of those that somebody has to ask for, or to look at.
    std::vector<std::size_t> to_follow();
    Result<void> follow_one(std::size_t place);
    Result<Seen> ask(const ColdObject& object) const;
    static Result<Seen> look(const ColdObject& object);
    void note(std::size_t place, const Seen& seen);

    const Options options_;
    Progress& progress_;
    std::mutex mutex_;  ///< over what was seen of entries, groups, and `failed_`
    std::vector<Entry> entries_;
    std::map<unsigned, Group> groups_;
    std::optional<Error> failed_;
    unsigned failed_rounds_ = 0;
    async::Periodic following_;  ///< last: it uses all above
};

}  // namespace larmor::restore
