#include "index/search/embedded/rows_of_study.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <set>

#include "base/json_text.h"
#include "dicom/tags.h"
#include "index/search/embedded/clause.h"
#include "index/search/embedded/write_set.h"

namespace larmor::index::search::embedded {
namespace {

/// Of all values of a row: NULL is another than an empty text, and no two run into each other.
class RowText {
public:
    RowText& add(std::string_view value) {
        text_.append(std::to_string(value.size())).append(":").append(value);
        return *this;
    }
    RowText& add(std::int64_t value) { return add(std::string_view(std::to_string(value))); }
    RowText& add(const std::optional<std::string>& value) {
        if (value) return add(std::string_view(*value));
        text_ += '-';
        return *this;
    }
    RowText& add(const Values& values) {
        for (const auto& value : values) add(value);
        return *this;
    }
    std::string take() { return std::move(text_); }

private:
    std::string text_;
};

/// All columns of a row behind the first one, which is its key; numbers as their digits.
void add_row(RowsByKey& rows, const db::Query& query, int columns) {
    RowText text;
    for (int column = 1; column < columns; ++column) {
        if (query.is_null(column)) {
            text.add(std::optional<std::string>());
        } else {
            text.add(query.text(column));
        }
    }
    rows.emplace(query.string(0), text.take());
}

/// `, s."A", s."B"` of the fields.
std::string columns_of(std::string_view alias, std::span<const Field> kept) {
    std::string columns;
    for (const Field& field : kept) columns += ", " + column(alias, field);
    return columns;
}

/// Fields of patient and study, which are the first ones.
std::span<const Field> fields_of_studies() {
    const auto kept = fields_of_sets();
    const auto end = std::ranges::find(kept, Level::Series, &Field::level);
    return kept.first(static_cast<std::size_t>(end - kept.begin()));
}

std::string ids_json(const StudyDocuments& study) {
    std::string json = "[";
    for (const auto& document : study.image_sets) {
        if (json.size() > 1) json += ',';
        append_json_string(json, document.image_set_id);
    }
    return json + "]";
}

Result<void> read_image_set(db::Snapshot& snapshot, std::int64_t id,
                            const events::Position& newest, RowsOfStudy& rows) {
    static const std::string kSets =
        "SELECT s.image_set_id, (s.epoch, s.sequence) > (?2, ?3), s.datastore_id, s.version,"
        " s.is_deleted, s.is_shown, s.instances, t.\"StudyInstanceUID\"" +
        columns_of("s", fields_of_sets()) +
        " FROM image_sets s LEFT JOIN studies t ON t.id = s.study WHERE s.id = ?1";
    static const std::string kInstances =
        "SELECT i.\"SOPInstanceUID\", s.image_set_id, i.position" +
        columns_of("i", fields_of(Level::Instance)) +
        " FROM image_sets s CROSS JOIN instances i ON i.image_set = s.id WHERE s.id = ?1";
    static const std::string kWords =
        "SELECT s.image_set_id, w.patient_name, w.physician_name, w.other"
        " FROM image_sets s CROSS JOIN words w ON w.rowid = s.id WHERE s.id = ?1";
    static const std::string kKinds =
        "SELECT s.image_set_id, k.instances, k.first_number, k.last_number" +
        columns_of("k", fields_of_kinds()) +
        " FROM image_sets s CROSS JOIN instance_kinds k ON k.image_set = s.id WHERE s.id = ?1";
    const auto read = [&](const std::string& sql, int columns, RowsByKey& to) -> Result<void> {
        TRY(db::Query query, snapshot.prepare(sql));
        query.bind_at(1, id);
        if (&to == &rows.image_sets) query.bind_at(2, newest.epoch).bind_at(3, newest.sequence);
        for (;;) {
            TRY(const bool has_row, query.next());
            if (!has_row) return {};
            add_row(to, query, columns);
        }
    };
    constexpr int kColumnsOfSet = 8;
    TRY_VOID(read(kSets, kColumnsOfSet + static_cast<int>(fields_of_sets().size()),
                  rows.image_sets));
    TRY_VOID(read(kInstances, 3 + static_cast<int>(fields_of(Level::Instance).size()),
                  rows.instances));
    TRY_VOID(read(kKinds, 4 + static_cast<int>(fields_of_kinds().size()), rows.kinds));
    return read(kWords, 4, rows.words);
}

Result<void> read_study(db::Snapshot& snapshot, const std::string& uid, RowsByKey& rows) {
    static const std::string kSql =
        "SELECT t.\"StudyInstanceUID\", t.modalities, t.series, t.instances" +
        columns_of("t", fields_of_studies()) +
        " FROM studies t WHERE t.\"StudyInstanceUID\" = ?1";
    TRY(db::Query query, snapshot.prepare(kSql));
    query.bind(uid);
    TRY(const bool has_row, query.next());
    if (has_row) add_row(rows, query, 4 + static_cast<int>(fields_of_studies().size()));
    return {};
}

/// What the shown image sets of a study make together.
struct Together {
    const ImageSetDocument* newest = nullptr;
    Values values;  ///< of the newest
    std::set<std::string> modalities;
    std::int64_t series = 0;
    std::int64_t instances = 0;

