#include "api/index_position.h"

#include "api/list_query.h"
#include "events/event_reader.h"
#include "http/query.h"

namespace larmor::api {
namespace {

constexpr std::int64_t kIndexWaitMax = 60;  ///< seconds
/// How often a target is looked at for somebody who waits: what is applied rings no bell.
constexpr std::chrono::milliseconds kLookEvery{50};

struct WantedPosition {
    std::optional<events::Position> at_least;
    std::chrono::seconds wait{0};
};

Result<WantedPosition> parse_wanted(const Context& context, const http::Request& request) {
    TRY(const auto query, http::parse_query(request.query));
    WantedPosition wanted;
    if (const auto text = query.find("at_least")) {
        const bool is_number = text->find('-') == std::string::npos;
        if (is_number) {
            TRY(const auto number, parse_number("at_least", *text));
            wanted.at_least = {.epoch = context.services.events.last().epoch,
                               .sequence = number};
        } else {
            TRY(wanted.at_least, events::parse_position(*text));
        }
    }
    TRY(const auto wait, number_in(query, "wait"));
    wanted.wait = std::chrono::seconds(std::min(wait.value_or(0), kIndexWaitMax));
    return wanted;
}

}  // namespace

IndexServices index_services_of(const Context& context) {
    const auto& services = context.services;
    return {services.database, services.queues, services.index_targets};
}

http::Task<Result<void>> wait_until_at(ContextPtr context, http::Request* request,
                                       std::string target) {
    CO_TRY(const auto wanted, parse_wanted(*context, *request));
    if (!wanted.at_least) co_return Result<void>();
    const auto deadline = async::Deadline::after(wanted.wait);
    for (;;) {
        CO_TRY(const auto reason, co_await context->work([&] {
            return why_not_at(index_services_of(*context), target, *wanted.at_least);
        }));
        if (!reason) co_return Result<void>();
        bool goes_on = !deadline.expired();
        if (goes_on) goes_on = co_await request->stop.sleep(kLookEvery);
        if (!goes_on) {
            co_return fail(ErrorCode::Unavailable, "the target " + target + " is not at " +
                                                       events::to_text(*wanted.at_least) +
                                                       " yet: " + *reason);
        }
    }
}

}  // namespace larmor::api
