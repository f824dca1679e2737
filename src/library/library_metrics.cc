#include "library/library_metrics.h"

namespace larmor {

std::vector<observe::Registry::Callback> register_writer_metrics(const db::Database& database) {
    using Stats = db::WriterStats;
    struct Row {
        const char* name;
        const char* help;
        double (*value)(const Stats&);
    };
    static constexpr Row kRows[] = {
        {"larmor_db_groups", "Group commits since the start: one sync each.",
         [](const Stats& stats) { return static_cast<double>(stats.groups); }},
        {"larmor_db_requests", "Write requests committed since the start.",
         [](const Stats& stats) { return static_cast<double>(stats.requests); }},
        {"larmor_db_requests_failed", "Write requests rolled back since the start.",
         [](const Stats& stats) { return static_cast<double>(stats.failed); }},
        {"larmor_db_queue_depth", "Write requests that wait for the writer.",
         [](const Stats& stats) { return static_cast<double>(stats.queued); }},
        {"larmor_db_group_requests_max", "Requests in the largest group so far.",
         [](const Stats& stats) { return static_cast<double>(stats.group_max); }},
        {"larmor_db_commit_seconds", "Time spent in commits since the start.",
         [](const Stats& stats) { return static_cast<double>(stats.commit_us) / 1e6; }},
        {"larmor_db_read_only", "1 after a failed sync: nothing is written until a restart.",
         [](const Stats& stats) { return stats.read_only ? 1.0 : 0.0; }},
    };
    std::vector<observe::Registry::Callback> callbacks;
    for (const Row& row : kRows) {
        callbacks.push_back(observe::metrics().gauge_callback(
            row.name, row.help, {},
            [&database, value = row.value] { return value(database.stats()); }));
    }
    return callbacks;
}

}  // namespace larmor
