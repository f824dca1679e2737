#include "audit/windows.h"

#include <algorithm>

namespace larmor::audit {
namespace {

/// What two acts must share to be the same: who, from where, what and how it went.
void make_key(std::string& key, const Entry& entry) {
    key.clear();
    key += static_cast<char>('a' + static_cast<int>(entry.action));
    key += static_cast<char>('0' + static_cast<int>(entry.outcome));
    for (const std::string* part : {&entry.actor.id, &entry.actor.address, &entry.subject.study,
                                    &entry.subject.series, &entry.subject.query}) {
        key += *part;
        key += '\n';
    }
    // Of what was refused the route is all that is known; else it is no part of the act, but
    // with queues, where it says which one it was.
    const bool is_queue_use = entry.action == Action::QueueUse;
    if (entry.outcome != Outcome::Success || is_queue_use) key += entry.route;
    if (entry.outcome == Outcome::Success && is_queue_use) key += '\n' + entry.subject.object;
}

Record closing(const Record& opened, std::uint64_t repeats, std::uint64_t instances) {
    Record record = opened;
    record.repeats = repeats;
    record.repeats_of = opened.number;
    record.since = opened.time;
    record.entry.subject.instances = instances;
    // These belonged to the first one only.
    record.entry.subject.instance.clear();
    record.entry.request_id.clear();
    return record;
}

}  // namespace

bool is_counted(const Entry& entry) {
    if (entry.outcome == Outcome::Refused) return true;
    switch (entry.action) {
        case Action::Query:
        case Action::ReadMetadata:
        case Action::Retrieve:
        case Action::Render:
        case Action::Store:
        case Action::QueueUse:
            return true;
        default:
            return false;
    }
}

bool Windows::count(const Entry& entry, Steady::time_point now) {
    if (options_.length.count() == 0 || !is_counted(entry)) return false;
    thread_local std::string key;
    make_key(key, entry);
    const std::lock_guard lock(mutex_);
    const auto found = open_.find(key);
    if (found == open_.end()) return false;
    // Due and not yet closed: what comes now opens the next one.
    if (now >= found->second.due) return false;
    ++found->second.repeats;
    found->second.instances += entry.subject.instances;
    return true;
}

void Windows::open(const Record& record, Steady::time_point now) {
    if (options_.length.count() == 0 || !is_counted(record.entry)) return;
    Due due{now + options_.length, {}};
    make_key(due.key, record.entry);
    const std::lock_guard lock(mutex_);
    // Two began at the same time: both are on record, one window counts.
    const auto [at, is_new] = open_.try_emplace(due.key, Window{record, due.when});
    if (!is_new) {
        if (at->second.due > now) return;
        close(at);
        open_.emplace(due.key, Window{record, due.when});
    }
    due_.push_back(std::move(due));
    if (open_.size() > options_.count_max) close_first();
}

void Windows::close(Map::iterator window) {
    const Window& closed = window->second;
    if (closed.repeats > 0) {
        closed_.push_back(closing(closed.opened, closed.repeats, closed.instances));
    }
    open_.erase(window);
}

/// The oldest one, unless it was closed before.
void Windows::close_first() {
    const Due due = std::move(due_.front());
    due_.pop_front();
    const auto found = open_.find(due.key);
    if (found != open_.end() && found->second.due == due.when) close(found);
}

std::vector<Record> Windows::close_due(Steady::time_point now, std::size_t count_max) {
    const std::lock_guard lock(mutex_);
    while (closed_.size() < count_max && !due_.empty() && due_.front().when <= now) {
        close_first();
    }
    const auto count = std::min(count_max, closed_.size());
    std::vector<Record> taken(
        std::make_move_iterator(closed_.begin()),
        std::make_move_iterator(closed_.begin() + static_cast<std::ptrdiff_t>(count)));
    closed_.erase(closed_.begin(), closed_.begin() + static_cast<std::ptrdiff_t>(count));
    return taken;
}

std::optional<Windows::Steady::time_point> Windows::next_due() const {
    const std::lock_guard lock(mutex_);
    if (!closed_.empty()) return Steady::time_point::min();
    if (due_.empty()) return std::nullopt;
    return due_.front().when;
}

std::size_t Windows::open_count() const {
    const std::lock_guard lock(mutex_);
    return open_.size();
}

}  // namespace larmor::audit
