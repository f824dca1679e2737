#pragma once
#include <map>
#include <span>
#include <string>

#include "index/search/opensearch/stored_documents.h"
#include "index/target.h"

namespace larmor::index::search::opensearch {

/// Which study a document belongs to, for a check of some studies.
class DocumentsOfStudies {
public:
    explicit DocumentsOfStudies(std::span<const StudyDocuments> studies);

    /// Finds all that say to be of one of the studies, and all of image sets that should be
    /// there.
    const std::string& query() const { return query_; }

    /// The study of its id, else that of its image set, else that which it names; empty: none.
    std::string study_of(const StoredDocument& document) const;

private:
    std::string query_;
    std::map<std::string, std::string> studies_by_id_;
    std::map<std::string, std::string> studies_by_set_;
};

/// A document that belongs to no study and should not be there. What was deleted has a document
/// too, which belongs to nothing.
bool belongs_to_none(const StoredDocument& document);

/// Finds all documents.
inline constexpr const char* kAnyDocument = R"({"match_all":{}})";

}  // namespace larmor::index::search::opensearch
