#pragma once
#include "events/router.h"
#include "jobs/kind.h"
#include "queue/queues.h"

namespace larmor::workers {

/// Jobs of the kind `replay`: events of the log are sent to a queue again, or to the targets of
/// a rule, a page a transaction. `{"queue":"index","from":42}`, or `from` as a time in UTC, and
/// where wanted `"last":99` (else the newest when the job begins) and `"pattern":{..}`;
/// `{"rule":"index","from":42}` sends what the rule matches to its queues and webhooks, as it
/// is at each page. The program's own queues are refused: what they hold is no envelope. A
/// position that is no longer kept fails it: then what is fed by the queue is made anew from
/// the catalog.
class ReplayJob final : public jobs::Kind {
public:
    /// Both must outlive it.
    ReplayJob(queue::Queues& queues, events::MessageSink& sink)
        : queues_(queues), sink_(sink) {}

    Result<void> check(db::Snapshot& snapshot, const std::string& parameters) const override;
    Result<std::unique_ptr<jobs::Run>> start(const jobs::Jobs::Begun& begun) override;

private:
    queue::Queues& queues_;
    events::MessageSink& sink_;
};

}  // namespace larmor::workers
