// What happens to some image sets, by seed, is told to a lake as their documents say it,
// shuffled, doubled, dropped to come later, and in batches of any size. At its end the lake has
// what a plain list of the image sets says.
#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <map>
#include <random>
#include <set>
#include <span>
#include <tuple>

#include "base/file.h"
#include "base/ids.h"
#include "duckdb/engine.h"
#include "index/lake/lake_target.h"
#include "index/lake/manifest.h"
#include "index/lake/tests/given.h"
#include "index/tests/seeds.h"

namespace larmor::index::lake {
namespace {

using duckdb::Engine;

namespace fs = std::filesystem;

constexpr int kSets = 7;
constexpr int kChanges = 18;

struct Study {
    std::string uid;
    std::string date;
    int patient = 0;
};
struct ImageSet {
    std::string id;
    std::string series;
    int study = 0;
    std::int64_t version = 0;  ///< 0: not there yet
    bool is_deleted = false;
    std::vector<std::string> instances;
    bool is_there() const { return version > 0 && !is_deleted; }
};

class Model {
public:
    explicit Model(unsigned seed) : random_(seed) {
        for (int i = 0; i < 3; ++i) {
            studies_.push_back(
                {"1.2." + std::to_string(i), "2004010" + std::to_string(i + 1), i / 2});
        }
        for (int i = 0; i < kSets; ++i) {
            const int study = i % 3;
            sets_.push_back({.id = std::to_string(i) + std::string(31, 'e'),
                             .series = studies_[study].uid + "." + std::to_string(i / 3),
                             .study = study});
        }
        for (int i = 0; i < kChanges; ++i) change();
    }

    std::vector<ImageSetDocument> told;

    /// As `lines` gives them of the lake.
    std::multiset<std::string> instances() const {
        std::multiset<std::string> lines;
        for (const auto& set : sets_) {
            if (!set.is_there()) continue;
            for (const auto& uid : set.instances) {
                lines.insert(uid + " " + set.series + " " + set.id + " " + month(set.study));
            }
        }
        return lines;
    }
    std::multiset<std::string> studies() const {
        std::multiset<std::string> lines;
        for (int i = 0; i < 3; ++i) {
            const auto [series, count] = counts({i});
            if (!shown(i)) continue;
            lines.insert(studies_[i].uid + " " + month(i) + " " + std::to_string(series) + " " +
                         std::to_string(count) + " " + name(studies_[i].patient));
        }
        return lines;
    }
    std::multiset<std::string> patients() const {
        std::multiset<std::string> lines;
        for (int patient = 0; patient < 2; ++patient) {
            std::set<int> of;
            std::string first = "9";
            for (int i = 0; i < 3; ++i) {
                if (studies_[i].patient != patient || !shown(i)) continue;
                of.insert(i);
                first = std::min(first, month(i));
            }
            if (of.empty()) continue;
            lines.insert(name(patient) + " " + first + " " + std::to_string(of.size()) + " " +
                         std::to_string(counts(of).second));
        }
        return lines;
    }

    /// As who is told again of these image sets reads them.
    std::vector<ImageSetDocument> now(const std::set<std::string>& ids) const {
        std::vector<ImageSetDocument> documents;
        for (const auto& set : sets_) {
            if (ids.contains(set.id)) documents.push_back(document_of(set));
        }
        return documents;
    }

    /// As a check reads it.
    std::vector<StudyDocuments> catalog() const {
        std::vector<StudyDocuments> all;
        for (int i = 0; i < 3; ++i) {
            all.push_back({.datastore_id = std::string(32, 'd'),
                           .study_instance_uid = studies_[i].uid,
                           .image_sets = {},
                           .newest = {.epoch = 1, .sequence = sequence_}});
            for (const auto& set : sets_) {
                if (set.study == i && set.is_there()) {
                    all.back().image_sets.push_back(document_of(set));
                }
            }
        }
        all.push_back(all.back());
        all.back().study_instance_uid.clear();
        all.back().image_sets.clear();
        return all;
    }

private:
    std::string month(int study) const {
        return studies_[study].date.substr(0, 4) + "-" + studies_[study].date.substr(4, 2);
    }
    std::string name(int patient) const { return "NAME^" + std::to_string(names_[patient]); }
    bool shown(int study) const {
        return std::ranges::any_of(
            sets_, [&](const auto& set) { return set.study == study && set.is_there(); });
    }
    std::pair<std::size_t, std::size_t> counts(const std::set<int>& studies) const {
        std::set<std::string> series;
        std::size_t instances = 0;
        for (const auto& set : sets_) {
            if (!set.is_there() || !studies.contains(set.study)) continue;
            if (!set.instances.empty()) series.insert(set.series);
            instances += set.instances.size();
        }
        return {series.size(), instances};
    }

    int below(int count) { return static_cast<int>(random_() % static_cast<unsigned>(count)); }

