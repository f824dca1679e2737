#include "api/event_stream.h"

#include <algorithm>

#include "api/problem.h"
#include "events/cloud_event.h"

namespace larmor::api {
namespace {

constexpr std::size_t kEventsAtOnce = 200;

}  // namespace

EventStream::EventStream(ContextPtr context, events::EventBell::Listener listener,
                         events::Position after, async::CancelToken stop)
    : context_(std::move(context)),
      listener_(std::move(listener)),
      after_(after),
      stop_(std::move(stop)),
      ends_(std::chrono::steady_clock::now() + kLifetime) {}

http::Task<Result<std::vector<events::StoredEvent>>> EventStream::read_page() {
    co_return co_await context_->read([this](db::Snapshot& snapshot) {
        return events::read_events(snapshot, after_, kEventsAtOnce);
    });
}

std::string EventStream::text_of(const std::vector<events::StoredEvent>& events) {
    std::string text;
    for (const auto& event : events) {
        text += "id: " + events::to_text(event.position) + "\ndata: ";
        // One line: JSON has no line feed but between its tokens, and stored details of others
        // may have those.
        const std::size_t start = text.size();
        events::append_cloud_event(text, event, {});
        std::replace(text.begin() + static_cast<std::ptrdiff_t>(start), text.end(), '\n', ' ');
        std::replace(text.begin() + static_cast<std::ptrdiff_t>(start), text.end(), '\r', ' ');
        text += "\n\n";
    }
    return text;
}

http::Task<Result<std::optional<http::Part>>> EventStream::next() {
    while (!is_ended_) {
        const auto page = co_await read_page();
        if (!page) {
            if (page.error().code != ErrorCode::NotFound) {
                co_return tl::unexpected(page.error());
            }
            is_ended_ = true;
            co_return http::Part("event: gone\ndata: " + problem_json(page.error(), "", 410) +
                                 "\n\n");
        }
        if (!page->empty()) {
            after_ = page->back().position;
            co_return http::Part(text_of(*page));
        }
        const auto woken = co_await listener_.wait(context_->options.event_heartbeat);
        is_ended_ =
            woken.is_closed || stop_.cancelled() || std::chrono::steady_clock::now() >= ends_;
        if (!is_ended_ && woken.is_late) co_return http::Part(std::string(": heartbeat\n\n"));
    }
    co_return std::nullopt;
}

}  // namespace larmor::api
