// Imports, edits (of UIDs too), copies, promotions, going back, deletions and recoveries in any
// order against a simple model.
#include <rapidcheck.h>

#include <map>

#include "catalog/check.h"
#include "catalog/tests/catalog_library.h"
#include "edits/apply_json.h"

namespace larmor::catalog {
namespace {

using testing::CatalogTest;
using testing::must;

/// Attributes that are edited: of the patient, of the series, and of an instance; then UIDs.
struct Edited {
    std::string_view keyword;
    std::string_view key;  ///< in DICOM JSON
    std::string_view vr;
};
constexpr Edited kEdited[] = {
    {"PatientComments", "00104000", "LT"},   {"PatientName", "00100010", "PN"},
    {"SeriesDescription", "0008103E", "LO"}, {"ImageComments", "00204000", "LT"},
    {"SOPInstanceUID", "00080018", "UI"},    {"StudyInstanceUID", "0020000D", "UI"},
    {"SeriesInstanceUID", "0020000E", "UI"}};
constexpr int kOfInstances = 3;
constexpr int kSopInstanceUid = 4;
constexpr int kStudyUid = 5;
constexpr int kSeriesUid = 6;
constexpr const char* kSeries = "7.2";

/// What one image set should be like: a value of each attribute, and in which version it came.
class Model {
public:
    struct Value {
        std::int64_t version = 0;
        std::string text;  ///< empty: removed
    };
    using Values = std::map<int, Value>;  ///< by number of the attribute
    struct Version {
        Values of_all;
        std::map<int, Values> of_one;  ///< by number of the instance
    };

    std::int64_t latest() const { return static_cast<std::int64_t>(versions_.size()); }
    const Version& at(std::int64_t version) const {
        return versions_.at(static_cast<std::size_t>(version - 1));
    }
    Version& next() {
        versions_.push_back(versions_.empty() ? Version() : versions_.back());
        return versions_.back();
    }
    /// What readers see of an instance.
    std::map<int, std::string> seen(int instance, std::int64_t version) const {
        const Version& then = at(version);
        Values merged = then.of_all;
        if (const auto own = then.of_one.find(instance); own != then.of_one.end()) {
            for (const auto& [attribute, value] : own->second) {
                const auto there = merged.find(attribute);
                if (there == merged.end() || value.version >= there->second.version) {
                    merged[attribute] = value;
                }
            }
        }
        std::map<int, std::string> texts;
        for (const auto& [attribute, value] : merged) {
            if (!value.text.empty()) texts[attribute] = value.text;
        }
        return texts;
    }
    /// What it is called since its UIDs were edited.
    std::string uid(int attribute, std::string otherwise) const {
        const auto& now = at(latest()).of_all;
        const auto found = now.find(attribute);
        return found == now.end() ? otherwise : found->second.text;
    }
    std::string uid_of(int instance, std::string otherwise) const {
        const auto& now = at(latest()).of_one;
        const auto found = now.find(instance);
        if (found == now.end() || !found->second.contains(kSopInstanceUid)) return otherwise;
        return found->second.at(kSopInstanceUid).text;
    }
    /// A new image set of some of the instances: what was edited in them came before it.
    Model copied(const std::vector<int>& instances) const {
        constexpr std::int64_t kBefore = 1'000'000;
        Model copy;
        Version& first = copy.next();
        first = at(latest());
        for (auto& [attribute, value] : first.of_all) value.version -= kBefore;
        for (auto& [instance, values] : first.of_one) {
            for (auto& [attribute, value] : values) value.version -= kBefore;
        }
        std::erase_if(first.of_one, [&](const auto& one) {
            return std::ranges::find(instances, one.first) == instances.end();
        });
        for (const int instance : instances) copy.first_version[instance] = 1;
        return copy;
    }

    std::string id{};                             ///< of the image set
    std::map<int, std::int64_t> first_version{};  ///< of the instances that are in it

private:
    std::vector<Version> versions_;
};

class VersionModel : public CatalogTest {
protected:
    /// Of this run alone: one that failed leaves what it made.
    std::string uid_of(int instance) const { return study_ + "." + std::to_string(instance); }
    std::string uid_in(const Model& model, int instance) const {
        return model.uid_of(instance, uid_of(instance));
    }
    std::string series_of(const Model& model) const { return model.uid(kSeriesUid, kSeries); }
    bool is_at_home(const Model& model) const {
        return series_of(model) == kSeries && model.uid(kStudyUid, study_) == study_;
    }
    std::string study_;
    std::vector<Model> sets_;  ///< the primary one first

