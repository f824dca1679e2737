#include "index/search/opensearch/stored_documents.h"

#include <simdjson.h>

#include <map>

#include "base/json_text.h"

namespace larmor::index::search::opensearch {
namespace {

using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::object;

/// A whole source has all that is searched of an image set, some 170 bytes an instance.
constexpr std::size_t kWholePage = 30;
constexpr std::size_t kKeysPage = 1000;
constexpr std::string_view kKeepAlive = "2m";
constexpr std::string_view kKeys =
    R"(["datastore_id","image_set_id","version","StudyInstanceUID","is_shown"])";

tl::unexpected<Error> unreadable(std::string_view what) {
    return fail(ErrorCode::Unavailable,
                "OpenSearch answers to a check without " + std::string(what));
}

void append_canonical(std::string& json, element value) {
    object members;
    array items;
    if (value.get(members) == simdjson::SUCCESS) {
        std::map<std::string_view, element> sorted;
        for (const auto [name, member] : members) sorted.emplace(name, member);
        json += '{';
        for (const auto& [name, member] : sorted) {
            if (json.back() != '{') json += ',';
            append_json_string(json, name);
            json += ':';
            append_canonical(json, member);
        }
        json += '}';
    } else if (value.get(items) == simdjson::SUCCESS) {
        json += '[';
        for (const element item : items) {
            if (json.back() != '[') json += ',';
            append_canonical(json, item);
        }
        json += ']';
    } else {
        json += simdjson::minify(value);
    }
}

/// A view of the index that does not change, until it is closed.
class PointInTime {
public:
    explicit PointInTime(Requester& requester) : requester_(requester) {}
    ~PointInTime() {
        if (id_.empty()) return;
        // It ends by itself where this fails.
        static_cast<void>(requester_.send({.method = "DELETE",
                                           .target = "/_search/point_in_time",
                                           .body = R"({"pit_id":[)" + id_ + "]}"}));
    }
    PointInTime(const PointInTime&) = delete;
    PointInTime& operator=(const PointInTime&) = delete;

    Result<void> open() {
        const std::string& alias = requester_.address().alias;
        TRY_VOID(requester_.expect({.method = "POST", .target = "/" + alias + "/_refresh"})
                     .map([](const std::string&) {}));
        TRY(const std::string answer,
            requester_.expect({.method = "POST",
                               .target = "/" + alias + "/_search/point_in_time?keep_alive=" +
                                         std::string(kKeepAlive)}));
        simdjson::dom::parser parser;
        std::string_view id;
        if (parser.parse(answer)["pit_id"].get(id)) return unreadable("a point in time");
        id_ = to_json_string(id);
        return {};
    }

    /// The page behind the sort values `after`, which may be empty.
    Result<std::string> page(const std::string& query, Sources sources,
                             const std::string& after) {
        const bool is_whole = sources == Sources::Whole;
        // Documents of one image set, where there are several, are in the order of the engine.
        std::string body = R"({"pit":{"id":)" + id_ + R"(,"keep_alive":")" +
                           std::string(kKeepAlive) + R"("},"size":)" +
                           std::to_string(is_whole ? kWholePage : kKeysPage) +
                           R"(,"track_total_hits":false,"version":true,"query":)" + query +
                           R"(,"sort":[{"image_set_id":{"order":"asc","missing":"_last"}},)" +
                           R"({"_doc":{"order":"asc"}}])";
        if (!is_whole) body += R"(,"_source":{"includes":)" + std::string(kKeys) + '}';
        if (!after.empty()) body += R"(,"search_after":)" + after;
        return requester_.expect(
            {.method = "POST", .target = "/_search", .body = std::move(body) + '}'});
    }

private:
    Requester& requester_;
    std::string id_;  ///< as JSON
};

std::string text_of(element source, std::string_view member) {
    std::string_view text;
    if (source[member].get(text)) return {};
    return std::string(text);
}

Result<StoredDocument> read_document(element hit) {
    StoredDocument document;
    element source;
    std::string_view id;
    if (hit["_id"].get(id) || hit["_version"].get(document.version) ||
        hit["_source"].get(source)) {
        return unreadable("id, version or source of a document");
    }
    document.id = id;
    append_canonical(document.source, source);
    document.datastore_id = text_of(source, "datastore_id");
    document.image_set_id = text_of(source, "image_set_id");
    document.study_instance_uid = text_of(source, "StudyInstanceUID");
    if (source["version"].get(document.set_version)) document.set_version = 0;
    if (source["is_shown"].get(document.is_shown)) document.is_shown = false;
    return document;
}

}  // namespace

std::string id_of(std::string_view datastore_id, std::string_view image_set_id) {
    return std::string(datastore_id) + "-" + std::string(image_set_id);
}

Result<void> for_each_document(Requester& requester, const std::string& query_json,
                               Sources sources,
                               const std::function<Result<void>(StoredDocument)>& take) {
    PointInTime point(requester);
    TRY_VOID(point.open());
    for (std::string after;;) {
        TRY(const std::string answer, point.page(query_json, sources, after));
        simdjson::dom::parser parser;
        array hits;
        if (parser.parse(answer)["hits"]["hits"].get(hits)) return unreadable("hits");
        if (hits.size() == 0) return {};
        for (const element hit : hits) {
            TRY(auto document, read_document(hit));
            TRY_VOID(take(std::move(document)));
            element sort;
            if (hit["sort"].get(sort)) return unreadable("the order of its hits");
            after = simdjson::minify(sort);
        }
    }
}

Result<std::string> canonical(std::string_view json) {
    simdjson::dom::parser parser;
    element root;
    if (parser.parse(json.data(), json.size()).get(root)) {
        return fail(ErrorCode::Corrupt, "a document that we made is no JSON");
    }
    std::string text;
    append_canonical(text, root);
    return text;
}

}  // namespace larmor::index::search::opensearch
