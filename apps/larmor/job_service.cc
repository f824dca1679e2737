#include "larmor/job_service.h"

#include <charconv>

#include "api/job_json.h"
#include "base/json_text.h"
#include "base/percent.h"
#include "http/query.h"
#include "larmor/command_actor.h"
#include "library/library.h"

namespace larmor {
namespace {

/// Longer than a request waits at the server.
constexpr std::chrono::seconds kCallTimeout{60};

/// Rows, where no server has the library: nobody works on them meanwhile.
class LocalJobs final : public JobService {
public:
    explicit LocalJobs(std::unique_ptr<Library> library) : library_(std::move(library)) {}

    Result<JobPage> list(const std::string& text) override {
        TRY(const auto query, http::parse_query(text));
        jobs::JobFilter filter;
        if (const auto state = query.find("state")) {
            TRY(filter.state, jobs::parse_job_state(*state));
        }
        filter.kind = query.find("kind").value_or("");
        std::optional<jobs::JobId> before;
        if (const auto id = query.find("before")) {
            TRY(before, parse_id(std::string(*id)));
        }
        TRY(const auto found, library_->database().read([&](db::Snapshot& snapshot) {
            return jobs::Jobs::list(snapshot, filter, before, jobs::limits::kPage);
        }));
        JobPage page;
        for (const auto& job : found) {
            TRY(auto view, view_of(job));
            page.jobs.push_back(std::move(view));
        }
        if (found.size() == jobs::limits::kPage) page.next = page.jobs.back().id;
        return page;
    }
    Result<JobView> find(const std::string& id) override {
        TRY(const auto job_id, parse_id(id));
        TRY(const auto job, library_->database().read([&](db::Snapshot& snapshot) {
            return jobs::Jobs::find(snapshot, job_id);
        }));
        return view_of(job);
    }
    Result<JobView> cancel(const std::string& id) override {
        TRY(const auto job_id, parse_id(id));
        TRY(const auto job, library_->database().write_and_wait([&](db::Transaction& tx) {
            return library_->jobs().jobs.cancel(tx, job_id);
        }));
        TRY_VOID(put_on_record(id, "job cancel"));
        return view_of(job);
    }
    Result<void> remove(const std::string& id) override {
        TRY(const auto job_id, parse_id(id));
        TRY_VOID(library_->database().write_and_wait(
            [&](db::Transaction& tx) { return library_->jobs().jobs.remove(tx, job_id); }));
        return put_on_record(id, "job delete");
    }
    Result<std::string> errors(const std::string& id, std::int64_t after) override {
        TRY(const auto job_id, parse_id(id));
        TRY(const auto found, library_->database().read([&](db::Snapshot& snapshot) {
            return jobs::Jobs::errors(snapshot, job_id, after, jobs::limits::kPage);
        }));
        return api::errors_json(found, after);
    }

private:
    static Result<JobView> view_of(const jobs::Job& job) {
        std::string json;
        api::append_job_json(json, job);
        return parse_job(json);
    }
    static Result<jobs::JobId> parse_id(const std::string& text) {
        std::int64_t number = 0;
        const auto* const end = text.data() + text.size();
        const auto read = std::from_chars(text.data(), end, number);
        if (read.ec != std::errc() || read.ptr != end) {
            return fail(ErrorCode::NotFound, "no job " + text);
        }
        return jobs::JobId(number);
    }
    Result<void> put_on_record(const std::string& id, const char* what) {
        audit::Entry entry;
        entry.action = audit::Action::JobChange;
        entry.actor = command_actor();
        entry.subject.object = id;
        entry.route = what;
        return library_->audit().record_and_wait(std::move(entry));
    }

    std::unique_ptr<Library> library_;
};

std::string path_of(const std::string& id) {
    return "/v1/jobs/" + percent_encode(id);
}

}  // namespace

ServerJobs::ServerJobs(const RunningServer& server)
    : name_(server.name()), api_(server, kCallTimeout) {}

Error ServerJobs::went_away(const Error& error) const {
    if (error.code != ErrorCode::Unavailable) return error;
    return {error.code, "the server at " + name_ + " went away (" + error.message +
                            "): its jobs go on where they were when it starts again"};
}

Result<std::string> ServerJobs::call(std::string_view method, const std::string& target) {
    auto answer = api_.call(method, target, {}, {});
    if (!answer) return tl::unexpected(went_away(answer.error()));
    return answer;
}

Result<JobPage> ServerJobs::list(const std::string& query) {
    TRY(const auto answer, call("GET", "/v1/jobs?" + query));
    return parse_job_page(answer);
}

Result<JobView> ServerJobs::find(const std::string& id) {
    TRY(const auto answer, call("GET", path_of(id)));
    return parse_job(answer);
}

Result<JobView> ServerJobs::cancel(const std::string& id) {
    TRY(const auto answer, call("POST", path_of(id) + "/cancel"));
    return parse_job(answer);
}

Result<void> ServerJobs::remove(const std::string& id) {
    TRY_VOID(call("DELETE", path_of(id)));
    return {};
}

Result<std::string> ServerJobs::errors(const std::string& id, std::int64_t after) {
    return call("GET", path_of(id) + "/errors?after=" + std::to_string(after));
}

Result<JobView> ServerJobs::create(const std::string& kind, const std::string& parameters) {
    const std::string body =
        R"({"kind":)" + to_json_string(kind) + R"(,"parameters":)" + parameters + '}';
    TRY(const auto answer, api_.call("POST", "/v1/jobs", body, {}));
    return parse_job(answer);
}

Result<JobView> ServerJobs::wait(const JobView& known) {
    const http::Headers headers{{"Prefer", "wait=1"},
                                {"If-None-Match", '"' + std::to_string(known.version) + '"'}};
    auto answer = api_.call("GET", path_of(known.id), {}, headers);
    if (!answer) return tl::unexpected(went_away(answer.error()));
    if (answer->empty()) return known;
    return parse_job(*answer);
}

Result<std::string> ServerJobs::report(const std::string& id, std::int64_t& after) {
    auto answer =
        api_.ask("GET", path_of(id) + "/report?after=" + std::to_string(after), {}, {});
    if (!answer) return tl::unexpected(went_away(answer.error()));
    const auto next = answer->headers.get("Larmor-Next");
    std::from_chars(next.data(), next.data() + next.size(), after);
    return std::move(answer->body);
}

Result<std::unique_ptr<JobService>> open_job_service(const Settings& settings) {
    auto opened = Library::open({.folder = settings.library, .database = settings.database});
    if (opened) return std::make_unique<LocalJobs>(*std::move(opened));
    TRY(const auto server, server_instead_of(opened.error(), settings.library));
    return std::make_unique<ServerJobs>(server);
}

}  // namespace larmor
