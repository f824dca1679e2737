#include "workers/steps/replay_job.h"

#include <simdjson.h>

#include <limits>

#include "base/json_text.h"
#include "events/event_reader.h"
#include "events/pattern.h"
#include "events/replay.h"
#include "events/rules.h"
#include "routing/own_queues.h"
#include "workers/steps/replay_parameters.h"

namespace larmor::workers {
namespace {

using events::Position;

tl::unexpected<Error> wrong_queue(std::string_view what) {
    return fail(ErrorCode::InvalidInput, "the parameter queue is " + std::string(what));
}

/// Errors: NotFound where events from there on are no longer kept.
Result<Position> first_position(db::Snapshot& snapshot, const ReplayParameters& parameters) {
    if (parameters.from_time) return events::position_at(snapshot, *parameters.from_time);
    return events::position_before(snapshot, *parameters.from_sequence);
}

/// Whatever is sent to the program's own queues would be taken for its own. Errors:
/// InvalidInput.
Result<void> check_is_for_others(std::string_view queue) {
    if (!routing::is_own_queue(queue)) return {};
    return wrong_queue(std::string(queue) +
                       ", the program's own: a replay sends to another, and to a webhook by "
                       "the name of its rule");
}

/// What is sent, and where to.
struct ReplayRoute {
    std::optional<std::string> pattern{};
    std::vector<events::Target> targets;
};

/// Where the events go now: a rule that was changed meanwhile is followed as it is. Errors:
/// NotFound (the rule), InvalidInput.
Result<ReplayRoute> route_of(db::Snapshot& snapshot, const ReplayParameters& parameters) {
    ReplayRoute route;
    if (parameters.rule.empty()) {
        route.pattern = parameters.pattern;
        route.targets.push_back({events::TargetKind::Queue, parameters.queue});
    } else {
        TRY(auto rule, events::Rules::find(snapshot, parameters.rule));
        route.pattern = std::move(rule.pattern);
        route.targets = std::move(rule.targets);
    }
    for (const auto& target : route.targets) {
        if (target.kind != events::TargetKind::Queue) continue;
        TRY_VOID(check_is_for_others(target.address));
    }
    return route;
}

/// Where a replay is, as its checkpoint has it.
struct ReplayState {
    Position after;
    std::int64_t first = 0;  ///< the number before the first that is sent
    std::int64_t last = 0;
    std::uint64_t sent = 0;
};

std::string to_json(const ReplayState& state) {
    return R"({"after":")" + events::to_text(state.after) + R"(","first":)" +
           std::to_string(state.first) + R"(,"last":)" + std::to_string(state.last) +
           R"(,"sent":)" + std::to_string(state.sent) + '}';
}

Result<ReplayState> parse_state(std::string_view json) {
    simdjson::dom::parser parser;
    simdjson::dom::object object;
    std::string_view after;
    ReplayState state;
    if (parser.parse(json).get(object) != simdjson::SUCCESS ||
        object["after"].get(after) != simdjson::SUCCESS ||
        object["first"].get(state.first) != simdjson::SUCCESS ||
        object["last"].get(state.last) != simdjson::SUCCESS ||
        object["sent"].get(state.sent) != simdjson::SUCCESS) {
        return fail(ErrorCode::Corrupt, "the checkpoint of a replay is none");
    }
    TRY(state.after, events::parse_position(after));
    return state;
}

jobs::Step step_of(const ReplayState& state) {
    jobs::Step step;
    step.progress = {state.after.sequence - state.first, state.last - state.first, "events"};
    step.checkpoint = to_json(state);
    step.result = R"({"sent":)" + std::to_string(state.sent) + '}';
    return step;
}

class ReplayRun final : public jobs::Run {
public:
    ReplayRun(ReplayParameters parameters, std::optional<ReplayState> state,
              queue::Queues& queues, events::MessageSink& sink)
        : parameters_(std::move(parameters)), state_(state), queues_(queues), sink_(sink) {}

