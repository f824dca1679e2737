#include "api/access.h"
#include "api/dicomweb/routes.h"
#include "api/dicomweb/search_json.h"
#include "api/media_choice.h"
#include "api/problem.h"
#include "base/ids.h"
#include "http/compress.h"

namespace larmor::api {
namespace {

using catalog::Attribute;
using catalog::Level;
using http::Request;
using http::Response;
using http::Task;

/// A UID of the path as a condition. Errors: InvalidInput.
Result<catalog::Condition> fixed(Attribute attribute, const std::string& uid) {
    if (!is_uid_key_part(uid)) {
        return fail(ErrorCode::InvalidInput, std::string(catalog::info_of(attribute).keyword) +
                                                 " in the path is no UID");
    }
    catalog::Condition condition;
    condition.attribute = attribute;
    condition.values = {uid};
    return condition;
}

struct Answer {
    std::string json;
    bool more = false;
};

/// Asks the catalog and writes the results while the snapshot is open. On a worker.
Result<Answer> search(const Context& context, const SearchScope& scope,
                      const SearchRequest& request, catalog::SearchQuery query,
                      const std::string& base) {
    SearchJson json(scope, request, base);
    Answer answer;
    if (query.limit == 0) {
        answer.json = json.take();
        return answer;
    }
    const auto& catalog = context.services.catalog;
    TRY_VOID(context.services.database.read([&](db::Snapshot& snapshot) -> Result<void> {
        const auto write = [&](const auto& page) {
            for (const auto& item : page.items) {
                json.add(item);
            }
            answer.more = page.more;
        };
        switch (scope.level) {
            case Level::Study: {
                TRY(const auto page, catalog.search_studies(snapshot, query));
                write(page);
                break;
            }
            case Level::Series: {
                TRY(const auto page, catalog.search_series(snapshot, query));
                write(page);
                break;
            }
            case Level::Instance: {
                TRY(const auto page, catalog.search_instances(snapshot, query));
                write(page);
                break;
            }
        }
        return {};
    }));
    answer.json = json.take();
    return answer;
}

/// The fixed parts of the path, the query and the page into what the catalog takes.
Result<catalog::SearchQuery> to_catalog_query(const Context& context, const SearchScope& scope,
                                              const Request& request, SearchRequest& wanted) {
    catalog::SearchQuery query;
    query.conditions = std::move(wanted.conditions);
    if (scope.within_study) {
        TRY(auto study, fixed(Attribute::StudyInstanceUID, request.path_parameter("study")));
        query.conditions.push_back(std::move(study));
    }
    if (scope.within_series) {
        TRY(auto series, fixed(Attribute::SeriesInstanceUID, request.path_parameter("series")));
        query.conditions.push_back(std::move(series));
    }
    const std::uint64_t max = context.options.search_results_max;
    query.limit = std::min(wanted.limit.value_or(max), max);
    query.offset = wanted.offset;
    return query;
}

Task<Response> answer_search(ContextPtr context, SearchScope scope, Request request) {
    auto wanted = parse_search_request(request.query, scope.level);
    if (!wanted) {
        co_return problem(request, wanted.error());
    }
    const auto media = negotiate(request, {"application/dicom+json", "application/json"});
    if (!media) {
        co_return problem(request, media.error());
    }
    auto query = to_catalog_query(*context, scope, request, *wanted);
    if (!query) {
        co_return problem(request, query.error());
    }
    const std::string base = context->service_base(request);
    bool more = false;
    auto response = co_await context->work([&]() -> Result<Response> {
        TRY(Answer answer, search(*context, scope, *wanted, *std::move(query), base));
        more = answer.more;
        // PS3.18 since 2026a: no match is 200 with an empty list; it was 204 before.
        Response whole(200, *media, std::move(answer.json));
        whole.headers.add("Cache-Control", "no-cache");
        return http::compress_if_accepted(request.headers, std::move(whole));
    });
    if (!response) {
        co_return problem(request, response.error());
    }
    for (const std::string& warning : wanted->warnings) {
        response->headers.add("Warning", "299 larmor \"" + warning + "\"");
    }
    if (more) {
        response->headers.add("Warning",
                              "299 larmor \"There are additional results that can be "
                              "requested\"");
    }
    co_return *std::move(response);
}

}  // namespace

void add_search_routes(http::Router& router, const ContextPtr& context) {
    const auto add = [&](std::string pattern, std::string name, SearchScope scope) {
        router.add({.method = http::Method::Get,
                    .pattern = "/dicomweb" + pattern,
                    .name = std::move(name),
                    .right = right(auth::Right::Search),
                    .handler = [context, scope](Request request) {
                        return answer_search(context, scope, std::move(request));
                    }});
    };
    add("/studies", "search.studies", {.level = Level::Study});
    add("/studies/{study}/series", "search.study_series",
        {.level = Level::Series, .within_study = true});
    add("/studies/{study}/instances", "search.study_instances",
        {.level = Level::Instance, .within_study = true});
    add("/studies/{study}/series/{series}/instances", "search.series_instances",
        {.level = Level::Instance, .within_study = true, .within_series = true});
    add("/series", "search.series", {.level = Level::Series});
    add("/instances", "search.instances", {.level = Level::Instance});
}

}  // namespace larmor::api
