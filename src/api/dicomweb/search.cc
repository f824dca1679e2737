#include <functional>

#include "api/dicomweb/instance_metadata.h"
#include "api/dicomweb/metadata_form.h"
#include "api/dicomweb/routes.h"
#include "api/dicomweb/search_json.h"
#include "base/ids.h"
#include "http/compress.h"
#include "observe/log.h"

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

/// Of one instance, beside the columns of the catalog.
constexpr std::uint64_t kFieldsMaxBytes = std::uint64_t{64} << 20;
/// A page ends early where it would be longer: more results come with `offset`.
constexpr std::size_t kAnswerMaxBytes = std::size_t{64} << 20;

/// The instance that speaks for a result where its attributes are no columns of the catalog:
/// the first of a study or series.
Result<catalog::StoredInstance> source_of(const catalog::Catalog& catalog,
                                          db::Snapshot& snapshot,
                                          catalog::ImageSetRow image_set) {
    TRY(auto first, catalog.list_instances(snapshot, image_set, {}, 1));
    if (first.empty()) {
        return fail(ErrorCode::NotFound, "an image set without instances");
    }
    return std::move(first.front());
}
Result<catalog::StoredInstance> source_of(const catalog::Catalog& catalog,
                                          db::Snapshot& snapshot,
                                          const catalog::StoredStudy& study) {
    TRY(const auto image_set, catalog.first_image_set(snapshot, study.row));
    return source_of(catalog, snapshot, image_set);
}
Result<catalog::StoredInstance> source_of(const catalog::Catalog& catalog,
                                          db::Snapshot& snapshot,
                                          const catalog::SeriesHit& hit) {
    return source_of(catalog, snapshot, hit.series.image_set.row);
}
Result<catalog::StoredInstance> source_of(const catalog::Catalog&, db::Snapshot&,
                                          const catalog::InstanceHit& hit) {
    return hit.instance;
}

/// What the metadata of an instance has of the fields. One that can't be read must not hide
/// the results beside it.
std::vector<SelectedField> read_fields(const Context& context, const FieldSelection& fields,
                                       const catalog::StoredInstance& source,
                                       const std::string& base) {
    std::string metadata;
    const auto appended =
        append_instance_metadata(context, source, {.base = base}, metadata, kFieldsMaxBytes);
    auto selected = appended ? fields.select(metadata) : tl::unexpected(appended.error());
    if (!selected) {
        observe::log_warning("metadata can not be searched",
                             {{"sop_instance_uid", source.attributes.sop_instance_uid},
                              {"reason", selected.error().message}});
        return {};
    }
    return *std::move(selected);
}

/// Asks the catalog for a page, then writes it: metadata is read for its results only, and
/// when no snapshot is open. On a worker.
template <typename Item>
Result<Answer> search_level(
    const Context& context, const SearchRequest& request, SearchJson& json,
    const std::string& base,
    const std::function<Result<catalog::Page<Item>>(db::Snapshot&)>& find) {
    const auto& catalog = context.services.catalog;
    const bool with_fields = !request.fields.empty();
    std::vector<catalog::StoredInstance> sources;
    TRY(const auto page,
        context.services.database.read(
            [&](db::Snapshot& snapshot) -> Result<catalog::Page<Item>> {
                TRY(auto found, find(snapshot));
                for (std::size_t i = 0; with_fields && i < found.items.size(); ++i) {
                    TRY(auto source, source_of(catalog, snapshot, found.items[i]));
                    sources.push_back(std::move(source));
                }
                return found;
            }));
    Answer answer{.json = {}, .more = page.more};
    for (std::size_t i = 0; i < page.items.size(); ++i) {
        if (json.size() > kAnswerMaxBytes) {
            answer.more = true;
            break;
        }
        json.add(page.items[i], with_fields
                                    ? read_fields(context, request.fields, sources[i], base)
                                    : std::vector<SelectedField>());
    }
    answer.json = json.take();
    return answer;
}

Result<Answer> search(const Context& context, const SearchScope& scope,
                      const SearchRequest& request, const catalog::SearchQuery& query,
                      const std::string& base) {
    SearchJson json(scope, request, base);
    const auto& catalog = context.services.catalog;
    if (query.limit == 0) {
        return Answer{.json = json.take(), .more = false};
    }
    switch (scope.level) {
        case Level::Study:
            return search_level<catalog::StoredStudy>(
                context, request, json, base, [&](db::Snapshot& snapshot) {
                    return catalog.search_studies(snapshot, query);
                });
        case Level::Series:
            return search_level<catalog::SeriesHit>(
                context, request, json, base,
                [&](db::Snapshot& snapshot) { return catalog.search_series(snapshot, query); });
        case Level::Instance:
            break;
    }
    return search_level<catalog::InstanceHit>(
        context, request, json, base,
        [&](db::Snapshot& snapshot) { return catalog.search_instances(snapshot, query); });
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
    query.combine_dates_and_times = true;
    return query;
}

/// On a worker.
Result<Response> make_response(const Context& context, const SearchScope& scope,
                               SearchRequest& wanted, const Request& request) {
    TRY(const MetadataForm form, choose_metadata_form(request));
    TRY(const auto query, to_catalog_query(context, scope, request, wanted));
    TRY(Answer answer, search(context, scope, wanted, query, context.service_base(request)));
    if (answer.more) {
        wanted.warnings.emplace_back("There are additional results that can be requested");
    }
    // PS3.18 since 2026a: no match is 200 with an empty list; it was 204 before.
    Response response(200);
    std::string body = std::move(answer.json);
    if (form.xml) {
        auto writer = xml_writer();
        std::string parts;
        TRY_VOID(append_xml_parts(writer, body, parts));
        body = parts + writer.closing();
        response.headers.add("Content-Type", writer.content_type());
    } else {
        response.headers.add("Content-Type", form.media_type);
    }
    response.parts.emplace_back(std::move(body));
    response.headers.add("Cache-Control", "no-cache");
    for (const std::string& warning : wanted.warnings) {
        response.headers.add("Warning", "299 larmor \"" + warning + "\"");
    }
    return http::compress_if_accepted(request.headers, std::move(response));
}

Task<Result<Response>> answer_search(ContextPtr context, SearchScope scope, Request request) {
    CO_TRY(auto wanted, parse_search_request(request.query, scope.level));
    co_return co_await context->work(
        [&] { return make_response(*context, scope, wanted, request); });
}

}  // namespace

void add_search_routes(http::Router& router, const ContextPtr& context) {
    const auto add = [&](std::string_view path, std::string_view below, std::string name,
                         SearchScope scope) {
        add_get(router, context,
                {path, below, std::move(name), auth::Right::Search, audit::Action::Query,
                 [scope](ContextPtr with, Request request) {
                     return answer_search(std::move(with), scope, std::move(request));
                 }});
    };
    add("/studies", "", "search.studies", {.level = Level::Study});
    add(kStudyPath, "/series", "search.study_series",
        {.level = Level::Series, .within_study = true});
    add(kStudyPath, "/instances", "search.study_instances",
        {.level = Level::Instance, .within_study = true});
    add(kSeriesPath, "/instances", "search.series_instances",
        {.level = Level::Instance, .within_study = true, .within_series = true});
    add("/series", "", "search.series", {.level = Level::Series});
    add("/instances", "", "search.instances", {.level = Level::Instance});
}

}  // namespace larmor::api
