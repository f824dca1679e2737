#include "restore/restores.h"

#include "async/at_once.h"
#include "base/clock.h"

namespace larmor::restore {
namespace {

using namespace std::chrono_literals;
using objects::s3::Restore;

/// The least that a copy is kept for is a day.
constexpr std::chrono::hours kSoon = 12h;
constexpr unsigned kFailedRoundsMax = 10;

}  // namespace

Result<std::vector<std::size_t>> find_unreadable(std::span<const ColdObject> objects) {
    std::vector<char> is_unreadable(objects.size());
    TRY_VOID(async::at_once(objects.size(), [&](std::size_t i) -> Result<void> {
        TRY(const auto info, objects[i].bucket->head(objects[i].name));
        is_unreadable[i] = info.is_readable() ? 0 : 1;
        return {};
    }));
    std::vector<std::size_t> places;
    for (std::size_t i = 0; i < objects.size(); ++i) {
        if (is_unreadable[i] != 0) places.push_back(i);
    }
    return places;
}

Restores::Restores(std::vector<ColdObject> objects, const Options& options, Progress& progress)
    : options_(options),
      progress_(progress),
      following_("restores", options.poll_interval, [this] { follow(); }) {
    for (auto& object : objects) {
        ++progress_.objects;
        progress_.bytes += object.size_bytes;
        ++groups_[object.group].left;
        entries_.push_back({.object = std::move(object)});
    }
    following_.start();
}

Restores::~Restores() {
    following_.stop();
}

bool Restores::Seen::ends_soon() const {
    return !until || *until - system_clock().now() < kSoon;
}

Result<std::optional<std::uint32_t>> Restores::take(unsigned group,
                                                    const std::function<bool()>& should_stop) {
    std::unique_lock lock(mutex_);
    Group& from = groups_[group];
    for (;;) {
        if (failed_) return tl::unexpected(*failed_);
        if (should_stop() || from.left == 0) return std::nullopt;
        Entry* const readable = next_readable(from);
        if (readable == nullptr) {
            // What stops us tells nobody.
            from.changed.wait_for(lock, 200ms);
            continue;
        }
        readable->seen.state = State::Taken;
        if (readable->seen.ends_soon()) {
            lock.unlock();
            const auto seen = look(readable->object);
            lock.lock();
            if (!seen) {
                count_taken(from);
                return tl::unexpected(seen.error());
            }
            if (seen->state != State::Readable) {
                readable->seen = *seen;
                continue;
            }
        }
        count_taken(from);
        return readable->object.number;
    }
}

Restores::Entry* Restores::next_readable(Group& group) {
    while (!group.readable.empty()) {
        Entry& entry = entries_[group.readable.front()];
        group.readable.pop_front();
        entry.is_listed = false;
        if (entry.seen.state == State::Readable) return &entry;
    }
    return nullptr;
}

void Restores::count_taken(Group& group) {
    if (--group.left == 0) group.changed.notify_all();
}

void Restores::follow() {
    const auto places = to_follow();
    const auto done = async::at_once(places.size(), [&](std::size_t i) -> Result<void> {
        return following_.is_stopping() ? Result<void>() : follow_one(places[i]);
    });
    const std::scoped_lock lock(mutex_);
    failed_rounds_ = done ? 0 : failed_rounds_ + 1;
    const bool may_pass = !done && done.error().code == ErrorCode::Unavailable;
    if (done || (may_pass && failed_rounds_ < kFailedRoundsMax)) return;
    failed_ = done.error();
    for (auto& [number, group] : groups_) group.changed.notify_all();
}

std::vector<std::size_t> Restores::to_follow() {
    const std::scoped_lock lock(mutex_);
    std::vector<std::size_t> places;
    for (std::size_t i = 0; i < entries_.size(); ++i) {
        const auto& seen = entries_[i].seen;
        const bool is_kept = seen.state == State::Readable && !seen.ends_soon();
        if (seen.state != State::Taken && !is_kept) places.push_back(i);
    }
    return places;
}

Result<void> Restores::follow_one(std::size_t place) {
    const Entry& entry = entries_[place];
    State before{};
    {
        const std::scoped_lock lock(mutex_);
        before = entry.seen.state;
    }
    TRY(auto seen, before == State::Asked ? look(entry.object) : ask(entry.object));
    // Its copy came and went while nobody looked.
    if (seen.state == State::Unasked) {
        TRY(seen, ask(entry.object));
    }
    note(place, seen);
    return {};
}

Result<Restores::Seen> Restores::ask(const ColdObject& object) const {
    TRY(const auto restore,
        object.bucket->request_restore(object.name, options_.days, options_.tier));
    return restore == Restore::Done ? look(object) : Seen{.state = State::Asked};
}

Result<Restores::Seen> Restores::look(const ColdObject& object) {
    TRY(const auto info, object.bucket->head(object.name));
    if (info.is_readable()) return Seen{State::Readable, info.restored_until};
    return Seen{info.restore == Restore::Ongoing ? State::Asked : State::Unasked};
}

void Restores::note(std::size_t place, const Seen& seen) {
    const std::scoped_lock lock(mutex_);
    Entry& entry = entries_[place];
    // Taken since it was looked at.
    if (entry.seen.state == State::Taken) return;
    entry.seen = seen;
    if (seen.state != State::Readable) return;
    if (!std::exchange(entry.is_counted, true)) {
        ++progress_.restored;
        progress_.restored_bytes += entry.object.size_bytes;
    }
    if (std::exchange(entry.is_listed, true)) return;
    auto& group = groups_[entry.object.group];
    group.readable.push_back(place);
    group.changed.notify_one();
}

}  // namespace larmor::restore
