#include "library/index_work.h"

#include "events/event_reader.h"
#include "events/rules.h"
#include "index/image_set_message.h"
#include "observe/log.h"
#include "routing/own_queues.h"
#include "workers/pool.h"
#include "workers/steps/index_image_set.h"

namespace larmor {
namespace {

constexpr std::chrono::seconds kStopWithin{10};
constexpr std::int64_t kStartsMax = 10;

std::string queue_name(const std::string& target) {
    return std::string(routing::kIndexQueues) + target;
}

/// False where there is one already: somebody may have changed it.
Result<bool> write_rule(db::Transaction& tx, events::RuleDraft draft) {
    const auto rule = events::Rules::find(tx, draft.name);
    if (!rule && rule.error().code != ErrorCode::NotFound) {
        return tl::unexpected(rule.error());
    }
    if (!rule) {
        TRY_VOID(events::Rules().create(tx, draft));
        return true;
    }
    // As it was made for a target that did not keep import jobs yet.
    if (rule->pattern == draft.pattern || rule->pattern != index::kImageSetPattern)
        return false;
    draft.is_enabled = rule->is_enabled;
    TRY_VOID(events::Rules().update(tx, draft, rule->version));
    return true;
}

/// The rule and what it is too late for, in one transaction: nothing lies between.
Result<void> make_rule(Core& core, queue::Queue& queue, const char* pattern) {
    const auto made = core.database().write_and_wait([&](db::Transaction& tx) -> Result<void> {
        const events::RuleDraft draft{.name = queue.name(),
                                      .pattern = pattern,
                                      .targets = {{events::TargetKind::Queue, queue.name()}}};
        TRY(const bool is_new, write_rule(tx, draft));
        if (!is_new) return {};
        // Nothing is applied before all that was there is.
        TRY(const auto newest, events::newest_position(tx));
        const std::vector messages{queue::NewMessage{
            .body = index::to_body(
                index::Rebuild{.position = {.epoch = newest.epoch, .sequence = 1}}),
            .is_late = true}};
        TRY_VOID(queue.send(tx, messages));
        return {};
    });
    // Another process made it meanwhile.
    if (!made && made.error().code == ErrorCode::Conflict) return {};
    return made;
}

}  // namespace

struct IndexWork::Parts {
    Parts(Core& core, std::shared_ptr<index::Target> given, queue::Queue& queue,
          const Options& options)
        : target(std::move(given)),
          step({core.database(), core.store(), core.catalog(), *target, queue},
               static_cast<unsigned>(options.concurrency_max)) {}

    std::shared_ptr<index::Target> target;
    workers::IndexImageSet step;
    std::unique_ptr<workers::Pool> pool;
};

Result<std::unique_ptr<IndexWork>> IndexWork::start(Core& core,
                                                    std::shared_ptr<index::Target> target,
                                                    const Options& options) {
    TRY(auto* const queue, core.queues().create(queue_name(options.name),
                                                {.visibility_timeout = std::chrono::minutes(2),
                                                 .receive_count_max = kStartsMax}));
    TRY_VOID(make_rule(
        core, *queue,
        target->keeps_import_jobs() ? index::kImageSetAndJobPattern : index::kImageSetPattern));
    // While one batch is written, the next one comes together.
    const std::size_t batched = target->batch_limits().documents_max;
    const std::size_t steps_max = batched > 1 ? 2 * batched : options.concurrency_max;
    auto parts = std::make_unique<Parts>(core, std::move(target), *queue, options);
    workers::PoolOptions pool;
    pool.lanes = {{.batch_max = options.batch_max,
                   .concurrency_max = steps_max,
                   .in_flight_max = options.batch_max + steps_max}};
    pool.may_receive = [&step = parts->step] { return step.may_receive(); };
    TRY(parts->pool, workers::Pool::create({.queue = *queue,
                                            .database = core.database(),
                                            .step = parts->step,
                                            .gate = core.run_gate()},
                                           pool));
    parts->pool->start();
    return std::unique_ptr<IndexWork>(new IndexWork(std::move(parts)));
}

void IndexWork::warn_of_others(Core& core, const index::Targets& kept) {
    const auto queues = core.queues().list();
    if (!queues) return;
    for (queue::Queue* const queue : *queues) {
        if (!queue->name().starts_with(routing::kIndexQueues)) continue;
        const auto name = queue->name().substr(routing::kIndexQueues.size());
        if (kept.contains(name)) continue;
        const auto rule = core.database().read([&](db::Snapshot& snapshot) {
            return events::Rules::find(snapshot, queue->name());
        });
        if (!rule || !rule->is_enabled) continue;
        observe::log_warning(
            "a target of the index gets messages that nobody here applies: keep it "
            "(--index-...), or remove it (larmor index remove)",
            {{"target", name}});
    }
}

IndexWork::IndexWork(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

IndexWork::~IndexWork() {
    parts_->pool->stop(kStopWithin);
}

}  // namespace larmor