    void change() {
        auto& set = sets_[below(kSets)];
        ++sequence_;
        if (set.version == 0) {
            set.instances.push_back(next_uid(set));
            tell(set);
            return;
        }
        switch (below(5)) {
            case 0:
                ++names_[studies_[set.study].patient];
                return tell_all([&](const ImageSet& other) {
                    return studies_[other.study].patient == studies_[set.study].patient;
                });
            case 1:
                studies_[set.study].date = "20" + std::to_string(10 + below(3)) + "0101";
                return tell_all(
                    [&](const ImageSet& other) { return other.study == set.study; });
            case 2:
                if (set.is_deleted) return;
                set.is_deleted = true;
                set.instances.clear();
                return tell(set);
            case 3:
                if (set.is_deleted || set.instances.size() < 2) return;
                set.instances.pop_back();
                return tell(set);
            default:
                if (set.is_deleted) return;
                set.instances.push_back(next_uid(set));
                return tell(set);
        }
    }
    std::string next_uid(const ImageSet& set) {
        return set.series + "." + std::to_string(++uids_);
    }

    /// The change is one of all of them, at one place of the log.
    void tell_all(const std::function<bool(const ImageSet&)>& concerns) {
        for (auto& set : sets_) {
            if (set.is_there() && concerns(set)) tell(set);
        }
    }
    void tell(ImageSet& set) {
        ++set.version;
        told.push_back(document_of(set));
    }
    ImageSetDocument document_of(const ImageSet& set) const {
        const bool has_study = shown(set.study);
        const bool has_series = std::ranges::any_of(sets_, [&](const auto& other) {
            return other.series == set.series && other.is_there();
        });
        const Study& study = studies_[set.study];
        return document({.id = set.id,
                         .version = set.version,
                         .sequence = sequence_,
                         .is_deleted = set.is_deleted,
                         .patient_id = "P" + std::to_string(study.patient),
                         .patient_name = name(study.patient),
                         .study = has_study ? study.uid : "",
                         .date = study.date,
                         .series = has_series ? set.series : "",
                         .instances = set.instances});
    }

    std::minstd_rand random_;
    std::vector<Study> studies_;
    std::vector<ImageSet> sets_;
    std::array<int, 2> names_ = {0, 100};
    std::int64_t sequence_ = 0;
    int uids_ = 0;
};

std::multiset<std::string> lines(Engine& reader, const std::string& sql) {
    std::multiset<std::string> all;
    for (const auto& row : must_be(reader.rows(sql))) {
        std::string line;
        for (const auto& value : row)
            line += (line.empty() ? "" : " ") + value.value_or("NULL");
        all.insert(line);
    }
    return all;
}

void tell_in_batches(Target& target, std::span<const ImageSetDocument> told,
                     std::minstd_rand& random) {
    while (!told.empty()) {
        const std::size_t count = std::min<std::size_t>(1 + random() % 20, told.size());
        for (auto& one : target.apply_batch(told.first(count))) must_be(std::move(one));
        told = told.subspan(count);
    }
}

void tell_in_disorder(Target& target, const Model& model, unsigned seed) {
    std::minstd_rand random(seed + 1000);
    std::vector<ImageSetDocument> told;
    std::set<std::string> dropped;
    for (const auto& document : model.told) {
        const auto kind = random() % 8;
        if (kind < 2) {
            dropped.insert(document.image_set_id);
            continue;
        }
        told.push_back(document);
        if (kind < 5) told.push_back(document);
    }
    std::ranges::shuffle(told, random);
    tell_in_batches(target, told, random);
    // What was dropped comes at last, as the image sets are by then.
    auto again = model.now(dropped);
    std::ranges::shuffle(again, random);
    tell_in_batches(target, again, random);
}

TEST(LakeModel, EndsEqualToTheCatalogWhateverTheOrder) {
    const auto checked = Engine::check();
    if (!checked) GTEST_SKIP() << checked.error().message;
    const auto folder = fs::temp_directory_path() / ("larmor-lake-model-" + random_id());
    const auto reader = must_be(Engine::open({.scratch = folder / "reader"}));
    for (unsigned seed = 1; seed <= testing::seeds(7); ++seed) {
        const Model model(seed);
        const auto place = folder / std::to_string(seed);
        const auto target =
            must_be(open_lake({.place = place / "lake", .scratch = place / "scratch"}));
        tell_in_disorder(*target, model, seed);

        must_be(reader->run(must_be(read_file(place / "lake" / kPublicViews, 1 << 20))));
        SCOPED_TRACE("seed " + std::to_string(seed));
        EXPECT_EQ(lines(*reader,
                        "SELECT SOPInstanceUID, SeriesInstanceUID, image_set_id,"
                        " study_month FROM instance"),
                  model.instances());
        EXPECT_EQ(lines(*reader,
                        "SELECT StudyInstanceUID, study.study_month,"
                        " NumberOfStudyRelatedSeries, NumberOfStudyRelatedInstances,"
                        " PatientName FROM study JOIN patient USING (patient_key)"),
                  model.studies());
        EXPECT_EQ(lines(*reader,
                        "SELECT PatientName, study_month,"
                        " NumberOfPatientRelatedStudies,"
                        " NumberOfPatientRelatedInstances FROM patient"),
                  model.patients());
        EXPECT_EQ(must_be(target->compare(model.catalog())), std::vector<Drift>());
        if (::testing::Test::HasFailure()) break;
        std::error_code ignored;
        fs::remove_all(place, ignored);
    }
    std::error_code ignored;
    fs::remove_all(folder, ignored);
}

}  // namespace
}  // namespace larmor::index::lake
