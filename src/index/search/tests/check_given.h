#pragma once
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

#include "index/search/search_index.h"
#include "index/search/tests/given.h"

namespace larmor::index::search::testing {

template <typename T>
T must_be(Result<T> result) {
    if (!result) throw std::runtime_error(result.error().message);
    return *std::move(result);
}

inline const std::string kFirst = "1.2.1";
inline const std::string kOther = "1.2.2";

/// A catalog of two studies: the first one has two series, a conflict, and an image set that
/// was deleted. One series has instances of two sizes, of which the larger number is the lesser
/// text.
class CheckedCatalog {
public:
    CheckedCatalog() {
        add(kFirst, {.rows = {"64", "512"}});
        add(kFirst, {.id = std::string(32, 'b'),
                     .sequence = 2,
                     .series = "1.2.1.2",
                     .modality = "SR",
                     .instances = {"1.2.1.2.1"}});
        add(kFirst, {.id = std::string(32, 'c'), .sequence = 3, .is_primary = false});
        add(kOther, {.id = std::string(32, 'e'),
                     .sequence = 4,
                     .patient_name = "OTHER^ONE",
                     .study = kOther,
                     .series = "1.2.2.1",
                     .instances = {"1.2.2.1.1"}});
    }

    void apply_to(SearchIndex& index) const {
        for (const auto& [uid, sets] : studies_) {
            for (const auto& set : sets) must_be(index.apply(set));
        }
        Given gone{.id = std::string(32, '0'), .sequence = 5, .series = "1.2.1.3"};
        must_be(index.apply(document_of(gone)));
        gone.sequence = 6;
        gone.is_deleted = true;
        must_be(index.apply(document_of(gone)));
    }

    StudyDocuments study(const std::string& uid) const {
        StudyDocuments study{.datastore_id = std::string(32, 'd'),
                             .study_instance_uid = uid,
                             .image_sets = {},
                             .newest = {.epoch = 1, .sequence = 900}};
        const auto found = studies_.find(uid);
        if (found != studies_.end()) study.image_sets = found->second;
        // As a check reads them, later.
        for (auto& set : study.image_sets) set.as_of = study.newest;
        return study;
    }

    /// As a check does: studies of both, what belongs to none last.
    std::vector<StudyDocuments> all(SearchIndex& index) const {
        std::set<std::string> uids{kFirst, kOther};
        for (auto& uid : must_be(index.list_studies("", 100))) uids.insert(std::move(uid));
        std::vector<StudyDocuments> studies;
        for (const auto& uid : uids) studies.push_back(study(uid));
        studies.push_back(study(""));
        return studies;
    }
    std::vector<Drift> compare(SearchIndex& index) const {
        return must_be(index.compare(all(index)));
    }
    void repair(SearchIndex& index, bool is_forced = false) const {
        for (auto& study : all(index)) {
            study.is_forced = is_forced;
            EXPECT_EQ(must_be(index.repair(study)), Target::Applied::Written);
        }
    }

private:
    void add(const std::string& uid, const Given& given) {
        studies_[uid].push_back(document_of(given));
    }
    std::map<std::string, std::vector<ImageSetDocument>> studies_;
};

}  // namespace larmor::index::search::testing
