#include "retention/purger.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "async/executor.h"
#include "observe/log.h"
#include "observe/metrics.h"

namespace larmor::retention {
namespace {

using std::chrono::microseconds;

/// Of one transaction: some milliseconds of the writer.
constexpr std::size_t kInstancesAtOnce = 100;
constexpr std::size_t kDeletionsAtOnce = 100;
/// Between two looks at least, also where something expires all the time.
constexpr microseconds kLookMin = std::chrono::milliseconds(100);

audit::Entry entry_of(const catalog::Deletion& deletion, const audit::Actor& actor) {
    audit::Entry entry;
    entry.action = audit::Action::Delete;
    entry.actor = actor;
    entry.route = "purge";
    entry.subject.patient_id = deletion.patient_id;
    entry.subject.study = deletion.study_instance_uid;
    entry.subject.series = deletion.series_instance_uid;
    entry.subject.instance = deletion.sop_instance_uid;
    entry.subject.object = deletion.id;
    entry.subject.instances = static_cast<std::uint64_t>(deletion.number_of_instances);
    entry.detail = "its time was up: removed for good";
    return entry;
}

}  // namespace

struct Purger::Core {
    Core(Services with_services, Options with_options)
        : services(with_services),
          options(std::move(with_options)),
          boot(options.clock->now() - options.clock->uptime()) {}

    Services services;
    Options options;
    const Time boot;  ///< as both clocks said when this began
    observe::Counter& purged = observe::metrics().counter(
        "larmor_purged_instances_total", "Deleted instances that were removed for good.");
    std::mutex mutex;
    std::condition_variable changed;
    bool stopping = false;
    bool woken = false;
    std::mutex purging;  ///< one at a time
    std::thread thread;

    bool is_stopping() {
        const std::lock_guard lock(mutex);
        return stopping;
    }

    Result<void> check_clock() const {
        const auto jump = options.clock->now() - options.clock->uptime() - boot;
        if (jump <= options.clock_jump_max) return {};
        const auto hours = std::chrono::duration_cast<std::chrono::hours>(jump).count();
        return fail(ErrorCode::Conflict,
                    "the clock was set forward by " + std::to_string(hours) +
                        " hours: what was deleted is kept until the server is started again");
    }

    Result<std::int64_t> purge(const catalog::Deletion& deletion) {
        const std::lock_guard one(purging);
        TRY_VOID(services.admission.allow_change());
        TRY_VOID(services.database.write_and_wait([&](db::Transaction& tx) {
            return services.catalog.begin_purge(tx, deletion.id);
        }));
        std::int64_t instances = 0;
        for (bool done = false; !done && !is_stopping();) {
            TRY(const auto some, services.database.write_and_wait([&](db::Transaction& tx) {
                return services.catalog.purge_some(tx, deletion.row, kInstancesAtOnce,
                                                   [&](objects::ObjectId object) {
                                                       return services.store.remove(tx, object);
                                                   });
            }));
            instances += some.instances;
            purged.add(static_cast<std::uint64_t>(some.instances));
            done = some.done;
        }
        observe::log_info("purged", {{"deletion", deletion.id}, {"instances", instances}});
        return instances;
    }

    Result<std::int64_t> purge_expired(const audit::Actor& actor) {
        TRY_VOID(services.admission.allow_change());
        TRY_VOID(check_clock());
        std::int64_t instances = 0;
        while (!is_stopping()) {
            TRY(const auto expired, services.database.read([&](db::Snapshot& snapshot) {
                return services.catalog.list_expired(snapshot, options.clock->now(),
                                                     kDeletionsAtOnce);
            }));
            if (expired.empty()) break;
            for (const auto& deletion : expired) {
                if (is_stopping()) break;
                TRY_VOID(services.audit.record_and_wait(entry_of(deletion, actor)));
                TRY(const std::int64_t some, purge(deletion));
                instances += some;
            }
        }
        TRY_VOID(services.store.collect_garbage());
        return instances;
    }

    /// When the next deletion expires, at least and at most what the constants say.
    microseconds until_next_look() {
        const auto next = services.database.read([&](db::Snapshot& snapshot) {
            return services.catalog.list_expired(snapshot, Time::max(), 1);
        });
        if (!next || next->empty()) return options.look_every;
        return std::clamp<microseconds>(next->front().expires - options.clock->now(), kLookMin,
                                        options.look_every);
    }

    void run(const audit::Actor& actor) {
        async::name_this_thread("purge");
        for (;;) {
            microseconds wait = options.look_every;
            if (const auto done = purge_expired(actor); done) {
                wait = until_next_look();
            } else {
                observe::log_error("purge", {{"error", done.error().message}});
            }
            std::unique_lock lock(mutex);
            changed.wait_for(lock, wait, [&] { return stopping || woken; });
            if (stopping) return;
            woken = false;
        }
    }
};

Purger::Purger(Services services) : Purger(services, Options{}) {}
Purger::Purger(Services services, Options options)
    : core_(std::make_unique<Core>(services, std::move(options))) {}
Purger::~Purger() {
    stop();
}

void Purger::start(audit::Actor actor) {
    LARMOR_CHECK(!core_->thread.joinable());
    core_->thread =
        std::thread([core = core_.get(), actor = std::move(actor)] { core->run(actor); });
}

void Purger::wake() {
    const std::lock_guard lock(core_->mutex);
    core_->woken = true;
    core_->changed.notify_all();
}

void Purger::stop() {
    {
        const std::lock_guard lock(core_->mutex);
        core_->stopping = true;
        core_->changed.notify_all();
    }
    if (core_->thread.joinable()) core_->thread.join();
}

Result<std::int64_t> Purger::purge_expired(const audit::Actor& actor) {
    return core_->purge_expired(actor);
}

Result<std::int64_t> Purger::purge(const std::string& deletion_id) {
    TRY(const auto deletion, core_->services.database.read([&](db::Snapshot& snapshot) {
        return core_->services.catalog.find_deletion(snapshot, deletion_id);
    }));
    return core_->purge(deletion);
}

}  // namespace larmor::retention
