#include "api/search.h"

#include "api/access.h"
#include "api/audited.h"
#include "api/handler.h"
#include "api/index_position.h"
#include "api/json_request.h"
#include "api/problem.h"
#include "audit/query_text.h"
#include "http/compress.h"
#include "index/search/answer_json.h"
#include "index/search/parse_query.h"
#include "index/search/search_index.h"

namespace larmor::api {
namespace {

using http::Request;
using http::Response;
using http::Task;

/// A thousand UIDs have 64 KiB.
constexpr std::uint64_t kBodyMaxBytes = std::uint64_t{128} * 1024;

/// As the query of QIDO-RS would go on record: no name, no word.
std::string query_for_record(const index::search::Query& query) {
    std::string text;
    audit::append_query_key(text, "level", index::name_of(query.level));
    if (!query.words.empty()) audit::append_query_key(text, "text", "words");
    for (const auto& filter : query.filters) {
        std::string values;
        for (const auto& value : filter.values) {
            if (!values.empty()) values += ',';
            values += value;
        }
        audit::append_query_key(text, filter.field->keyword, values);
    }
    for (const auto& range : query.ranges) {
        audit::append_query_key(text, range.field->keyword,
                                range.from.value_or("") + "-" + range.to.value_or(""));
    }
    return text;
}

Result<std::string> answer_to(const Context& context, const index::search::Query& query) {
    TRY(const auto answer, context.services.search->search(query));
    return index::search::to_json(query, answer);
}

Task<Response> search(ContextPtr context, Request request) {
    if (context->services.search == nullptr) {
        const Error off{ErrorCode::NotFound,
                        "there is no search index: start the server with --index-search"};
        co_return problem(request, off);
    }
    auto body = co_await read_json_body(request, kBodyMaxBytes);
    if (!body) {
        co_return std::move(body).error();
    }
    const auto query = index::search::parse_query(*body);
    if (!query) {
        co_return problem(request, query.error(), 400);
    }
    const auto is_there = co_await wait_until_at(context, &request, "search");
    if (!is_there) {
        co_return problem(request, is_there.error());
    }
    auto json = co_await context->work([&] { return answer_to(*context, *query); });
    if (!json) {
        co_return problem(request, json.error());
    }
    Response response = private_json(*std::move(json));
    AuditNote note;
    audit::Subject subject;
    subject.query = query_for_record(*query);
    note.subjects.push_back(std::move(subject));
    response.context = std::move(note);
    co_return http::compress_if_accepted(request.headers, std::move(response));
}

}  // namespace

void add_search_index_route(http::Router& router, const ContextPtr& context) {
    router.add({.method = http::Method::Post,
                .pattern = "/v1/search",
                .name = "search.index",
                .right = right(auth::Right::Search, audit::Action::Query),
                .handler = handler(context, search),
                .body_max = kBodyMaxBytes});
}

}  // namespace larmor::api
