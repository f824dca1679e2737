#include "index/search/opensearch/documents_of_studies.h"

#include "base/json_text.h"

namespace larmor::index::search::opensearch {
namespace {

bool is_tombstone(const StoredDocument& document) {
    return !document.is_shown && document.study_instance_uid.empty() &&
           document.has_its_own_id();
}

void append(std::string& list, const std::string& text) {
    if (!list.empty()) list += ',';
    append_json_string(list, text);
}

}  // namespace

DocumentsOfStudies::DocumentsOfStudies(std::span<const StudyDocuments> studies) {
    std::string uids;
    std::string ids;
    for (const auto& study : studies) {
        if (!study.study_instance_uid.empty()) append(uids, study.study_instance_uid);
        for (const auto& document : study.image_sets) {
            append(ids, document.image_set_id);
            studies_by_id_[id_of(document.datastore_id, document.image_set_id)] =
                study.study_instance_uid;
            studies_by_set_[document.image_set_id] = study.study_instance_uid;
        }
    }
    query_ = R"({"bool":{"minimum_should_match":1,"should":[{"terms":{"StudyInstanceUID":[)" +
             uids + R"(]}},{"terms":{"image_set_id":[)" + ids + "]}}]}}";
}

std::string DocumentsOfStudies::study_of(const StoredDocument& document) const {
    const auto by_id = studies_by_id_.find(document.id);
    if (by_id != studies_by_id_.end()) return by_id->second;
    if (is_tombstone(document)) return {};
    const auto by_set = studies_by_set_.find(document.image_set_id);
    return by_set != studies_by_set_.end() ? by_set->second : document.study_instance_uid;
}

bool belongs_to_none(const StoredDocument& document) {
    return document.study_instance_uid.empty() && !is_tombstone(document);
}

}  // namespace larmor::index::search::opensearch
