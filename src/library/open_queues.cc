#include "library/open_queues.h"

#include "jobs/dispatch.h"
#include "preprocess/requests.h"
#include "queue/postgres/postgres_queues.h"
#include "queue/sqlite/sqlite_queues.h"
#include "routing/queue_sink.h"

namespace larmor {
namespace {

Result<std::unique_ptr<queue::Queues>> open_driver(db::Database& database,
                                                   const std::string& url, const Clock& clock) {
    if (database.dialect() == db::Dialect::Postgres) {
        return queue::postgres::open_postgres_queues(database, {.url = url});
    }
    return queue::sqlite::open_sqlite_queues(database, {.clock = &clock});
}

}  // namespace

Result<std::unique_ptr<queue::Queues>> open_queues(db::Database& database,
                                                   const std::string& url, const Clock& clock) {
    TRY(auto queues, open_driver(database, url, clock));
    TRY_VOID(queues->create(
        routing::kWebhookQueue,
        {.visibility_timeout = std::chrono::minutes(1), .receive_count_max = 12}));
    // A step that takes long keeps its message: it is only how soon a lost worker's comes back.
    TRY_VOID(queues->create(preprocess::kPreprocessQueue,
                            {.visibility_timeout = std::chrono::minutes(1)}));
    TRY_VOID(queues->create(jobs::kJobQueue, {}));
    return queues;
}

}  // namespace larmor