    ImageSet image_set() { return series(kSeries, study_).image_set; }
    template <typename F>
    auto write(F f) {
        return must(database_->write_and_wait(std::move(f)));
    }
    void edit(const Model& model, const EditRequest& request) {
        write([&](db::Transaction& tx) {
            return catalog_->edit_image_set(tx, model.id, request);
        });
    }
    /// Of all instances where `instance` is negative.
    EditRequest request_for(const Model& model, int attribute, const std::string& text,
                            int instance) {
        const std::string attributes = "{\"DICOM\":{\"" +
                                       std::string(kEdited[attribute].keyword) + "\":\"" +
                                       text + "\"}}";
        std::string json;
        if (instance >= 0) {
            json = R"({"Study":{"Series":{")" + series_of(model) + R"(":{"Instances":{")" +
                   uid_in(model, instance) + "\":" + attributes + "}}}}}";
        } else if (attribute == kStudyUid) {
            json = R"({"Study":)" + attributes + "}";
        } else if (attribute >= 2) {
            json = R"({"Study":{"Series":{")" + series_of(model) + "\":" + attributes + "}}}";
        } else {
            json = R"({"Patient":)" + attributes + "}";
        }
        EditRequest request{.force = edits::Force::Yes};
        must(text.empty() ? edits::read_removable(json, request.document)
                          : edits::read_updatable(json, request.document));
        return request;
    }