    void add(const ImageSetDocument& document, const SetRow& row) {
        static const auto kModality = static_cast<std::size_t>(
            std::ranges::find(fields_of_sets(), dicom::tags::Modality, &Field::tag) -
            fields_of_sets().begin());
        ++series;
        instances += static_cast<std::int64_t>(document.instances.size());
        if (row.values.at(kModality)) modalities.insert(*row.values.at(kModality));
        if (newest != nullptr && document.as_of < newest->as_of) return;
        newest = &document;
        values = row.values;
        values.resize(fields_of_studies().size());
    }

    void make_row(const std::string& uid, RowsByKey& rows) const {
        if (newest == nullptr) return;
        std::string all;
        for (const auto& modality : modalities) all += (all.empty() ? "" : "\\") + modality;
        RowText text;
        text.add(std::string_view(all)).add(series).add(instances).add(values);
        rows.emplace(uid, text.take());
    }
};

/// The kinds of an image set's instances, as they are counted one by one.
class Kinds {
public:
    void add(const Values& instance) {
        Values common;
        std::optional<std::int64_t> number;
        const auto fields = fields_of(Level::Instance);
        for (std::size_t i = 0; i < fields.size(); ++i) {
            if (is_of_kinds(fields[i])) {
                common.push_back(instance[i]);
            } else if (fields[i].tag == dicom::tags::InstanceNumber && instance[i]) {
                const std::string& text = *instance[i];
                std::from_chars(text.data(), text.data() + text.size(), number.emplace(0));
            }
        }
        Kind& kind = kinds_[common];
        ++kind.instances;
        if (!number) return;
        kind.first = std::min(kind.first.value_or(*number), *number);
        kind.last = std::max(kind.last.value_or(*number), *number);
    }

    void make_rows(const std::string& image_set_id, RowsByKey& rows) const {
        for (const auto& [common, kind] : kinds_) {
            RowText text;
            text.add(kind.instances).add(digits(kind.first)).add(digits(kind.last));
            rows.emplace(image_set_id, text.add(common).take());
        }
    }

private:
    struct Kind {
        std::int64_t instances = 0;
        std::optional<std::int64_t> first;  ///< of the numbers
        std::optional<std::int64_t> last;
    };
    static std::optional<std::string> digits(std::optional<std::int64_t> number) {
        return number ? std::optional(std::to_string(*number)) : std::nullopt;
    }

    std::map<Values, Kind> kinds_;
};

void make_rows_of_set(const ImageSetDocument& document, const SetRow& row, RowsOfStudy& rows) {
    RowText set;
    const std::int64_t instances =
        row.is_shown ? static_cast<std::int64_t>(document.instances.size()) : 0;
    set.add(0).add(std::string_view(document.datastore_id)).add(document.version).add(0);
    set.add(row.is_shown ? 1 : 0).add(instances);
    set.add(row.is_shown ? std::optional(document.study_instance_uid) : std::nullopt);
    rows.image_sets.emplace(document.image_set_id, set.add(row.values).take());
    if (!row.is_shown) return;
    RowText words;
    for (const auto* list : {&row.patient_name, &row.physician_name, &row.words}) {
        words.add(std::string_view(joined(*list)));
    }
    rows.words.emplace(document.image_set_id, words.take());
    std::int64_t position = 0;
    Kinds kinds;
    for (const auto& instance : document.instances) {
        const Values values = make_instance_row(document, instance);
        RowText text;
        text.add(std::string_view(document.image_set_id)).add(position++).add(values);
        rows.instances.emplace(instance.sop_instance_uid, text.take());
        kinds.add(values);
    }
    kinds.make_rows(document.image_set_id, rows.kinds);
}

}  // namespace

Result<std::vector<std::int64_t>> image_sets_of(db::Snapshot& snapshot,
                                                const StudyDocuments& study) {
    TRY(db::Query query,
        snapshot.prepare("SELECT id FROM image_sets WHERE datastore_id = ?1 AND image_set_id IN"
                         " (SELECT value FROM json_each(?2)) UNION SELECT id FROM image_sets"
                         " WHERE is_shown = 1 AND study = (SELECT id FROM studies WHERE"
                         " \"StudyInstanceUID\" = ?3) ORDER BY id"));
    const std::string ids = ids_json(study);
    query.bind(study.datastore_id, ids, study.study_instance_uid);
    std::vector<std::int64_t> numbers;
    for (;;) {
        TRY(const bool has_row, query.next());
        if (!has_row) return numbers;
        numbers.push_back(query.int64(0));
    }
}

Result<RowsOfStudy> read_rows(db::Snapshot& snapshot, const StudyDocuments& study) {
    RowsOfStudy rows;
    TRY(const auto sets, image_sets_of(snapshot, study));
    for (const auto id : sets) TRY_VOID(read_image_set(snapshot, id, study.newest, rows));
    TRY_VOID(read_study(snapshot, study.study_instance_uid, rows.studies));
    return rows;
}

RowsOfStudy make_rows(const StudyDocuments& study) {
    RowsOfStudy rows;
    Together together;
    for (const auto& document : study.image_sets) {
        const SetRow row = make_set_row(document);
        make_rows_of_set(document, row, rows);
        if (row.is_shown) together.add(document, row);
    }
    together.make_row(study.study_instance_uid, rows.studies);
    return rows;
}

}  // namespace larmor::index::search::embedded
