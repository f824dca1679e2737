#include "queue/tests/sqlite_queues_under_test.h"

namespace larmor::queue {
namespace {

using db::testing::count;
using testing::must;
using testing::SqliteQueuesUnderTest;

INSTANTIATE_TEST_SUITE_P(Sqlite, QueueConformance,
                         ::testing::Values(QueuesFactory{
                             "sqlite",
                             [](std::chrono::nanoseconds poll_every) {
                                 return std::make_unique<SqliteQueuesUnderTest>(poll_every);
                             }}),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace larmor::queue
