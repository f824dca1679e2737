#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "index/search/opensearch/requester.h"

namespace larmor::index::search::opensearch {

/// `ID-OF-DATASTORE-ID-OF-IMAGE-SET`: the id of an image set's document.
std::string id_of(std::string_view datastore_id, std::string_view image_set_id);

/// A document as the engine has it now.
struct StoredDocument {
    std::string id;
    std::int64_t version = 0;  ///< the external one
    std::string source;        ///< as `canonical` makes it
    // Of its source; empty or 0 where it does not say.
    std::string datastore_id;
    std::string image_set_id;
    std::int64_t set_version = 0;
    std::string study_instance_uid;
    bool is_shown = false;

    bool has_its_own_id() const { return id == id_of(datastore_id, image_set_id); }
};

enum class Sources : std::uint8_t { Whole, KeysOnly };

/// Calls `take` with each document that the query finds, all as they are at one moment: after a
/// refresh, in a point in time, page by page. Errors: those of Requester::expect and of `take`;
/// Unavailable where the answer is none.
Result<void> for_each_document(Requester& requester, const std::string& query_json,
                               Sources sources,
                               const std::function<Result<void>(StoredDocument)>& take);

/// A JSON text with the members of each object in order and nothing between: what says the same
/// is the same. Errors: Corrupt where it is no JSON.
Result<std::string> canonical(std::string_view json);

}  // namespace larmor::index::search::opensearch
