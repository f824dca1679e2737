// Documents shuffled, doubled, and dropped to come later, by seed: what is found in the end is
// what a simple model of the catalog has.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <random>
#include <set>
#include <thread>

#include "index/search/embedded/embedded_index.h"
#include "index/search/opensearch/opensearch_index.h"
#include "index/search/parse_query.h"
#include "index/search/tests/folder.h"
#include "index/search/tests/given.h"
#include "index/search/tests/stand_in.h"
#include "index/tests/seeds.h"

namespace larmor::index::search {
namespace {

using testing::document_of;
using testing::Given;
using testing::value_of;

/// Image sets of two studies of one patient; every change is a message, as in the catalog.
class Model {
public:
    explicit Model(unsigned seed) : prefix_("1.2." + std::to_string(seed)), random_(seed) {}

    void change() {
        switch (random_() % 6) {
            case 0:
            case 1:
                return create();
            case 2:
                return rename();
            case 3:
                return grow();
            case 4:
                return remove();
            default:
                return swap_primary();
        }
    }

    /// Those that came first, in an order of their own, some twice, some not at all.
    std::vector<Given> first_deliveries() {
        std::vector<Given> delivered;
        for (const Given& message : messages_) {
            const auto kind = random_() % 4;
            if (kind == 0) continue;
            delivered.push_back(message);
            if (kind == 1) delivered.push_back(message);
        }
        std::shuffle(delivered.begin(), delivered.end(), random_);
        return delivered;
    }
    /// What was dropped comes at last, as the image sets are by then.
    std::vector<Given> redeliveries() {
        std::vector<Given> delivered;
        for (const auto& [id, set] : sets_) delivered.push_back(read(set));
        std::shuffle(delivered.begin(), delivered.end(), random_);
        return delivered;
    }

    std::string patient_id() const { return "P" + prefix_; }
    /// `series image-set name instances` of all that is shown.
    std::set<std::string> expected() const {
        std::set<std::string> lines;
        for (const auto& [id, set] : sets_) {
            if (set.is_deleted || !set.is_primary) continue;
            lines.insert(set.series + " " + id + " " + names_.at(set.study) + " " +
                         std::to_string(set.instances.size()));
        }
        return lines;
    }
    std::map<std::string, std::string> names_by_study() const {
        std::map<std::string, std::string> shown;
        for (const auto& [id, set] : sets_) {
            if (!set.is_deleted && set.is_primary) shown[set.study] = names_.at(set.study);
        }
        return shown;
    }

    /// As a check reads it.
    std::vector<StudyDocuments> catalog() const {
        std::vector<StudyDocuments> all;
        for (const auto& [uid, name] : names_) {
            all.push_back({.datastore_id = std::string(32, 'd'),
                           .study_instance_uid = uid,
                           .image_sets = {},
                           .newest = {.epoch = 1, .sequence = sequence_}});
            for (const auto& [id, set] : sets_) {
                if (set.study == uid && !set.is_deleted) {
                    all.back().image_sets.push_back(document_of(read(set)));
                }
            }
        }
        return all;
    }

private:
    /// As DocumentSource does: what is shared is as it is now.
    Given read(const Given& set) const {
        Given now = set;
        now.sequence = sequence_;
        now.patient_name = names_.at(set.study);
        if (set.is_deleted) now.instances.clear();
        return now;
    }
    void changed(const std::vector<std::string>& ids) {
        for (const auto& id : ids) {
            ++sets_[id].version;
            ++sequence_;
        }
        for (const auto& id : ids) messages_.push_back(read(sets_[id]));
    }

    void create() {
        const std::string study = prefix_ + "." + std::to_string(random_() % 2);
        names_.try_emplace(study, "FIRST");
        Given set;
        set.id = std::to_string(sets_.size()) + prefix_;
        set.version = 0;
        set.patient_id = patient_id();
        set.study = study;
        set.series = study + "." + std::to_string(random_() % 3);
        set.instances = {set.series + ".1." + set.id};
        for (const auto& [id, other] : sets_) {
            if (other.series == set.series && !other.is_deleted) set.is_primary = false;
        }
        sets_[set.id] = set;
        changed({set.id});
    }
    void rename() {
        if (names_.empty()) return;
        auto study = names_.begin();
        std::advance(study, static_cast<std::ptrdiff_t>(random_() % names_.size()));
        study->second = "NAME" + std::to_string(random_() % 100);
        std::vector<std::string> ids;
        for (const auto& [id, set] : sets_) {
            if (set.study == study->first && set.is_primary && !set.is_deleted) {
                ids.push_back(id);
            }
        }
        changed(ids);
    }
    Given* any() {
        if (sets_.empty()) return nullptr;
        auto set = sets_.begin();
        std::advance(set, static_cast<std::ptrdiff_t>(random_() % sets_.size()));
        return set->second.is_deleted ? nullptr : &set->second;
    }
    void grow() {
        Given* const set = any();
        if (set == nullptr) return;
        set->instances.push_back(set->series + ".n" + std::to_string(sequence_));
        changed({set->id});
    }
    void remove() {
        Given* const set = any();
        if (set == nullptr) return;
        set->is_deleted = true;
        changed({set->id});
    }
    /// A conflict takes the place of what it is in conflict with.
    void swap_primary() {
        Given* const set = any();
        if (set == nullptr || set->is_primary) return;
        std::vector<std::string> ids = {set->id};
        for (auto& [id, other] : sets_) {
            if (other.series != set->series || !other.is_primary || other.is_deleted) continue;
            other.is_primary = false;
            ids.push_back(id);
        }
        set->is_primary = true;
        changed(ids);
    }