    async::Task<Result<jobs::Piece>> next(async::CancelToken stop) override {
        jobs::Piece piece;
        const bool is_done = state_ && state_->after.sequence >= state_->last;
        piece.is_last = is_done;
        if (is_done || stop.cancelled()) {
            jobs::Step step;
            if (state_) step = step_of(*state_);
            piece.write = [step](db::Transaction&) -> Result<jobs::Step> { return step; };
        } else {
            piece.write = [this](db::Transaction& tx) { return send_page(tx); };
        }
        co_return piece;
    }

private:
    Result<void> begin(db::Transaction& tx) {
        if (state_) return {};
        TRY(const Position after, first_position(tx, parameters_));
        TRY(const Position newest, events::newest_position(tx));
        ReplayState state;
        state.after = after;
        state.first = after.sequence;
        state.last =
            std::max(after.sequence,
                     std::min(newest.sequence, parameters_.last.value_or(newest.sequence)));
        state_ = state;
        tx.on_rollback([this] { state_.reset(); });
        return {};
    }

    Result<jobs::Step> send_page(db::Transaction& tx) {
        TRY_VOID(begin(tx));
        TRY(auto route, route_of(tx, parameters_));
        TRY_VOID(find_queues(tx, route));
        replays_.clear();
        for (auto& target : route.targets) {
            events::Replay::Request request;
            request.target = std::move(target);
            request.after = state_->after;
            request.last_sequence = state_->last;
            request.pattern = route.pattern;
            TRY(auto replay, events::Replay::make(std::move(request), sink_));
            replays_.push_back(std::move(replay));
        }
        tx.on_rollback([this, before = *state_] { state_ = before; });
        for (auto& replay : replays_) {
            if (!replay.is_done()) TRY_VOID(replay.step(tx));
            // Each goes over the same page.
            state_->after = replay.after();
            state_->sent += replay.sent();
        }
        return step_of(*state_);
    }

    /// A queue that is taken away ends it: what it missed would not be known.
    Result<void> find_queues(db::Transaction& tx, const ReplayRoute& route) {
        for (const auto& target : route.targets) {
            if (target.kind != events::TargetKind::Queue) continue;
            TRY(queue::Queue* const queue, queues_.find(tx, target.address));
            if (queue == nullptr) {
                return fail(ErrorCode::NotFound, "there is no queue " + target.address);
            }
        }
        return {};
    }

    const ReplayParameters parameters_;
    std::optional<ReplayState> state_;     ///< once it has begun
    std::vector<events::Replay> replays_;  ///< of the page at hand: its rollback asks for them
    queue::Queues& queues_;
    events::MessageSink& sink_;
};

}  // namespace

Result<void> ReplayJob::check(db::Snapshot& snapshot, const std::string& parameters) const {
    TRY(const auto wanted, parse_replay_parameters(parameters));
    if (auto route = route_of(snapshot, wanted); !route) {
        // NotFound is for what is gone for good.
        if (route.error().code == ErrorCode::NotFound) {
            return fail(ErrorCode::InvalidInput, "the parameter rule is none that there is");
        }
        return tl::unexpected(std::move(route).error());
    }
    if (wanted.rule.empty()) {
        if (const auto queue = queues_.open(wanted.queue); !queue) {
            return wrong_queue("none that there is: " + queue.error().message);
        }
    }
    TRY_VOID(first_position(snapshot, wanted));
    return {};
}

Result<std::unique_ptr<jobs::Run>> ReplayJob::start(const jobs::Jobs::Begun& begun) {
    TRY(auto parameters, parse_replay_parameters(begun.job.parameters));
    std::optional<ReplayState> state;
    if (!begun.checkpoint.empty()) {
        TRY(state, parse_state(begun.checkpoint));
    }
    return std::make_unique<ReplayRun>(std::move(parameters), state, queues_, sink_);
}

}  // namespace larmor::workers