    void start() {
        sets_.assign(1, Model());
        import_one(0);
        sets_[0].id = image_set().id;
    }
    /// Stored again where only copies have it: nothing changes.
    void import_one(int instance) {
        for (const Model& model : sets_) {
            if (model.first_version.contains(instance)) return;
        }
        InstanceRecord made = record(study_, kSeries, uid_of(instance));
        made.file.object = objects::ObjectId{1000 + instance};
        insert(made);
        Model& primary = sets_[0];
        primary.next();
        primary.first_version[instance] = primary.latest();
    }
    void edit_all(Model& model, int attribute, const std::string& text) {
        edit(model, request_for(model, attribute, text, -1));
        auto& version = model.next();
        version.of_all[attribute] = {model.latest(), text};
    }
    void edit_one(Model& model, int instance, const std::string& text,
                  int attribute = kOfInstances) {
        if (!model.first_version.contains(instance)) return;
        edit(model, request_for(model, attribute, text, instance));
        auto& version = model.next();
        version.of_one[instance][attribute] = {model.latest(), text};
    }
    /// Not of the primary one.
    void edit_uid(std::size_t which, int instance, int how) {
        if (which == 0) return;
        Model& model = sets_[which];
        const std::string number = std::to_string(how % 2);
        if (how % 3 == 0) {
            edit_one(model, instance, uid_of(instance) + "." + number, kSopInstanceUid);
        } else if (how % 3 == 1) {
            edit_all(model, kStudyUid, how % 5 == 0 ? study_ : study_ + ".9" + number);
        } else {
            edit_all(model, kSeriesUid, how % 5 == 0 ? kSeries : "7.3." + number);
        }
    }
    void revert(Model& model, std::int64_t to) {
        edit(model, {.revert_to = to});
        auto then = model.at(to);
        // What came since is as it was stored.
        for (const auto& [instance, first] : model.first_version) {
            if (first > to) then.of_one.erase(instance);
        }
        model.next() = then;
    }
    /// All instances where `instance` is not in it.
    std::vector<int> chosen(const Model& model, int instance) {
        if (model.first_version.contains(instance)) return {instance};
        std::vector<int> all;
        for (const auto& [one, first] : model.first_version) all.push_back(one);
        return all;
    }
    CopyOutcome copy(const Model& model, const std::vector<int>& instances,
                     CopyRequest::Promote promote) {
        CopyRequest request{.source = model.id,
                            .source_version = model.latest(),
                            .promote = promote,
                            .force = edits::Force::Yes};
        for (const int instance : instances) {
            request.instances.push_back(uid_in(model, instance));
        }
        return write(
            [&](db::Transaction& tx) { return catalog_->copy_image_set(tx, request); });
    }
    void copy_one(std::size_t which, int instance) {
        const auto instances = chosen(sets_[which], instance);
        Model made = sets_[which].copied(instances);
        made.id =
            copy(sets_[which], instances, CopyRequest::Promote::No).destination.image_set.id;
        sets_.push_back(std::move(made));
    }
    void promote(std::size_t which, int instance) {
        // Elsewhere it would be another primary one beside the first.
        if (which == 0 || !is_at_home(sets_[which])) return;
        const auto instances = chosen(sets_[which], instance);
        Model made = sets_[which].copied(instances);
        made.id =
            copy(sets_[which], instances, CopyRequest::Promote::Yes).destination.image_set.id;
        sets_[0].next();
        sets_.insert(sets_.begin(), std::move(made));
    }
    void recover(const Deletion& deletion) {
        write([&](db::Transaction& tx) {
            return catalog_->recover(tx, deletion.id,
                                     [](objects::ObjectId) -> Result<void> { return {}; });
        });
    }
    /// By its UID, from the primary one; while there are no copies, which would go along.
    void delete_and_recover(int instance) {
        Model& model = sets_[0];
        if (sets_.size() > 1 || !model.first_version.contains(instance)) return;
        // The last one: the image set itself goes and comes back, without a move.
        const bool is_whole = model.first_version.size() == 1;
        recover(write([&](db::Transaction& tx) {
            return catalog_->delete_resource(tx, {.study_instance_uid = study_,
                                                  .series_instance_uid = kSeries,
                                                  .sop_instance_uid = uid_in(model, instance),
                                                  .deleted_by = {},
                                                  .expires = clock_.now()});
        }));
        model.next();
        model.next();
        if (!is_whole) model.first_version[instance] = model.latest();
    }
    /// A copy by itself: recovered, or gone for good.
    void delete_copy(std::size_t which, bool is_purged) {
        if (which == 0) return;
        const auto deletion = write([&](db::Transaction& tx) {
            return catalog_->delete_image_set(tx, sets_[which].id, "me", clock_.now());
        });
        if (!is_purged) {
            recover(deletion);
            sets_[which].next();
            sets_[which].next();
            return;
        }
        write([&](db::Transaction& tx) {
            return catalog_->purge_some(
                tx, deletion.row, 1000, [&](objects::ObjectId object) -> Result<void> {
                    const auto instance = static_cast<int>(objects::to_int64(object) - 1000);
                    for (std::size_t i = 0; i < sets_.size(); ++i) {
                        EXPECT_FALSE(i != which && sets_[i].first_version.contains(instance))
                            << "another one had the object";
                    }
                    return {};
                });
        });
        sets_.erase(sets_.begin() + static_cast<std::ptrdiff_t>(which));
    }

    void expect_equal(const Model& model) {
        const auto set =
            read([&](db::Snapshot& s) { return catalog_->find_image_set(s, model.id); });
        RC_ASSERT(set.latest_version == model.latest());
        RC_ASSERT(set.is_primary == (&model == sets_.data()));
        for (const auto& [instance, first] : model.first_version) {
            const auto stored = read([&](db::Snapshot& s) {
                return catalog_->find_instance(s, set.row, uid_in(model, instance));
            });
            RC_ASSERT(stored.study_instance_uid == model.uid(kStudyUid, study_));
            RC_ASSERT(stored.series_instance_uid == series_of(model));
            RC_ASSERT(stored.first_version == first);
            RC_ASSERT(stored.file.object == objects::ObjectId{1000 + instance});
            for (std::int64_t version = first; version <= model.latest(); ++version) {
                const auto edits = read([&](db::Snapshot& s) {
                    return catalog_->find_edits(s, set.row, version, stored.row, stored.row);
                });
                const auto json = must(edits::apply_to_json("{}", edits.of(stored.row),
                                                            edits::OriginalAttributes::Leave));
                RC_ASSERT(json == json_of(model.seen(instance, version)));
            }
        }
    }
    void expect_all_equal() {
        for (const Model& model : sets_) expect_equal(model);
        RC_ASSERT(image_set().id == sets_[0].id);
        const auto& now = sets_[0].at(sets_[0].latest()).of_all;
        const auto value_of = [&](int attribute, std::string otherwise) {
            const auto found = now.find(attribute);
            return found == now.end() ? otherwise : found->second.text;
        };
        const auto shown = study(study_);
        RC_ASSERT(shown.patient.patient_name == value_of(1, "Doe^Jane"));
        RC_ASSERT(shown.number_of_study_related_instances ==
                  static_cast<std::int64_t>(sets_[0].first_version.size()));
        RC_ASSERT(shown.number_of_study_related_series == 1);
        RC_ASSERT(series(kSeries, study_).series.series_description == value_of(2, "thin"));
    }

