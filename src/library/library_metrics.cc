#include "library/library_metrics.h"

#include <array>

namespace larmor {

std::vector<observe::Registry::Callback> register_library_metrics(
    const db::Database& database, admission::Admission& admission) {
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
    };
    std::vector<observe::Registry::Callback> callbacks;
    for (const Row& row : kRows) {
        callbacks.push_back(observe::metrics().gauge_callback(
            row.name, row.help, {},
            [&database, value = row.value] { return value(database.stats()); }));
    }
    struct DiskRow {
        const char* name;
        const char* help;
        double (*value)(const admission::State&);
    };
    static constexpr std::array kDiskRows = {
        DiskRow{"larmor_disk_free_bytes", "Free bytes of the disk that holds the library.",
                [](const admission::State& state) {
                    return static_cast<double>(state.disk.free_bytes);
                }},
        DiskRow{"larmor_disk_reserve_bytes",
                "Nothing is stored while the disk has fewer free bytes.",
                [](const admission::State& state) {
                    return static_cast<double>(state.reserve_bytes);
                }},
        DiskRow{"larmor_read_only",
                "1 when nothing is stored or changed: by switch, or since a write or sync "
                "failed.",
                [](const admission::State& state) { return state.read_only ? 1.0 : 0.0; }}};
    for (const DiskRow& row : kDiskRows) {
        callbacks.push_back(observe::metrics().gauge_callback(
            row.name, row.help, {},
            [&admission, value = row.value] { return value(admission.state()); }));
    }
    return callbacks;
}

}  // namespace larmor
