#include "index/search/opensearch/check.h"

#include <simdjson.h>

#include <algorithm>
#include <map>

#include "base/json_text.h"
#include "index/rows_by_key.h"
#include "index/search/opensearch/document_json.h"
#include "index/search/opensearch/documents_of_studies.h"

namespace larmor::index::search::opensearch {
namespace {

constexpr const char* kTable = "documents";
constexpr std::string_view kAnyStudy = R"({"exists":{"field":"StudyInstanceUID"}})";

bool is_rest(const StudyDocuments& study) {
    return study.study_instance_uid.empty();
}

Result<std::size_t> count_rest(Requester& requester) {
    std::size_t count = 0;
    TRY_VOID(for_each_document(requester, kAnyDocument, Sources::KeysOnly,
                               [&](const StoredDocument& document) -> Result<void> {
                                   count += belongs_to_none(document) ? 1 : 0;
                                   return {};
                               }));
    return count;
}

}  // namespace

Result<std::vector<std::string>> list_studies(Requester& requester, std::string_view after,
                                              std::size_t limit) {
    std::string body = R"({"size":0,"track_total_hits":false,"query":)" +
                       std::string(kAnyStudy) + R"(,"aggs":{"studies":{"composite":{"size":)" +
                       std::to_string(limit) +
                       R"(,"sources":[{"study":{"terms":{"field":"StudyInstanceUID"}}}])";
    if (!after.empty()) body += R"(,"after":{"study":)" + to_json_string(after) + '}';
    TRY(const std::string answer, requester.search(std::move(body) + "}}}}"));
    simdjson::dom::parser parser;
    simdjson::dom::array buckets;
    if (parser.parse(answer)["aggregations"]["studies"]["buckets"].get(buckets)) {
        return fail(ErrorCode::Unavailable, "OpenSearch lists no studies");
    }
    std::vector<std::string> uids;
    for (const auto bucket : buckets) {
        std::string_view uid;
        if (bucket["key"]["study"].get(uid)) {
            return fail(ErrorCode::Unavailable, "OpenSearch lists a study without its UID");
        }
        uids.emplace_back(uid);
    }
    return uids;
}

Result<std::vector<Drift>> compare(Requester& requester,
                                   std::span<const StudyDocuments> studies) {
    const DocumentsOfStudies of_them(studies);
    events::Position newest;
    for (const auto& study : studies) newest = std::max(newest, study.newest);
    std::map<std::string, RowsByKey> is;
    const auto add = [&](StoredDocument document) -> Result<void> {
        const bool is_too_late = document.version > external_version(newest);
        is[of_them.study_of(document)].emplace(
            std::move(document.id), std::move(document.source) + (is_too_late ? " later" : ""));
        return {};
    };
    TRY_VOID(for_each_document(requester, of_them.query(), Sources::Whole, add));
    std::vector<Drift> drift;
    for (const auto& study : studies) {
        Drift one{.study_instance_uid = study.study_instance_uid, .table = kTable};
        if (is_rest(study)) {
            TRY(one.extra, count_rest(requester));
            if (one.extra > 0) drift.push_back(std::move(one));
            continue;
        }
        RowsByKey should_be;
        for (const auto& document : study.image_sets) {
            TRY(auto source, canonical(document_json(document, make_set_row(document))));
            should_be.emplace(id_of(document.datastore_id, document.image_set_id),
                              std::move(source));
        }
        if (is[study.study_instance_uid] == should_be) continue;
        count_drift(one, is[study.study_instance_uid], should_be);
        drift.push_back(std::move(one));
    }
    return drift;
}

}  // namespace larmor::index::search::opensearch