    const std::string prefix_;
    std::mt19937 random_;
    std::int64_t sequence_ = 0;
    std::map<std::string, Given> sets_;
    std::map<std::string, std::string> names_;  ///< of the patient, by study
    std::vector<Given> messages_;
};

Answer ask(SearchIndex& index, const std::string& json) {
    const auto query = parse_query(json);
    if (!query) throw std::runtime_error(query.error().message);
    auto answer = index.search(*query);
    if (!answer) throw std::runtime_error(answer.error().message);
    return *std::move(answer);
}

void deliver(SearchIndex& index, Model& model) {
    for (int i = 0; i < 12; ++i) model.change();
    for (const auto& given : model.first_deliveries()) {
        if (!index.apply(document_of(given))) throw std::runtime_error("not applied");
    }
    for (const auto& given : model.redeliveries()) {
        if (!index.apply(document_of(given))) throw std::runtime_error("not applied");
    }
}

void compare(SearchIndex& index, const Model& model, unsigned seed) {
    const std::string ours = R"("filters":{"PatientID":")" + model.patient_id() + "\"}";
    std::set<std::string> found;
    const Answer series = ask(index, R"({"level":"series","limit":100,)" + ours + "}");
    for (const Hit& hit : series.hits) {
        found.insert(value_of(hit, "SeriesInstanceUID") + " " + hit.image_set_id + " " +
                     value_of(hit, "PatientName") + " " + std::to_string(hit.instances));
    }
    EXPECT_EQ(found, model.expected()) << "seed " << seed;
    EXPECT_EQ(series.hits.size(), found.size()) << "seed " << seed;
    std::map<std::string, std::string> names;
    std::int64_t series_of_studies = 0;
    for (const Hit& hit : ask(index, "{" + ours + "}").hits) {
        names[value_of(hit, "StudyInstanceUID")] = value_of(hit, "PatientName");
        series_of_studies += hit.series;
    }
    EXPECT_EQ(names, model.names_by_study()) << "seed " << seed;
    EXPECT_EQ(series_of_studies, static_cast<std::int64_t>(found.size())) << "seed " << seed;
    const auto drift = index.compare(model.catalog());
    ASSERT_TRUE(drift) << drift.error().message;
    EXPECT_EQ(*drift, std::vector<Drift>()) << "seed " << seed;
    // Words are those of the names that are there now.
    for (const auto& [study, name] : names) {
        const Answer named = ask(index, R"({"filters":{"PatientName":")" + name +
                                            R"(","StudyInstanceUID":")" + study + "\"}}");
        EXPECT_EQ(named.total, 1U) << "seed " << seed;
    }
}

void run_seeds(SearchIndex& index, unsigned count, const std::function<void()>& settle) {
    std::vector<Model> models;
    for (unsigned seed = 0; seed < count; ++seed) models.emplace_back(seed);
    // Several at a time, so that they meet in groups and bulks.
    std::atomic<unsigned> next = 0;
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i) {
        threads.emplace_back([&] {
            for (unsigned seed = next++; seed < count; seed = next++) {
                deliver(index, models[seed]);
            }
        });
    }
    threads.clear();
    settle();
    for (unsigned seed = 0; seed < count; ++seed) compare(index, models[seed], seed);
    const StudyDocuments none{.datastore_id = std::string(32, 'd'),
                              .study_instance_uid = "",
                              .image_sets = {},
                              .newest = {.epoch = 1, .sequence = 1}};
    const auto rest = index.compare(std::span(&none, 1));
    ASSERT_TRUE(rest) << rest.error().message;
    EXPECT_EQ(*rest, std::vector<Drift>());
}

}  // namespace

TEST(SearchConvergence, TheEmbeddedIndexEndsEqualToTheCatalog) {
    const testing::Folder folder;
    auto index = embedded::open_embedded_index(folder.path() / "search.sqlite");
    ASSERT_TRUE(index) << index.error().message;
    run_seeds(**index, index::testing::seeds(1000), [] {});
}

TEST(SearchConvergence, OpenSearchEndsEqualToTheCatalog) {
    const auto stand_in = testing::StandIn::start();
    if (!stand_in) GTEST_SKIP() << "OpenSearch's API description is not installed";
    const auto index = opensearch::make_opensearch_index(stand_in->address());
    run_seeds(*index, index::testing::seeds(50), [&] { stand_in->refresh("larmor-search"); });
}

}  // namespace larmor::index::search
