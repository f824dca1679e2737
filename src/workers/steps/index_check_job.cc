#include "workers/steps/index_check_job.h"

#include <simdjson.h>

#include "async/worker_pool.h"
#include "base/json_text.h"
#include "index/checker.h"
#include "routing/index_sequence.h"
#include "routing/own_queues.h"

namespace larmor::workers {
namespace {

using index::Checker;
using Services = IndexCheckJob::Services;

struct CheckParameters {
    std::string target;
    Checker::Repair repair = Checker::Repair::No;
};

Result<CheckParameters> parse_check_parameters(std::string_view json) {
    simdjson::dom::parser parser;
    simdjson::dom::object object;
    if (parser.parse(json).get(object) != simdjson::SUCCESS) {
        return fail(ErrorCode::InvalidInput, "the parameters are a JSON object");
    }
    CheckParameters parameters;
    for (const auto [name, value] : object) {
        std::string_view text;
        bool repair = false;
        if (name == "target" && value.get(text) == simdjson::SUCCESS) {
            parameters.target = text;
        } else if (name == "repair" && value.get(repair) == simdjson::SUCCESS) {
            if (repair) parameters.repair = Checker::Repair::Yes;
        } else {
            return fail(ErrorCode::InvalidInput,
                        "a check of the index has the parameters target, a name, and repair, "
                        "true or false, and no other");
        }
    }
    return parameters;
}

/// Where a check is, as its checkpoint has it; the numbers are its result too.
struct CheckState {
    std::string after;
    std::int64_t studies = 0;
    std::int64_t drift = 0;  ///< tables of studies
    std::int64_t repaired = 0;
    std::int64_t unsettled = 0;
};

std::string counts_json(const CheckState& state) {
    return R"("studies":)" + std::to_string(state.studies) + R"(,"drift":)" +
           std::to_string(state.drift) + R"(,"repaired":)" + std::to_string(state.repaired) +
           R"(,"unsettled":)" + std::to_string(state.unsettled) + '}';
}

std::string to_json(const CheckState& state) {
    return R"({"after":)" + to_json_string(state.after) + ',' + counts_json(state);
}

Result<CheckState> parse_state_of_check(std::string_view json) {
    simdjson::dom::parser parser;
    simdjson::dom::object object;
    std::string_view after;
    CheckState state;
    if (parser.parse(json).get(object) != simdjson::SUCCESS ||
        object["after"].get(after) != simdjson::SUCCESS ||
        object["studies"].get(state.studies) != simdjson::SUCCESS ||
        object["drift"].get(state.drift) != simdjson::SUCCESS ||
        object["repaired"].get(state.repaired) != simdjson::SUCCESS ||
        object["unsettled"].get(state.unsettled) != simdjson::SUCCESS) {
        return fail(ErrorCode::Corrupt, "the checkpoint of a check is none");
    }
    state.after = after;
    return state;
}

jobs::ItemError error_of(const index::Drift& drift) {
    std::string text = drift.table + ':';
    const auto say = [&](std::size_t rows, const char* what) {
        if (rows > 0) text += ' ' + std::to_string(rows) + ' ' + what;
    };
    say(drift.missing, "missing");
    say(drift.extra, "extra");
    say(drift.different, "different");
    return {drift.study_instance_uid.empty() ? "(no study)" : drift.study_instance_uid,
            Error{ErrorCode::Conflict, std::move(text)}};
}

class CheckRun final : public jobs::Run {
public:
    CheckRun(const Services& services, const CheckParameters& parameters, CheckState state,
             std::shared_ptr<index::Target> target, queue::Queue& queue)
        : services_(services),
          repair_(parameters.repair),
          state_(std::move(state)),
          target_(std::move(target)),
          queue_(queue),
          source_(services.database, services.store, services.catalog) {}

    async::Task<Result<jobs::Piece>> next(async::CancelToken stop) override {
        if (stop.cancelled()) co_return piece_of(step_of(), false);
        auto page = co_await thread_.run(
            async::Priority::Normal, [this, &stop] { return check_some(stop); },
            async::WhenFull::Wait);
        if (!page && page.error().code == ErrorCode::Cancelled) {
            co_return piece_of(step_of(), false);
        }
        CO_TRY_VOID(page);
        state_.after = page->last;
        state_.studies += static_cast<std::int64_t>(page->studies);
        state_.drift += static_cast<std::int64_t>(page->drift.size());
        state_.repaired += static_cast<std::int64_t>(page->repaired);
        state_.unsettled += static_cast<std::int64_t>(page->unsettled);
        jobs::Step step = step_of();
        for (const auto& drift : page->drift) step.errors.push_back(error_of(drift));
        co_return piece_of(std::move(step), page->is_last);
    }

private:
    static jobs::Piece piece_of(jobs::Step step, bool is_last) {
        jobs::Piece piece;
        piece.is_last = is_last;
        piece.write = [step = std::move(step)](db::Transaction&) -> Result<jobs::Step> {
            return step;
        };
        return piece;
    }

    jobs::Step step_of() const {
        jobs::Step step;
        step.progress = {state_.studies, std::nullopt, "studies"};
        step.checkpoint = to_json(state_);
        step.result = '{' + counts_json(state_);
        return step;
    }

    Result<Checker::Page> check_some(const async::CancelToken& stop) {
        const Checker checker(
            {.database = services_.database,
             .catalog = services_.catalog,
             .source = source_,
             .target = *target_,
             .has_passed = [this](events::Position position) { return has_passed(position); },
             .should_stop = [&stop] { return stop.cancelled(); }},
            repair_);
        return checker.check_some(state_.after);
    }

    /// What became a dead letter is drift: nothing waits for it.
    Result<bool> has_passed(events::Position position) {
        return services_.database.read([&](db::Snapshot& snapshot) -> Result<bool> {
            TRY(const auto sequence, routing::read_index_sequence(snapshot, queue_));
            return sequence.tried >= position;
        });
    }

    const Services services_;
    const Checker::Repair repair_;
    CheckState state_;
    const std::shared_ptr<index::Target> target_;
    queue::Queue& queue_;
    const index::DocumentSource source_;
    /// Waits for the target.
    async::WorkerPool thread_{
        {.name = "index-check", .threads = 1, .background_threads = 0, .queue_max = 4}};
};

}  // namespace

Result<void> IndexCheckJob::check(db::Snapshot& /*snapshot*/,
                                  const std::string& parameters) const {
    TRY(const auto wanted, parse_check_parameters(parameters));
    if (services_.targets.contains(wanted.target)) return {};
    return fail(ErrorCode::InvalidInput,
                "the parameter target is none that this server keeps: it is started with "
                "--index-" +
                    (wanted.target.empty() ? "mysql" : wanted.target));
}

Result<std::unique_ptr<jobs::Run>> IndexCheckJob::start(const jobs::Jobs::Begun& begun) {
    TRY(const auto parameters, parse_check_parameters(begun.job.parameters));
    const auto target = services_.targets.find(parameters.target);
    if (target == services_.targets.end()) {
        return fail(ErrorCode::NotFound, "this server does not keep the target any more");
    }
    TRY(queue::Queue* const queue,
        services_.queues.open(std::string(routing::kIndexQueues) + parameters.target));
    CheckState state;
    if (!begun.checkpoint.empty()) {
        TRY(state, parse_state_of_check(begun.checkpoint));
    }
    return std::make_unique<CheckRun>(services_, parameters, std::move(state), target->second,
                                      *queue);
}

}  // namespace larmor::workers
