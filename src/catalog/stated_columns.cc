#include "catalog/stated_columns.h"

#include <algorithm>
#include <limits>

#include "catalog/edit_columns.h"
#include "catalog/edit_rows.h"
#include "catalog/folding.h"
#include "catalog/read_rows.h"
#include "dicom/dictionary.h"
#include "dicom/json_read.h"
#include "dicom/json_write.h"
#include "edits/json_parts.h"

namespace larmor::catalog {
namespace {

constexpr std::int64_t kLatest = std::numeric_limits<std::int64_t>::max();
constexpr std::string_view kSpecificCharacterSet = "00080005";

/// The columns as they would be after the changes, in the form of DICOM JSON that instances
/// have too.
Result<StatedColumns> stated_by(std::string_view columns, const edits::Changes& changes) {
    TRY(InstanceRecord record, edited_columns(columns, changes));
    record.study.study_date = plain_date(record.study.study_date);
    record.patient.patient_birth_date = plain_date(record.patient.patient_birth_date);
    auto& series = record.series;
    series.series_date = plain_date(series.series_date);
    series.performed_procedure_step_start_date =
        plain_date(series.performed_procedure_step_start_date);
    TRY(const auto data_set,
        dicom::read_json(columns_json(record.patient, record.study, series)));
    std::string json;
    TRY_VOID(dicom::write_json(json, data_set, dicom::kExplicitLittle));
    TRY(const auto members, edits::members_of(json));
    StatedColumns stated;
    for (const auto& [key, value] : members) {
        if (key != kSpecificCharacterSet) stated.emplace(key, value);
    }
    return stated;
}

Result<std::string> columns_now(db::Transaction& tx, const PlacedImageSet& of) {
    TRY(const StoredStudy study, load_study(tx, number_of(of.image_set.study)));
    TRY(const StoredSeries series, load_series(tx, number_of(of.image_set.series)));
    return columns_json(study.patient, study.study, series.series);
}

/// Those of all instances that say nothing of their own.
Result<std::optional<std::string>> common_columns(db::Transaction& tx,
                                                  const PlacedImageSet& of) {
    TRY(auto kept, load_columns(tx, {number_of(of.image_set.row), 0}));
    if (kept || !of.image_set.is_primary) return kept;
    TRY(std::string now, columns_now(tx, of));
    return now;
}

/// By row of the instance.
using OwnColumns = std::map<std::int64_t, std::string>;
Result<OwnColumns> own_columns(db::Transaction& tx, std::int64_t image_set) {
    TRY(db::Query query,
        tx.prepare("SELECT c.instance, c.document FROM instances i JOIN conflict_columns c"
                   " ON c.instance = i.id WHERE i.image_set = ?1"));
    query.bind(image_set);
    OwnColumns own;
    for (;;) {
        TRY(const bool more, query.next());
        if (!more) return own;
        own.emplace(query.int64(0), query.string(1));
    }
}

edits::Level level_of_key(const std::string& tag) {
    const auto path = edits::parse_path(tag);
    return path ? edits::level_of(path->tag) : edits::Level::Instance;
}

}  // namespace

Result<StatedColumns> shown_columns(db::Transaction& tx, const PlacedImageSet& of) {
    TRY(const std::string now, columns_now(tx, of));
    return stated_by(now, {});
}

Result<std::set<StatedColumns>> stated_columns(db::Transaction& tx, const PlacedImageSet& of,
                                               const std::vector<std::int64_t>& rows) {
    const std::int64_t image_set = number_of(of.image_set.row);
    TRY(const auto common, common_columns(tx, of));
    TRY(const OwnColumns own, own_columns(tx, image_set));
    TRY(const edits::Changes of_all, load_changes(tx, {image_set, 0}, kLatest));
    TRY(const auto edited, edited_since(tx, image_set, 0));
    std::set<StatedColumns> stated;
    bool is_common_stated = false;
    for (const std::int64_t row : rows) {
        const auto found = own.find(row);
        const bool is_edited = std::ranges::binary_search(edited, row);
        if (found == own.end() && !is_edited && is_common_stated) continue;
        edits::Changes changes = of_all;
        if (is_edited) {
            TRY(const edits::Changes of_one, load_changes(tx, {image_set, row}, kLatest));
            changes = edits::merged(of_all, of_one);
        } else if (found == own.end()) {
            is_common_stated = true;
        }
        TRY(auto one,
            stated_by(found == own.end() ? common.value_or("{}") : found->second, changes));
        stated.insert(std::move(one));
    }
    return stated;
}

Result<std::optional<std::string>> columns_before_edits(db::Transaction& tx,
                                                        const PlacedImageSet& of,
                                                        std::int64_t row) {
    TRY(const OwnColumns own, own_columns(tx, number_of(of.image_set.row)));
    const auto found = own.find(row);
    if (found != own.end()) return found->second;
    return common_columns(tx, of);
}

std::vector<std::string> differing_tags(const std::set<StatedColumns>& stated,
                                        const StatedColumns& shown, Compared compared) {
    std::set<std::string> tags;
    const auto compare = [&](const StatedColumns& with, const StatedColumns& one) {
        for (const auto& [tag, element] : one) {
            const auto other = with.find(tag);
            if (other == with.end() || other->second != element) tags.insert(tag);
        }
    };
    for (const StatedColumns& one : stated) {
        compare(shown, one);
        compare(one, shown);
    }
    std::vector<std::string> differing(tags.begin(), tags.end());
    if (compared == Compared::Study) {
        std::erase_if(differing, [](const std::string& tag) {
            return level_of_key(tag) != edits::Level::Study;
        });
    }
    return differing;
}

Result<edits::Changes> changes_to(const StatedColumns& shown,
                                  const std::vector<std::string>& tags, std::int64_t version,
                                  Time time) {
    edits::Changes changes;
    for (const std::string& tag : tags) {
        edits::Change change{.path = {}, .element = {}, .version = version, .time = time};
        TRY(change.path, edits::parse_path(tag));
        if (const auto found = shown.find(tag); found != shown.end()) {
            change.element = found->second;
        }
        changes.push_back(std::move(change));
    }
    return changes;
}

std::string keywords_of(const std::vector<std::string>& tags) {
    std::string text;
    for (const std::string& tag : tags) {
        if (!text.empty()) text += ", ";
        const auto path = edits::parse_path(tag);
        text += path ? std::string(dicom::keyword_of(path->tag)) : tag;
    }
    return text;
}

}  // namespace larmor::catalog
