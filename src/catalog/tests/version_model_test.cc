// Imports, edits, going back, deletions and recoveries in any order against a simple model.
#include <rapidcheck.h>

#include <map>

#include "catalog/check.h"
#include "catalog/tests/catalog_library.h"
#include "edits/apply_json.h"

namespace larmor::catalog {
namespace {

using testing::CatalogTest;
using testing::must;

constexpr std::string_view kKeywords[] = {"PatientComments", "PatientName",
                                          "SeriesDescription"};
constexpr std::string_view kPaths[] = {"00104000", "00100010", "0008103E"};

/// What one image set should be like: a value of each attribute, and in which version it came.
class Model {
public:
    struct Value {
        std::int64_t version = 0;
        std::string text;  ///< empty: removed
    };
    using Values = std::map<int, Value>;  ///< by number of the keyword
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
            for (const auto& [keyword, value] : own->second) {
                auto& there = merged[keyword];
                if (value.version >= there.version) there = value;
            }
        }
        std::map<int, std::string> texts;
        for (const auto& [keyword, value] : merged) {
            if (!value.text.empty()) texts[keyword] = value.text;
        }
        return texts;
    }

    std::map<int, std::int64_t> first_version;  ///< of the instances that are in it

private:
    std::vector<Version> versions_;
};

class VersionModel : public CatalogTest {
protected:
    /// Of this run alone: one that failed leaves what it made.
    std::string uid_of(int instance) const { return study_ + "." + std::to_string(instance); }
    std::string study_;

