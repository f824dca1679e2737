#include "workers/steps/index_image_set.h"

#include "observe/log.h"

namespace larmor::workers {
namespace {

/// Of one message of a rebuild: one transaction.
constexpr std::size_t kRebuildPage = 500;
constexpr std::chrono::seconds kAskEvery{1};
/// A worker that dies leaves a batch of suspects, which run with no other beside them, and a
/// batch for each would take longer than all of them together. So each shows alone that it
/// does no harm, and then goes with the others again. Where workers go on dying, it is not
/// shown by that: from here on each is applied alone.
constexpr std::int64_t kRehearsedStarts = 4;
/// So that all have been rehearsed before the first ones come back and make a batch.
constexpr std::chrono::seconds kAfterRehearsal{5};

/// Whatever was to be written: it waits until the target takes it.
bool is_of_target(ErrorCode code) {
    return code == ErrorCode::Unavailable || code == ErrorCode::NoSpace ||
           code == ErrorCode::Denied || code == ErrorCode::Unauthenticated;
}

}  // namespace

IndexImageSet::IndexImageSet(const Services& services, unsigned documents_max)
    : services_(services),
      source_(services.database, services.store, services.catalog),
      threads_({.name = "index",
                .threads = documents_max,
                .background_threads = 0,
                .queue_max = 1024}),
      asking_("index-ask", kAskEvery, [this] { ask_target(); }) {
    if (services.target.batch_limits().documents_max > 1) batcher_.emplace(services.target);
    asking_.start();
}

IndexImageSet::~IndexImageSet() = default;

async::Task<Result<Verdict>> IndexImageSet::run(queue::Message message,
                                                async::CancelToken /*stop*/) {
    CO_TRY(auto handled,
           co_await threads_.run(
               async::Priority::Normal, [this, &message] { return handle(message.body); },
               async::WhenFull::Wait));
    if (auto* const verdict = std::get_if<Verdict>(&handled)) co_return std::move(*verdict);
    index::ImageSetDocument document = std::get<1>(std::move(handled));
    if (message.suspect && services_.target.can_rehearse() &&
        message.start_count < kRehearsedStarts) {
        CO_TRY_VOID(co_await threads_.run(
            async::Priority::Normal,
            [this, &document] { return note(services_.target.rehearse(document)); },
            async::WhenFull::Wait));
        co_return Verdict(Retry{.after = kAfterRehearsal});
    }
    const auto wait = message.suspect ? DocumentBatcher::Wait::No : DocumentBatcher::Wait::Yes;
    auto applied = co_await batcher_->apply(std::move(document), wait);
    CO_TRY_VOID(note(std::move(applied)));
    co_return Verdict(Done{});
}

Result<IndexImageSet::Handled> IndexImageSet::handle(const std::string& body) {
    TRY(const auto message, index::parse_index_message(body));
    if (const auto* const rebuild = std::get_if<index::Rebuild>(&message)) {
        return send_page(*rebuild).map([](Verdict done) { return Handled(std::move(done)); });
    }
    if (const auto* const job = std::get_if<index::ImportJobChanged>(&message)) {
        return apply(*job).map([](Verdict done) { return Handled(std::move(done)); });
    }
    return apply(std::get<index::ImageSetChanged>(message));
}

Result<Verdict> IndexImageSet::apply(const index::ImportJobChanged& changed) {
    TRY(const auto job, services_.database.read([&](db::Snapshot& snapshot) {
        return index::find_import_job(snapshot, services_.catalog.datastore_id(),
                                      changed.job_id);
    }));
    // One that is forgotten stays as it was known last.
    if (job) TRY_VOID(note(services_.target.apply_import_job(*job)));
    return Verdict(Done{});
}

Result<IndexImageSet::Handled> IndexImageSet::apply(const index::ImageSetChanged& changed) {
    // Many arrivals make many versions, of which each document has all that came before. Where
    // events get their numbers behind the commits, a document of this version may have been
    // read before its event: what is shared with other image sets could be older.
    if (!changed.is_again && services_.database.dialect() == db::Dialect::Sqlite) {
        TRY(const bool is_applied, note(services_.target.has_applied_since(
                                       services_.catalog.datastore_id(), changed.image_set_id,
                                       changed.version, changed.position)));
        if (is_applied) return Verdict(Done{});
    }
    if (batcher_) batcher_->wait_for_room();
    TRY(const auto wanted, note(services_.target.wanted()));
    TRY(auto document, source_.load(changed.image_set_id, changed.version, wanted));
    document.is_again = changed.is_again;
    if (batcher_) return document;
    TRY_VOID(note(services_.target.apply(document)));
    return Verdict(Done{});
}

Result<Verdict> IndexImageSet::send_page(const index::Rebuild& rebuild) const {
    TRY(const auto sets, services_.database.read([&](db::Snapshot& snapshot) {
        return services_.catalog.list_image_sets(snapshot, rebuild.after, kRebuildPage);
    }));
    std::vector<queue::NewMessage> messages;
    if (rebuild.after == catalog::ImageSetRow{}) {
        TRY_VOID(add_import_jobs(rebuild, messages));
    }
    if (sets.empty() && messages.empty()) return Done{};
    messages.reserve(sets.size() + 1);
    for (const auto& set : sets) {
        messages.push_back(
            {.body = index::to_body(index::ImageSetChanged{.image_set_id = set.id,
                                                           .version = set.latest_version,
                                                           .position = rebuild.position,
                                                           .is_again = true}),
             .is_late = true});
    }
    if (!sets.empty()) {
        messages.push_back({.body = index::to_body(index::Rebuild{
                                .after = sets.back().row, .position = rebuild.position}),
                            .is_late = true});
    }
    return Done{[this, messages = std::move(messages)](db::Transaction& tx) -> Result<void> {
        TRY_VOID(services_.queue.send(tx, messages));
        return {};
    }};
}

Result<void> IndexImageSet::add_import_jobs(const index::Rebuild& rebuild,
                                            std::vector<queue::NewMessage>& messages) const {
    if (!services_.target.keeps_import_jobs()) return {};
    TRY(const auto jobs, services_.database.read([&](db::Snapshot& snapshot) {
        return index::list_import_jobs(snapshot, services_.catalog.datastore_id());
    }));
    for (const auto& job : jobs) {
        messages.push_back({.body = index::to_body(index::ImportJobChanged{
                                .job_id = job.id, .position = rebuild.position}),
                            .is_late = true});
    }
    return {};
}

template <typename T>
Result<T> IndexImageSet::note(Result<T> of_target) {
    if (of_target || !is_of_target(of_target.error().code)) return of_target;
    std::string reason = std::move(of_target).error().message;
    if (!is_down_.exchange(true)) {
        observe::log_warning("a target of the index is down",
                             {{"queue", services_.queue.name()}, {"reason", reason}});
    }
    return fail(ErrorCode::Unavailable, std::move(reason));
}

Result<void> IndexImageSet::may_receive() const {
    if (!is_down_) return {};
    return fail(ErrorCode::Unavailable, "the target is down");
}

void IndexImageSet::ask_target() {
    if (!is_down_ || !services_.target.wanted()) return;
    is_down_ = false;
    observe::log_info("a target of the index is back", {{"queue", services_.queue.name()}});
}

}  // namespace larmor::workers
