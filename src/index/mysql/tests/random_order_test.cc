#include <atomic>
#include <map>
#include <random>
#include <thread>

#include "index/mysql/tests/mysql_fixture.h"
#include "index/tests/seeds.h"
#include "jobs/import_events.h"

// Random histories of a simple catalog, delivered in any order, more than once and by many: the
// target ends equal to the catalog. LARMOR_SEEDS says how many histories; seed n is the same
// each time.

namespace larmor::index::mysql {
namespace {

using testing::Given;
using ::testing::IsEmpty;

/// A simple catalog: image sets of studies of patients, and import jobs.
struct Catalog {
    struct Set {
        std::int64_t version = 0;  ///< 0: was never there
        bool is_deleted = false;
        bool is_primary = true;
        int instances = 0;
        std::uint32_t frames = 1;
        std::string image_type;
        catalog::Tags labels;
    };
    static constexpr int kSets = 6;
    static int study_of(int set) { return set / 2; }  ///< of two series each

    std::map<int, Set> sets;
    std::map<int, jobs::JobState> jobs;
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

/// An event of an image set or a job: from `time` on documents are as the catalog is then, or
/// later.
struct Event {
    std::optional<int> set;
    std::optional<int> job;
    std::size_t time = 0;
};

struct History {
    std::vector<Catalog> states{Catalog{}};  ///< after each change; the number is the time
    std::vector<Event> events;

    /// Submitted, begun, ended.
    void change_job(Catalog& now, int job) {
        const auto [at, is_new] = now.jobs.try_emplace(job, jobs::JobState::Queued);
        if (!is_new && at->second == jobs::JobState::Succeeded) return;
        if (!is_new) {
            at->second = at->second == jobs::JobState::Queued ? jobs::JobState::Running
                                                              : jobs::JobState::Succeeded;
        }
        events.push_back({.set = {}, .job = job, .time = states.size()});
    }

    explicit History(std::mt19937& random) {
        const auto any = [&](int below) {
            return static_cast<int>(random() % static_cast<unsigned>(below));
        };
        for (int i = 0; i < 20; ++i) {
            Catalog now = states.back();
            const int set = any(Catalog::kSets);
            const int study = Catalog::study_of(set);
            std::vector<int> changed;
            bool makes_version = true;
            switch (any(10)) {
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
                case 4:  // users put something to it, which makes no version
                    makes_version = false;
                    if (now.is_shown(set)) {
                        now.sets[set].labels[any(2) == 0 ? "ward" : "trial"] =
                            std::to_string(i);
                        changed = {set};
                    }
                    break;
                case 5:  // it becomes a conflict, or primary
                    if (now.is_shown(set)) {
                        now.sets[set].is_primary = !now.sets[set].is_primary;
                        changed = {set};
                    }
                    break;
                case 6:
                    change_job(now, any(3));
                    break;
                default:  // stored, or stored again
                    now.sets[set].is_deleted = false;
                    now.sets[set].instances = 1 + any(3);
                    now.sets[set].frames = static_cast<std::uint32_t>(any(3));
                    now.sets[set].image_type = any(2) == 0 ? "ORIGINAL\\PRIMARY" : "DERIVED";
                    changed = {set};
            }
            if (changed.empty() && now.jobs == states.back().jobs) continue;
            for (const int one : changed) {
                if (makes_version) ++now.sets[one].version;
                events.push_back({.set = one, .job = {}, .time = states.size()});
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
                    .is_primary = one.is_primary,
                    .patient_id = "P" + std::to_string(patient),
                    .patient_name = now.names.at(patient),
                    .study = has_study ? uid_of(study) : "",
                    .series = uid_of(study) + "." + std::to_string(set),
                    .instances = {},
                    .image_type = one.image_type,
                    .labels = one.labels,
                    .frames = one.frames};
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

    static ImportJob job_of(const History& history, int job, std::size_t time) {
        return {.datastore_id = std::string(32, 'd'),
                .id = jobs::to_service_id(jobs::JobId{job + 1}),
                .state = history.states.at(time).jobs.at(job),
                .source = "s3://in/" + std::to_string(job),
                .output = {},
                .submitted = Time(std::chrono::seconds(job)),
                .as_of = {.epoch = 1, .sequence = static_cast<std::int64_t>(time)}};
    }

    /// Each event at least once, with a document of its time or later; shuffled, some again.
    std::vector<Event> deliveries(const History& history, std::mt19937& random) const {
        std::vector<Event> all;
        for (const Event& event : history.events) {
            // Dropped by its worker, or given back, and then delivered again.
            for (unsigned times = 1 + random() % 2; times > 0; --times) {
                const std::size_t later = history.states.size() - event.time;
                all.push_back({event.set, event.job, event.time + random() % later});
            }
        }
        std::shuffle(all.begin(), all.end(), random);
        return all;
    }

    /// As a worker does: what was in the way of others comes again.
    void apply_all(std::vector<ImageSetDocument> documents) {
        while (!documents.empty()) {
            std::vector<ImageSetDocument> again;
            const auto outcomes = target_->apply_batch(documents);
            for (std::size_t i = 0; i < outcomes.size(); ++i) {
                if (outcomes[i]) continue;
                ASSERT_EQ(outcomes[i].error().code, ErrorCode::Conflict)
                    << outcomes[i].error().message;
                again.push_back(std::move(documents[i]));
            }
            documents = std::move(again);
        }
    }

    /// By so many at once, each with batches of up to so many.
    void deliver(const History& history, const std::vector<Event>& all, int workers,
                 std::size_t batch) {
        std::atomic<std::size_t> next = 0;
        const auto work = [&] {
            for (std::size_t i = next.fetch_add(batch); i < all.size();
                 i = next.fetch_add(batch)) {
                std::vector<ImageSetDocument> documents;
                for (std::size_t n = i; n < std::min(i + batch, all.size()); ++n) {
                    const Event& event = all[n];
                    if (event.set) {
                        documents.push_back(document_of(history, *event.set, event.time));
                    } else {
                        const auto job = job_of(history, *event.job, event.time);
                        EXPECT_TRUE(target_->apply_import_job(job));
                    }
                }
                apply_all(std::move(documents));
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
        for (const auto& [job, state] : history.states.back().jobs) {
            // Newest first.
            auto& known = studies.back().import_jobs;
            known.insert(known.begin(), job_of(history, job, end));
        }
        return testing::must_be(target_->compare(studies));
    }
};

}  // namespace

TEST_F(RandomOrder, EndsEqualToTheCatalogWhateverTheOrderAndHoweverOften) {
    constexpr int kWorkers = 4;
    for (unsigned seed = 1; seed <= index::testing::seeds(20); ++seed) {
        std::mt19937 random(seed);
        const History history(random);
        empty();

        // One after the other shows what order does, many at once what locks do.
        const std::size_t batch = 1 + seed % 3 * seed % 7;
        deliver(history, deliveries(history, random), seed % 2 == 0 ? kWorkers : 1, batch);

        ASSERT_THAT(drift(history), IsEmpty()) << "seed " << seed;
    }
}

}  // namespace larmor::index::mysql
