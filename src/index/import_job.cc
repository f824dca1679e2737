#include "index/import_job.h"

#include <algorithm>
#include <charconv>

#include "events/event_reader.h"
#include "jobs/import_events.h"
#include "jobs/jobs.h"

namespace larmor::index {
namespace {

Result<ImportJob> import_of(const jobs::Job& job, std::string_view datastore_id,
                            events::Position as_of) {
    TRY(auto places, jobs::places_of(job));
    return ImportJob{.datastore_id = std::string(datastore_id),
                     .id = jobs::to_service_id(job.id),
                     .state = job.state,
                     // Before the end, errors come without events.
                     .has_item_errors = jobs::has_ended(job.state) && job.item_errors > 0,
                     .source = std::move(places.input_uri),
                     .output = std::move(places.output_uri),
                     .submitted = job.created_at,
                     .started = job.started_at,
                     .ended = job.ended_at,
                     .as_of = as_of};
}

}  // namespace

Result<std::optional<ImportJob>> find_import_job(db::Snapshot& snapshot,
                                                 std::string_view datastore_id,
                                                 std::string_view id) {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(id.data(), id.data() + id.size(), number);
    if (error != std::errc() || end != id.data() + id.size()) {
        return fail(ErrorCode::InvalidInput, "the id of the import job is none");
    }
    TRY(const auto as_of, events::newest_position(snapshot));
    const auto job = jobs::Jobs::find(snapshot, jobs::JobId{number});
    if (!job && job.error().code == ErrorCode::NotFound) return std::optional<ImportJob>();
    if (!job) return tl::unexpected(job.error());
    if (!jobs::is_import(job->kind)) return std::optional<ImportJob>();
    TRY(auto made, import_of(*job, datastore_id, as_of));
    return std::optional(std::move(made));
}

Result<std::vector<ImportJob>> list_import_jobs(db::Snapshot& snapshot,
                                                std::string_view datastore_id) {
    TRY(const auto as_of, events::newest_position(snapshot));
    std::vector<ImportJob> imports;
    for (const auto kind : jobs::kImportKinds) {
        jobs::JobFilter filter;
        filter.kind = kind;
        std::optional<jobs::JobId> before;
        for (bool has_more = true; has_more;) {
            TRY(const auto page,
                jobs::Jobs::list(snapshot, filter, before, jobs::limits::kPage));
            for (const auto& job : page) {
                TRY(auto made, import_of(job, datastore_id, as_of));
                imports.push_back(std::move(made));
            }
            has_more = page.size() == jobs::limits::kPage;
            if (has_more) before = page.back().id;
        }
    }
    std::ranges::sort(imports, std::ranges::greater(), &ImportJob::id);
    return imports;
}

}  // namespace larmor::index
