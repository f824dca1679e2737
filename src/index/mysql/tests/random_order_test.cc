#include <atomic>
#include <cstdlib>
#include <map>
#include <random>
#include <thread>

#include "index/mysql/tests/mysql_fixture.h"

// Random histories of a simple catalog, delivered in any order, more than once and by many: the
// target ends equal to the catalog. LARMOR_SEEDS says how many histories; seed n is the same
// each time.

namespace larmor::index::mysql {
namespace {

using testing::Given;
using ::testing::IsEmpty;

/// A simple catalog: image sets of studies of patients.
struct Catalog {
    struct Set {
        std::int64_t version = 0;  ///< 0: was never there
        bool is_deleted = false;
        int instances = 0;
    };
    static constexpr int kSets = 6;
    static int study_of(int set) { return set / 2; }  ///< of two series each

    std::map<int, Set> sets;
    std::map<int, int> patient_of{{0, 0}, {1, 0}, {2, 1}};  ///< by study
    std::map<int, std::string> names{{0, "FIRST"}, {1, "SECOND"}};
    std::map<int, std::string> descriptions;  ///< of studies

    bool is_shown(int set) const {
        const auto found = sets.find(set);
        return found != sets.end() && !found->second.is_deleted;
    }
    std::vector<int> shown(int study) const {
        std::vector<int> all;
        for (int set = 0; set < kSets; ++set) {
            if (study_of(set) == study && is_shown(set)) all.push_back(set);
        }
        return all;
    }
    bool is_patient_shown(int patient) const {
        return std::ranges::any_of(patient_of, [&](const auto& one) {
            return one.second == patient && !shown(one.first).empty();
        });
    }
};

std::string uid_of(int study) {
    return "1.2." + std::to_string(study);
}

/// An event of an image set: from `time` on documents are as the catalog is then, or later.
struct Event {
    int set = 0;
    std::size_t time = 0;
};

struct History {
    std::vector<Catalog> states{Catalog{}};  ///< after each change; the number is the time
    std::vector<Event> events;

    explicit History(std::mt19937& random) {
        const auto any = [&](int below) {
            return static_cast<int>(random() % static_cast<unsigned>(below));
        };
        for (int i = 0; i < 14; ++i) {
            Catalog now = states.back();
            const int set = any(Catalog::kSets);
            const int study = Catalog::study_of(set);
            std::vector<int> changed;
            switch (any(6)) {
                case 0:  // deleted
                    if (now.is_shown(set)) {
                        now.sets[set].is_deleted = true;
                        changed = {set};
                    }
                    break;
                case 1:  // the patient is renamed, in all studies
                    now.names[now.patient_of[study]] = "NAME" + std::to_string(i);
                    for (const auto& [one, patient] : now.patient_of) {
                        if (patient != now.patient_of[study]) continue;
                        for (const int other : now.shown(one)) changed.push_back(other);
                    }
                    break;
                case 2:  // the study is edited
                    now.descriptions[study] = "edit " + std::to_string(i);
                    changed = now.shown(study);
                    break;
                case 3:  // the study becomes another patient's
                    now.patient_of[study] = 1 - now.patient_of[study];
                    changed = now.shown(study);
                    break;
                default:  // stored, or stored again
                    now.sets[set].is_deleted = false;
                    now.sets[set].instances = 1 + any(3);
                    changed = {set};
            }
            if (changed.empty()) continue;
            for (const int one : changed) {
                ++now.sets[one].version;
                events.push_back({one, states.size()});
            }
            states.push_back(std::move(now));
        }
    }
};

class RandomOrder : public testing::MysqlTargetTest {
protected:
    ImageSetDocument document_of(const History& history, int set, std::size_t time) const {
        const Catalog& now = history.states.at(time);
        const auto& one = now.sets.at(set);
        const int study = Catalog::study_of(set);
        const int patient = now.patient_of.at(study);
        const bool has_study = !now.shown(study).empty();
        Given given{.id = std::string(32, static_cast<char>('a' + set)),
                    .version = one.version,
                    .sequence = static_cast<std::int64_t>(time),
                    .is_deleted = one.is_deleted,
                    .patient_id = "P" + std::to_string(patient),
                    .patient_name = now.names.at(patient),
                    .study = has_study ? uid_of(study) : "",
                    .series = uid_of(study) + "." + std::to_string(set),
                    .instances = {}};
        if (one.is_deleted) given.series.clear();
        if (!has_study && !now.is_patient_shown(patient)) given.patient_id.clear();
        for (int i = 0; i < one.instances && !one.is_deleted; ++i) {
            given.instances.push_back(uid_of(study) + "." + std::to_string(set) + "." +
                                      std::to_string(i));
        }
        auto made = document(given);
        const auto found = now.descriptions.find(study);
        if (found != now.descriptions.end()) {
            set_value(made, found->second);
        }
        return made;
    }
    void set_value(ImageSetDocument& made, const std::string& description) const {
        set(made.study, wanted_.at(Level::Study), dicom::tags::StudyDescription, description);
    }