    static std::string json_of(const std::map<int, std::string>& seen) {
        std::map<std::string_view, std::string> elements;
        for (const auto& [attribute, text] : seen) {
            const Edited& edited = kEdited[attribute];
            const std::string value =
                edited.vr == "PN" ? R"({"Alphabetic":")" + text + "\"}" : '"' + text + '"';
            elements[edited.key] =
                R"({"vr":")" + std::string(edited.vr) + R"(","Value":[)" + value + "]}";
        }
        std::string json = "{";
        for (const auto& [key, element] : elements) {
            if (json.size() > 1) json += ',';
            json.append(1, '"').append(key).append("\":").append(element);
        }
        return json + '}';
    }

    struct Step {
        int what;
        int set;
        int instance;
        int how;
    };
    void take(const Step& step) {
        const std::string text = step.how % 5 == 0 ? "" : "v" + std::to_string(step.how);
        const std::size_t which = static_cast<std::size_t>(step.set) % sets_.size();
        Model& model = sets_[which];
        if (step.what == 0) {
            import_one(step.instance);
        } else if (step.what <= 3) {
            edit_all(model, (step.what + step.how) % 4, text);
        } else if (step.what == 4) {
            edit_one(model, step.instance, text);
        } else if (step.what == 5) {
            delete_and_recover(step.instance);
        } else if (step.what <= 7) {
            revert(model, 1 + step.how % model.latest());
        } else if (step.what <= 9) {
            copy_one(which, step.instance);
        } else if (step.what == 10) {
            promote(which, step.instance);
        } else if (step.what == 11) {
            delete_copy(which, step.how % 2 == 0);
        } else {
            edit_uid(which, step.instance, step.how);
        }
    }
};

class NoFindings final : public db::CheckObserver {
public:
    void found(const db::Finding& finding) override {
        ADD_FAILURE() << finding.where << ": " << finding.what;
    }
    void progress(std::uint64_t /*checked*/, std::uint64_t /*total*/) override {}
};

TEST_P(VersionModel, AnyOrderOfChangesGivesWhatTheModelGives) {
    // There a commit goes over a socket: fewer orders, of the same kinds.
    const int runs_max = GetParam() == db::Dialect::Sqlite ? 100 : 20;
    int run = 0;
    const bool held = rc::check("every version of every instance is as in the model", [&] {
        if (++run > runs_max) return;
        study_ = "7.1." + std::to_string(run);
        // Few steps: what goes wrong does so with few, and each is a commit.
        const auto step =
            rc::gen::construct<Step>(rc::gen::inRange(0, 14), rc::gen::inRange(0, 8),
                                     rc::gen::inRange(0, 6), rc::gen::inRange(0, 40));
        const auto steps = *rc::gen::resize(20, rc::gen::container<std::vector<Step>>(step));
        start();
        for (const Step& one : steps) take(one);
        expect_all_equal();
        write([&](db::Transaction& tx) {
            return catalog_->delete_resource(tx, {.study_instance_uid = study_,
                                                  .series_instance_uid = {},
                                                  .sop_instance_uid = {},
                                                  .deleted_by = {},
                                                  .expires = clock_.now()});
        });
    });
    EXPECT_TRUE(held);
    NoFindings findings;
    db::Check check(*database_, findings);
    must(check_rows(check));
}

LARMOR_EACH_DRIVER(VersionModel);

}  // namespace
}  // namespace larmor::catalog
