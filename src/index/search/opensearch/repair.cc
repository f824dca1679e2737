#include <algorithm>
#include <map>

#include "index/search/opensearch/check.h"
#include "index/search/opensearch/document_json.h"
#include "index/search/opensearch/documents_of_studies.h"

namespace larmor::index::search::opensearch {
namespace {

class Repairing {
public:
    Repairing(Requester& requester, Bulk& bulk, const StudyDocuments& study)
        : requester_(requester), bulk_(bulk), study_(study), as_of_(study.newest) {
        for (const auto& document : study.image_sets) {
            as_of_ = std::min(as_of_, document.as_of);
        }
    }

    Result<Target::Applied> run() {
        TRY_VOID(read());
        const bool is_later = std::ranges::any_of(there_, [&](const auto& one) {
            return one.second.version > external_version(as_of_);
        });
        if (is_later && !study_.is_forced) return Target::Applied::Older;
        auto all = Target::Applied::Written;
        for (const auto& document : study_.image_sets) {
            TRY_VOID(remove_if_of_never(document));
            TRY(const auto applied, put(document));
            if (applied == Target::Applied::Older) all = applied;
            there_.erase(id_of(document.datastore_id, document.image_set_id));
        }
        for (const auto& [id, document] : there_) {
            TRY(const auto applied, take_away(document));
            if (applied == Target::Applied::Older) all = applied;
        }
        return all;
    }

private:
    Result<void> read() {
        const bool is_rest = study_.study_instance_uid.empty();
        const DocumentsOfStudies of_it(std::span(&study_, 1));
        return for_each_document(
            requester_, is_rest ? kAnyDocument : of_it.query(), Sources::KeysOnly,
            [&](StoredDocument document) -> Result<void> {
                const bool is_of_it =
                    is_rest ? belongs_to_none(document) : !of_it.study_of(document).empty();
                if (!is_of_it) return {};
                std::string id = document.id;
                there_.emplace(std::move(id), std::move(document));
                return {};
            });
    }

    /// A version that the log has not come to yet is no document's. The engine takes no lower
    /// one before it has forgotten that of the removed document: then the next repair does it.
    Result<void> remove_if_of_never(const ImageSetDocument& document) {
        const auto there = there_.find(id_of(document.datastore_id, document.image_set_id));
        const bool is_of_never =
            there != there_.end() && there->second.version > external_version(study_.newest);
        if (!is_of_never) return {};
        // Where a newer one came meanwhile, the document that is put next is the older.
        TRY_VOID(bulk_.remove(there->first, there->second.version));
        there_.erase(there);
        return {};
    }

    /// Not older than what is there, which is what may be forced.
    std::int64_t version_over(const std::string& id, events::Position as_of) const {
        const auto there = there_.find(id);
        const auto ours = external_version(as_of);
        return there == there_.end() ? ours : std::max(ours, there->second.version);
    }

    Result<Target::Applied> put(const ImageSetDocument& document) {
        std::string id = id_of(document.datastore_id, document.image_set_id);
        const auto version = version_over(id, document.as_of);
        return bulk_.put({.id = std::move(id),
                          .version = version,
                          .document = document_json(document, make_set_row(document))});
    }

    /// A document of ours stays and says that its image set is deleted, so that nothing that is
    /// late brings it back.
    Result<Target::Applied> take_away(const StoredDocument& document) {
        if (!document.has_its_own_id()) return bulk_.remove(document.id, document.version);
        ImageSetDocument deleted;
        deleted.datastore_id = document.datastore_id;
        deleted.image_set_id = document.image_set_id;
        deleted.version = document.set_version;
        deleted.is_deleted = true;
        deleted.as_of = as_of_;
        return put(deleted);
    }

    Requester& requester_;
    Bulk& bulk_;
    const StudyDocuments& study_;
    events::Position as_of_;  ///< of its oldest document
    std::map<std::string, StoredDocument> there_;
};

}  // namespace

Result<Target::Applied> repair(Requester& requester, Bulk& bulk, const StudyDocuments& study) {
    return Repairing(requester, bulk, study).run();
}

}  // namespace larmor::index::search::opensearch