    /// Each event at least once, with a document of its time or later; shuffled, some again.
    std::vector<Event> deliveries(const History& history, std::mt19937& random) const {
        std::vector<Event> all;
        for (const Event& event : history.events) {
            // Dropped by its worker, or given back, and then delivered again.
            for (unsigned times = 1 + random() % 2; times > 0; --times) {
                const std::size_t later = history.states.size() - event.time;
                all.push_back({event.set, event.time + random() % later});
            }
        }
        std::shuffle(all.begin(), all.end(), random);
        return all;
    }

    void deliver(const History& history, const std::vector<Event>& all, int workers) {
        std::atomic<std::size_t> next = 0;
        const auto work = [&] {
            for (std::size_t i = next++; i < all.size(); i = next++) {
                const auto made = document_of(history, all[i].set, all[i].time);
                // As a worker does: what was in the way of others comes again.
                for (;;) {
                    const auto applied = target_->apply(made);
                    if (applied) break;
                    EXPECT_EQ(applied.error().code, ErrorCode::Conflict)
                        << applied.error().message;
                    if (applied.error().code != ErrorCode::Conflict) break;
                }
            }
        };
        std::vector<std::thread> threads;
        for (int i = 1; i < workers; ++i) threads.emplace_back(work);
        work();
        for (auto& thread : threads) thread.join();
    }

    std::vector<Drift> drift(const History& history) {
        const std::size_t end = history.states.size() - 1;
        std::vector<StudyDocuments> studies;
        for (int study = 0; study < 3; ++study) {
            StudyDocuments one{.datastore_id = std::string(32, 'd'),
                               .study_instance_uid = uid_of(study),
                               .image_sets = {},
                               .newest = {.epoch = 1, .sequence = 100}};
            for (const int set : history.states.back().shown(study)) {
                one.image_sets.push_back(document_of(history, set, end));
            }
            studies.push_back(std::move(one));
        }
        studies.push_back({.datastore_id = std::string(32, 'd'),
                           .study_instance_uid = "",
                           .image_sets = {},
                           .newest = {.epoch = 1, .sequence = 100}});
        return testing::must_be(target_->compare(studies));
    }
};

unsigned seeds(unsigned otherwise) {
    // NOLINTNEXTLINE(concurrency-mt-unsafe): nobody sets the environment.
    const char* const text = std::getenv("LARMOR_SEEDS");
    return text == nullptr ? otherwise : static_cast<unsigned>(std::stoul(text));
}

}  // namespace

TEST_F(RandomOrder, EndsEqualToTheCatalogWhateverTheOrderAndHoweverOften) {
    constexpr int kWorkers = 4;
    for (unsigned seed = 1; seed <= seeds(20); ++seed) {
        std::mt19937 random(seed);
        const History history(random);
        empty();

        // One after the other shows what order does, many at once what locks do.
        deliver(history, deliveries(history, random), seed % 2 == 0 ? kWorkers : 1);

        ASSERT_THAT(drift(history), IsEmpty()) << "seed " << seed;
    }
}

}  // namespace larmor::index::mysql
