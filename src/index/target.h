#pragma once
#include <chrono>
#include <span>
#include <string>
#include <vector>

#include "index/document.h"
#include "index/import_job.h"

namespace larmor::index {

/// One study as the catalog has it, for a check.
struct StudyDocuments {
    std::string datastore_id;
    /// Empty: what belongs to no study, of which a target should have nothing.
    std::string study_instance_uid;
    /// Of all its image sets that are not deleted.
    std::vector<ImageSetDocument> image_sets;
    /// All that the library knows, with what belongs to no study.
    std::vector<ImportJob> import_jobs{};
    /// Where the log stood after they were read: nothing of a target can be of later.
    events::Position newest;
    /// For a repair: also over what says that it is of a later document, which can't be where
    /// the catalog was read again and again.
    bool is_forced = false;
};

/// How one table of a target (or what it has instead of tables) differs from the catalog.
struct Drift {
    std::string study_instance_uid;  ///< as in StudyDocuments
    std::string table;
    // Rows.
    std::size_t missing = 0;
    std::size_t extra = 0;
    std::size_t different = 0;
    friend bool operator==(const Drift&, const Drift&) = default;
};

/// How many documents a target wants at a time.
struct BatchLimits {
    /// 1: each by itself, from many threads.
    std::size_t documents_max = 1;
    /// What a batch takes of memory. One that has so many of either is not filled further, but
    /// for the documents that are being read then, one a thread.
    std::size_t instances_max = 1;
    std::chrono::milliseconds window{0};  ///< how long the first one waits for more
    std::size_t threads = 1;              ///< batches at a time
};

/// A store that is kept equal to the catalog. Documents come in any order and more than once.
/// Safe from any thread; calls block.
class Target {
public:
    virtual ~Target() = default;

    /// What documents are to have.
    virtual Result<Wanted> wanted() = 0;

    /// Whether this version of the image set, or a newer one, was applied.
    virtual Result<bool> has_applied(std::string_view datastore_id,
                                     std::string_view image_set_id, std::int64_t version) = 0;

    /// The same, of a document that was read where the log stood at `position` or later: what
    /// makes no version can have changed before it.
    virtual Result<bool> has_applied_since(std::string_view datastore_id,
                                           std::string_view image_set_id, std::int64_t version,
                                           events::Position /*position*/) {
        return has_applied(datastore_id, image_set_id, version);
    }

    enum class Applied : std::uint8_t {
        Written,
        Older,  ///< a newer version of the image set was there
    };
    /// Writes the document in one transaction of the target, with what it says of itself: an
    /// older one never goes over a newer. Errors: Unavailable and Conflict, where trying again
    /// can help; Denied, Unauthenticated and NoSpace, which are about the target, and `wanted`
    /// fails too until somebody has put that right; others are about this document.
    virtual Result<Applied> apply(const ImageSetDocument& document) = 0;

    /// Whether it keeps imports that are jobs.
    virtual bool keeps_import_jobs() const { return false; }
    /// Writes such a job unless a newer state of it is there. Errors: as above.
    virtual Result<void> apply_import_job(const ImportJob& /*job*/) { return {}; }

    virtual BatchLimits batch_limits() const { return {}; }
    /// Whether a document can be tried out; else one whose worker was lost is applied alone.
    virtual bool can_rehearse() const { return false; }
    /// Does with a document by itself what it could bring the process down with, and changes
    /// nothing: for one whose worker was lost, before it goes into a batch with others. Errors:
    /// as `apply`.
    virtual Result<void> rehearse(const ImageSetDocument& /*document*/) { return {}; }
    /// The same of many, in one transaction where the target can; what is wrong with one
    /// document is its own error. An outcome for each, in their order.
    virtual std::vector<Result<Applied>> apply_batch(
        std::span<const ImageSetDocument> documents) {
        std::vector<Result<Applied>> outcomes;
        outcomes.reserve(documents.size());
        for (const auto& document : documents) outcomes.push_back(apply(document));
        return outcomes;
    }

    // A check. What is compared are digests per study that the target's own engine makes of its
    // rows as they are now, never of anything stored about them. Errors: Unsupported, where a
    // target has none.

    /// UIDs of studies that it has anything of, behind `after`, rising by bytes.
    virtual Result<std::vector<std::string>> list_studies(std::string_view /*after*/,
                                                          std::size_t /*limit*/) {
        return no_check();
    }
    /// What differs, a table of a study each. A change between reading and comparing looks like
    /// drift: the caller settles that.
    virtual Result<std::vector<Drift>> compare(std::span<const StudyDocuments> /*studies*/) {
        return no_check();
    }
    /// Makes everything of the study as its documents say, whatever was applied before, in one
    /// transaction. Older, and nothing done: what is there is of a later document.
    virtual Result<Applied> repair(const StudyDocuments& /*study*/) { return no_check(); }

private:
    static tl::unexpected<Error> no_check() {
        return fail(ErrorCode::Unsupported, "this target of the index can't be checked yet");
    }
};

}  // namespace larmor::index
