#include "library/work.h"

#include "routing/queue_sink.h"
#include "workers/pool.h"
#include "workers/steps/deliver_webhook.h"

namespace larmor {
namespace {

constexpr std::chrono::seconds kStopWithin{10};
constexpr unsigned kWebhooksMax = 8;

}  // namespace

struct Work::Pools {
    Pools(Core& of, const Options& options)
        : core(of),
          deliver_webhook(
              {.secrets = options.webhook_secrets, .deliveries_max = kWebhooksMax}) {}

    Result<std::unique_ptr<workers::Pool>> start(const char* queue_name, workers::Step& step,
                                                 const workers::PoolOptions& options) {
        TRY(auto* const queue, core.queues().open(queue_name));
        TRY(auto pool, workers::Pool::create({.queue = *queue,
                                              .database = core.database(),
                                              .step = step,
                                              .gate = core.run_gate()},
                                             options));
        pool->start();
        return pool;
    }

    Core& core;
    workers::DeliverWebhook deliver_webhook;
    std::unique_ptr<workers::Pool> webhooks;
};

Result<std::unique_ptr<Work>> Work::start(Core& core, const Options& options) {
    auto pools = std::make_unique<Pools>(core, options);
    TRY_VOID(core.preprocessor().start());
    workers::PoolOptions webhooks;
    webhooks.lanes = {{.concurrency_max = kWebhooksMax}};
    TRY(pools->webhooks,
        pools->start(routing::kWebhookQueue, pools->deliver_webhook, webhooks));
    return std::unique_ptr<Work>(new Work(std::move(pools)));
}

Work::Work(std::unique_ptr<Pools> pools) : pools_(std::move(pools)) {}

Work::~Work() {
    pools_->core.preprocessor().stop();
    pools_->webhooks->stop(kStopWithin);
}

}  // namespace larmor