    ImageSet image_set() { return series("7.2", study_).image_set; }
    void edit(const EditRequest& request) {
        must(database_->write_and_wait([&](db::Transaction& tx) {
            return catalog_->edit_image_set(tx, image_set().id, request);
        }));
    }
    EditRequest request_for(int keyword, const std::string& text, int instance) {
        std::string attributes =
            "{\"" + std::string(kKeywords[keyword]) + "\":\"" + text + "\"}";
        std::string json;
        if (keyword == 2) {
            json = R"({"Study":{"Series":{"7.2":{"DICOM":)" + attributes + "}}}}";
        } else {
            json = R"({"Patient":{"DICOM":)" + attributes + "}}";
        }
        if (instance >= 0) {
            json = R"({"Study":{"Series":{"7.2":{"Instances":{")" + uid_of(instance) +
                   R"(":{"DICOM":{"ImageComments":")" + text + R"("}}}}}}})";
        }
        EditRequest request;
        must(text.empty() ? edits::read_removable(json, request.document)
                          : edits::read_updatable(json, request.document));
        return request;
    }

    void import_one(Model& model, int instance) {
        if (model.first_version.contains(instance)) return;
        insert(record(study_, "7.2", uid_of(instance)));
        model.next();
        model.first_version[instance] = model.latest();
    }
    void edit_all(Model& model, int keyword, const std::string& text) {
        edit(request_for(keyword, text, -1));
        auto& version = model.next();
        version.of_all[keyword] = {model.latest(), text};
    }
    void edit_one(Model& model, int instance, const std::string& text) {
        edit(request_for(0, text, instance));
        auto& version = model.next();
        version.of_one[instance][3] = {model.latest(), text};
    }
    void revert(Model& model, std::int64_t to) {
        edit({.revert_to = to});
        auto then = model.at(to);
        // What came since is as it was stored.
        for (const auto& [instance, first] : model.first_version) {
            if (first > to) then.of_one.erase(instance);
        }
        model.next() = then;
    }
    void delete_and_recover(Model& model, int instance) {
        // The last one: the image set itself goes and comes back, without a move.
        const bool is_whole = model.first_version.size() == 1;
        const auto deletion = must(database_->write_and_wait([&](db::Transaction& tx) {
            return catalog_->delete_resource(tx, {.study_instance_uid = study_,
                                                  .series_instance_uid = "7.2",
                                                  .sop_instance_uid = uid_of(instance),
                                                  .deleted_by = {},
                                                  .expires = clock_.now()});
        }));
        model.next();
        must(database_->write_and_wait([&](db::Transaction& tx) {
            return catalog_->recover(tx, deletion.id,
                                     [](objects::ObjectId) -> Result<void> { return {}; });
        }));
        auto& version = model.next();
        if (is_whole) return;
        model.first_version[instance] = model.latest();
        for (auto& [keyword, value] : version.of_one[instance]) value.version = model.latest();
    }

    void expect_equal(const Model& model) {
        RC_ASSERT(image_set().latest_version == model.latest());
        for (const auto& [instance, first] : model.first_version) {
            const auto stored = read([&](db::Snapshot& s) {
                return catalog_->find_instance(s, study_, "7.2", uid_of(instance));
            });
            RC_ASSERT(stored.first_version == first);
            for (std::int64_t version = first; version <= model.latest(); ++version) {
                const auto edits = read([&](db::Snapshot& s) {
                    return catalog_->find_edits(s, stored.image_set, version, stored.row,
                                                stored.row);
                });
                const auto json = must(edits::apply_to_json("{}", edits.of(stored.row),
                                                            edits::OriginalAttributes::Leave));
                RC_ASSERT(json == json_of(model.seen(instance, version)));
            }
        }
        const auto& now = model.at(model.latest()).of_all;
        const auto value_of = [&](int keyword, std::string otherwise) {
            const auto found = now.find(keyword);
            return found == now.end() ? otherwise : found->second.text;
        };
        RC_ASSERT(study(study_).patient.patient_name == value_of(1, "Doe^Jane"));
        RC_ASSERT(series("7.2", study_).series.series_description == value_of(2, "thin"));
    }

    static std::string json_of(const std::map<int, std::string>& seen) {
        std::map<std::string, std::string> elements;
        for (const auto& [keyword, text] : seen) {
            if (keyword == 3) {
                elements["00204000"] = R"({"vr":"LT","Value":[")" + text + "\"]}";
            } else if (keyword == 1) {
                elements["00100010"] =
                    R"({"vr":"PN","Value":[{"Alphabetic":")" + text + "\"}]}";
            } else {
                elements[std::string(kPaths[keyword])] =
                    std::string(keyword == 0 ? R"({"vr":"LT")" : R"({"vr":"LO")") +
                    R"(,"Value":[")" + text + "\"]}";
            }
        }
        std::string json = "{";
        for (const auto& [key, element] : elements) {
            if (json.size() > 1) json += ',';
            json.append(1, '"').append(key).append("\":").append(element);
        }
        return json + '}';
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
    if (GetParam() != db::Dialect::Sqlite) GTEST_SKIP() << "edit_test has the other one";
    int run = 0;
    const bool held = rc::check("every version of every instance is as in the model", [&] {
        study_ = "7.1." + std::to_string(++run);
        Model model;
        // Few steps: what goes wrong does so with few, and each is a commit.
        const auto step = rc::gen::tuple(rc::gen::inRange(0, 8), rc::gen::inRange(0, 4),
                                         rc::gen::inRange(0, 40));
        const auto steps = *rc::gen::resize(
            16, rc::gen::container<std::vector<std::tuple<int, int, int>>>(step));
        import_one(model, 0);
        for (const auto& [what, which, how] : steps) {
            const std::string text = how % 5 == 0 ? "" : "v" + std::to_string(how);
            const bool is_there = model.first_version.contains(which);
            if (what == 0) {
                import_one(model, which);
            } else if (what <= 3) {
                edit_all(model, which % 3, text);
            } else if (what == 4 && is_there) {
                edit_one(model, which, text);
            } else if (what == 5 && is_there) {
                delete_and_recover(model, which);
            } else if (what > 5) {
                revert(model, 1 + how % model.latest());
            }
        }
        expect_equal(model);
        must(database_->write_and_wait([&](db::Transaction& tx) {
            return catalog_->delete_resource(tx, {.study_instance_uid = study_,
                                                  .series_instance_uid = {},
                                                  .sop_instance_uid = {},
                                                  .deleted_by = {},
                                                  .expires = clock_.now()});
        }));
    });
    EXPECT_TRUE(held);
    NoFindings findings;
    db::Check check(*database_, findings);
    must(check_rows(check));
}

LARMOR_EACH_DRIVER(VersionModel);

}  // namespace
}  // namespace larmor::catalog
