#include "index/checker.h"

#include <algorithm>
#include <chrono>
#include <set>
#include <thread>

#include "events/event_reader.h"

namespace larmor::index {
namespace {

/// A page is compared at once, and held in memory.
constexpr std::size_t kCheckedStudies = 100;
constexpr std::size_t kCheckedInstances = 5000;
constexpr int kLooksMax = 10;
/// Rows that then still say to be of later documents than the catalog has are wrong.
constexpr int kForceAfter = 5;
constexpr std::chrono::milliseconds kAskEvery{50};
constexpr std::chrono::minutes kWaitMax{1};

std::size_t instances_of(const StudyDocuments& study) {
    std::size_t instances = 0;
    for (const auto& document : study.image_sets) instances += document.instances.size();
    return instances;
}

}  // namespace

/// Of catalog and target, each once. `is_last`: there are no others behind them.
Result<std::vector<std::string>> Checker::list_studies(const std::string& after,
                                                       bool& is_last) const {
    TRY(auto catalogued, services_.database.read([&](db::Snapshot& snapshot) {
        return services_.catalog.list_study_uids(snapshot, after, kCheckedStudies);
    }));
    TRY(auto indexed, services_.target.list_studies(after, kCheckedStudies));
    is_last = catalogued.size() < kCheckedStudies && indexed.size() < kCheckedStudies;
    std::vector<std::string> all;
    std::ranges::set_union(catalogued, indexed, std::back_inserter(all));
    // What the shorter list has behind its end is not known.
    for (const auto* list : {&catalogued, &indexed}) {
        if (list->size() < kCheckedStudies) continue;
        all.erase(std::ranges::upper_bound(all, list->back()), all.end());
    }
    return all;
}

Result<StudyDocuments> Checker::load(const std::string& study, const Wanted& wanted) const {
    StudyDocuments documents{.datastore_id = services_.catalog.datastore_id(),
                             .study_instance_uid = study,
                             .image_sets = {},
                             .newest = {}};
    TRY(const auto sets, services_.database.read([&](db::Snapshot& snapshot) {
        return services_.catalog.list_image_sets(snapshot, study);
    }));
    for (const auto& set : sets) {
        TRY(auto document, services_.source.load(set.id, set.latest_version, wanted));
        if (!document.is_deleted) documents.image_sets.push_back(std::move(document));
    }
    if (study.empty() && services_.target.keeps_import_jobs()) {
        TRY(documents.import_jobs, services_.database.read([&](db::Snapshot& snapshot) {
            return list_import_jobs(snapshot, documents.datastore_id);
        }));
    }
    TRY(documents.newest, services_.database.read([](db::Snapshot& snapshot) {
        return events::newest_position(snapshot);
    }));
    return documents;
}

/// Whether its image sets still have the versions that were read, and the labels, which make
/// none.
Result<bool> Checker::is_as_it_was(const StudyDocuments& study) const {
    return services_.database.read([&](db::Snapshot& snapshot) -> Result<bool> {
        TRY(const auto sets,
            services_.catalog.list_image_sets(snapshot, study.study_instance_uid));
        const bool has_versions = std::ranges::equal(
            sets, study.image_sets,
            [](const catalog::ImageSet& set, const ImageSetDocument& document) {
                return set.id == document.image_set_id &&
                       set.latest_version == document.version;
            });
        if (!has_versions) return false;
        for (const auto& document : study.image_sets) {
            if (!document.wanted.labels) continue;
            TRY(const auto labels,
                services_.catalog.list_tags(snapshot, document.image_set_id));
            if (labels != document.labels) return false;
        }
        return true;
    });
}

Result<void> Checker::wait_until_passed() const {
    TRY(const auto newest, services_.database.read([](db::Snapshot& snapshot) {
        return events::newest_position(snapshot);
    }));
    const auto until = std::chrono::steady_clock::now() + kWaitMax;
    for (;;) {
        TRY(const bool has_passed, services_.has_passed(newest));
        if (has_passed) return {};
        if (services_.should_stop()) return fail(ErrorCode::Cancelled, "the check was stopped");
        if (std::chrono::steady_clock::now() > until) {
            return fail(ErrorCode::Unavailable,
                        "the target is more than a minute behind: it can be compared when it "
                        "has caught up");
        }
        std::this_thread::sleep_for(kAskEvery);
    }
}

Result<Checker::Settled> Checker::settle(const std::string& study) const {
    std::vector<Drift> before;
    for (int look = 1; look <= kLooksMax; ++look) {
        TRY_VOID(wait_until_passed());
        TRY(const auto wanted, services_.target.wanted());
        TRY(auto documents, load(study, wanted));
        TRY(auto drift, services_.target.compare(std::span(&documents, 1)));
        if (drift.empty()) return Settled{};
        TRY(const bool as_it_was, is_as_it_was(documents));
        if (!as_it_was || drift != before) {
            before = as_it_was ? std::move(drift) : std::vector<Drift>();
            continue;
        }
        if (repair_ == Repair::No) return Settled{.drift = std::move(drift)};
        documents.is_forced = look > kForceAfter;
        TRY(const bool is_repaired, repair(documents));
        if (is_repaired) return Settled{.drift = std::move(drift), .is_repaired = true};
    }
    return Settled{.drift = std::move(before), .is_settled = false};
}

/// False where something newer came meanwhile.
Result<bool> Checker::repair(const StudyDocuments& study) const {
    TRY(const auto applied, services_.target.repair(study));
    return applied == Target::Applied::Written;
}

Result<Checker::Page> Checker::check_some(const std::string& after) const {
    Page page;
    TRY(const auto wanted, services_.target.wanted());
    TRY(auto uids, list_studies(after, page.is_last));
    std::vector<StudyDocuments> studies;
    std::size_t instances = 0;
    for (const auto& uid : uids) {
        if (services_.should_stop()) return fail(ErrorCode::Cancelled, "the check was stopped");
        TRY(auto study, load(uid, wanted));
        instances += instances_of(study);
        studies.push_back(std::move(study));
        if (instances >= kCheckedInstances && studies.size() < uids.size()) {
            page.is_last = false;
            break;
        }
    }
    page.studies = studies.size();
    page.last = studies.empty() ? after : studies.back().study_instance_uid;
    if (page.is_last) {
        TRY(auto rest, load("", wanted));
        studies.push_back(std::move(rest));
    }
    TRY(const auto drift, services_.target.compare(studies));
    studies.clear();
    std::set<std::string> differ;
    for (const auto& one : drift) differ.insert(one.study_instance_uid);
    // Rows of no study may be what a study lacks: they come last.
    const bool has_rest = differ.erase("") > 0;
    std::vector<std::string> order(differ.begin(), differ.end());
    if (has_rest) order.emplace_back();
    for (const auto& uid : order) {
        TRY(auto settled, settle(uid));
        std::ranges::move(settled.drift, std::back_inserter(page.drift));
        page.repaired += settled.is_repaired ? 1 : 0;
        page.unsettled += settled.is_settled ? 0 : 1;
    }
    return page;
}

}  // namespace larmor::index
