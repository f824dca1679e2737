#include "preprocess/requests.h"

#include <charconv>

namespace larmor::preprocess {
namespace {

constexpr std::size_t kPage = 1000;

template <typename Row>
void append_row(std::string& body, Row row) {
    body += ' ';
    body += std::to_string(catalog::number_of(row));
}

tl::unexpected<Error> no_request() {
    return fail(
        ErrorCode::InvalidInput,
        "a request to prepare is `i` and rows of instances, `f` and one of them, or `s` "
        "and one of an image set");
}

/// Rows, each behind a space.
Result<std::vector<std::int64_t>> parse_rows(std::string_view text) {
    std::vector<std::int64_t> rows;
    while (!text.empty()) {
        std::int64_t row = 0;
        const char* const first = text.data() + 1;
        const char* const last = text.data() + text.size();
        const auto [end, error] = std::from_chars(first, last, row);
        if (text.front() != ' ' || error != std::errc() || row < 1) return no_request();
        text.remove_prefix(static_cast<std::size_t>(end - text.data()));
        rows.push_back(row);
    }
    return rows;
}

/// Instances of one dead letter.
Result<void> mark_failed(db::Database& database, catalog::Catalog& catalog, queue::Queue& queue,
                         const queue::DeadLetter& letter) {
    const auto body = queue.read_body(letter.id);
    if (!body && body.error().code == ErrorCode::NotFound) return {};  // redriven meanwhile
    if (!body) return tl::unexpected(body.error());
    const auto request = parse_prepare_request(*body);
    if (!request) return {};  // of another version: it says itself what is wrong with it
    return database.write_and_wait([&](db::Transaction& tx) -> Result<void> {
        for (const catalog::InstanceRow row : request->instances) {
            TRY_VOID(catalog.record_preprocess_failure(
                tx, row, "preprocessing was given up: " + letter.reason));
        }
        return {};
    });
}

Result<void> mark_dead_letters(db::Database& database, catalog::Catalog& catalog,
                               queue::Queue& queue) {
    queue::MessageId after{};
    for (;;) {
        TRY(const auto letters, queue.list_dead_letters(after, kPage));
        for (const auto& letter : letters) {
            TRY_VOID(mark_failed(database, catalog, queue, letter));
            after = letter.id;
        }
        if (letters.size() < kPage) return {};
    }
}

}  // namespace

std::string to_body(const PrepareRequest& request) {
    std::string body;
    if (request.image_set) {
        body = "s";
        append_row(body, *request.image_set);
    } else if (request.image_frames) {
        body = "f";
        append_row(body, *request.image_frames);
    } else {
        body = "i";
        for (const catalog::InstanceRow row : request.instances) append_row(body, row);
    }
    return body;
}

Result<PrepareRequest> parse_prepare_request(std::string_view body) {
    const char what = body.empty() ? ' ' : body.front();
    if (what != 's' && what != 'f' && what != 'i') return no_request();
    TRY(const auto rows, parse_rows(body.substr(1)));
    if (rows.empty() || (what != 'i' && rows.size() > 1)) return no_request();
    PrepareRequest request;
    if (what == 's') {
        request.image_set = catalog::ImageSetRow{rows.front()};
    } else if (what == 'f') {
        request.image_frames = catalog::InstanceRow{rows.front()};
    } else {
        for (const std::int64_t row : rows)
            request.instances.push_back(catalog::InstanceRow{row});
    }
    return request;
}

Result<void> request_instances(db::Transaction& tx, queue::Queue& queue,
                               std::span<const catalog::InstanceRow> rows) {
    std::vector<queue::NewMessage> messages;
    while (!rows.empty()) {
        const auto some = rows.first(std::min(rows.size(), kRequestInstancesMax));
        rows = rows.subspan(some.size());
        messages.push_back({.body = to_body({.instances = {some.begin(), some.end()}})});
        if (messages.size() == queue::limits::kMessages || rows.empty()) {
            TRY_VOID(queue.send(tx, messages));
            messages.clear();
        }
    }
    return {};
}

Result<std::size_t> request_what_is_left(db::Database& database, catalog::Catalog& catalog,
                                         queue::Queue& queue) {
    TRY_VOID(mark_dead_letters(database, catalog, queue));
    TRY(const auto stats, queue.stats());
    if (stats.depth() > 0) return 0;
    std::size_t requested = 0;
    catalog::Catalog::Pending after;
    for (;;) {
        TRY(const auto page, database.read([&](db::Snapshot& snapshot) {
            return catalog.list_pending(snapshot, after, kPage);
        }));
        if (page.empty()) return requested;
        std::vector<catalog::InstanceRow> rows;
        for (const auto& pending : page) rows.push_back(pending.instance);
        TRY_VOID(database.write_and_wait(
            [&](db::Transaction& tx) { return request_instances(tx, queue, rows); }));
        requested += rows.size();
        after = page.back();
    }
}

}  // namespace larmor::preprocess
