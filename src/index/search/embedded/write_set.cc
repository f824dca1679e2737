#include "index/search/embedded/write_set.h"

#include <algorithm>
#include <charconv>

#include "index/search/embedded/clause.h"

namespace larmor::index::search::embedded {
namespace {

/// `"A", "B", ` of the fields.
std::string columns_of(std::span<const Field> kept) {
    std::string columns;
    for (const Field& field : kept) columns += '"' + std::string(field.keyword) + "\", ";
    return columns;
}

std::string parameters(int first, std::size_t count) {
    std::string list;
    for (std::size_t i = 0; i < count; ++i) {
        list += '?' + std::to_string(first + static_cast<int>(i)) + ", ";
    }
    return list;
}

void bind_values(db::Query& query, int first, std::span<const Field> kept,
                 const Values& values) {
    for (std::size_t i = 0; i < kept.size(); ++i) {
        const int parameter = first + static_cast<int>(i);
        if (!values[i]) {
            query.bind_at(parameter, nullptr);
        } else if (kept[i].kind == FieldKind::Number) {
            std::int64_t number = 0;
            std::from_chars(values[i]->data(), values[i]->data() + values[i]->size(), number);
            query.bind_at(parameter, number);
        } else {
            query.bind_at(parameter, *values[i]);
        }
    }
}

class Writing {
public:
    Writing(db::Transaction& tx, const ImageSetDocument& document, const SetRow& row)
        : tx_(tx), document_(document), row_(row) {}

    Result<Target::Applied> run() {
        TRY(const bool is_older, read_before());
        if (is_older) return Target::Applied::Older;
        if (id_ != 0) TRY_VOID(remove_before());
        if (row_.is_shown) TRY_VOID(find_study());
        TRY_VOID(put_set());
        if (row_.is_shown) {
            TRY_VOID(put_words());
            TRY_VOID(put_instances());
            TRY_VOID(put_kinds());
            TRY_VOID(make_study(study_));
        }
        if (old_study_ != 0 && old_study_ != study_) TRY_VOID(make_study(old_study_));
        return Target::Applied::Written;
    }

private:
    /// Whether what is there is newer.
    Result<bool> read_before() {
        TRY(db::Query query,
            tx_.prepare("SELECT id, epoch, sequence, coalesce(study, 0), is_shown, version"
                        " FROM image_sets WHERE datastore_id = ?1 AND image_set_id = ?2"));
        query.bind(document_.datastore_id, document_.image_set_id);
        TRY(const bool is_there, query.next());
        if (!is_there) return false;
        id_ = query.int64(0);
        old_study_ = query.int64(3);
        was_shown_ = query.int64(4) != 0;
        const events::Position before{query.int64(1), query.int64(2)};
        if (before.epoch == document_.as_of.epoch) version_before_ = query.int64(5);
        return before > document_.as_of;
    }

    Result<void> remove_before() {
        if (!was_shown_) return {};
        TRY_VOID(tx_.run("DELETE FROM words WHERE rowid = ?1", id_));
        TRY_VOID(tx_.run("DELETE FROM instances WHERE image_set = ?1", id_));
        return {};
    }

    Result<void> find_study() {
        TRY_VOID(
            tx_.run("INSERT INTO studies (\"StudyInstanceUID\", modalities, series, instances)"
                    " VALUES (?1, '', 0, 0) ON CONFLICT DO NOTHING",
                    document_.study_instance_uid));
        TRY(db::Query query,
            tx_.prepare("SELECT id FROM studies WHERE \"StudyInstanceUID\" = ?1"));
        query.bind(document_.study_instance_uid);
        TRY_VOID(query.next());
        study_ = query.int64(0);
        return {};
    }

    Result<void> put_set() {
        static const std::string kSql =
            "INSERT OR REPLACE INTO image_sets (" + columns_of(fields_of_sets()) +
            "datastore_id, image_set_id, epoch, sequence, version, is_deleted, is_shown,"
            " instances, study, id) VALUES (" +
            parameters(11, fields_of_sets().size()) +
            "?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
        TRY(db::Query query, tx_.prepare(kSql));
        const std::int64_t instances =
            row_.is_shown ? static_cast<std::int64_t>(document_.instances.size()) : 0;
        // A document of one that is gone for good has the version that was asked for.
        const std::int64_t version = std::max(document_.version, version_before_);
        query.bind(document_.datastore_id, document_.image_set_id, document_.as_of.epoch,
                   document_.as_of.sequence, version,
                   static_cast<std::int64_t>(document_.is_deleted),
                   static_cast<std::int64_t>(row_.is_shown), instances,
                   study_ == 0 ? std::nullopt : std::optional(study_),
                   id_ == 0 ? std::nullopt : std::optional(id_));
        bind_values(query, 11, fields_of_sets(), row_.values);
        TRY(id_, query.insert());
        return {};
    }

    Result<void> put_words() {
        const std::string patient = joined(row_.patient_name);
        const std::string physician = joined(row_.physician_name);
        const std::string other = joined(row_.words);
        TRY_VOID(
            tx_.run("INSERT INTO words (rowid, patient_name, physician_name, other)"
                    " VALUES (?1, ?2, ?3, ?4)",
                    id_, patient, physician, other));
        return {};
    }

    Result<void> put_instances() {
        static const std::string kSql =
            "INSERT INTO instances (" + columns_of(fields_of(Level::Instance)) +
            "image_set, position) VALUES (" + parameters(3, fields_of(Level::Instance).size()) +
            "?1, ?2)";
        TRY(db::Query query, tx_.prepare(kSql));
        std::int64_t position = 0;
        for (const InstanceDocument& instance : document_.instances) {
            const Values values = make_instance_row(document_, instance);
            query.bind(id_, position++);
            bind_values(query, 3, fields_of(Level::Instance), values);
            TRY_VOID(query.run());
        }
        return {};
    }

    /// From the instances that were put.
    Result<void> put_kinds() {
        static const std::string kSql = [] {
            const std::string common = columns_of(fields_of_kinds());
            return "INSERT INTO instance_kinds (" + common +
                   "image_set, position, instances, first_number, last_number) SELECT " +
                   common +
                   "?1, row_number() OVER (), count(*), min(\"InstanceNumber\"),"
                   " max(\"InstanceNumber\") FROM instances WHERE image_set = ?1 GROUP BY " +
                   common.substr(0, common.size() - 2);
        }();
        TRY_VOID(tx_.run(kSql, id_));
        return {};
    }

    /// From the image sets of it that are shown: the newest of them says what it and its
    /// patient are called.
    Result<void> make_study(std::int64_t study) {
        static const std::string kSql = [] {
            std::string sql =
                "UPDATE studies SET (series, instances, modalities) = (SELECT count(*),"
                " sum(instances), coalesce((SELECT group_concat(m, '\\') FROM (SELECT DISTINCT"
                " \"Modality\" m FROM image_sets WHERE study = ?1 AND is_shown = 1"
                " AND m IS NOT NULL ORDER BY 1)), '') FROM image_sets WHERE study = ?1"
                " AND is_shown = 1), (";
            std::string columns;
            for (const Level level : {Level::Patient, Level::Study}) {
                columns += columns_of(fields_of(level));
            }
            columns.resize(columns.size() - 2);
            return sql + columns + ") = (SELECT " + columns +
                   " FROM image_sets WHERE study = ?1 AND is_shown = 1 ORDER BY epoch DESC,"
                   " sequence DESC, id DESC LIMIT 1) WHERE id = ?1";
        }();
        TRY(const auto removed,
            tx_.run("DELETE FROM studies WHERE id = ?1 AND NOT EXISTS (SELECT 1"
                    " FROM image_sets WHERE study = ?1 AND is_shown = 1)",
                    study));
        if (removed != 0) return {};
        TRY_VOID(tx_.run(kSql, study));
        return {};
    }

    db::Transaction& tx_;
    const ImageSetDocument& document_;
    const SetRow& row_;
    // Zero: none.
    std::int64_t id_ = 0;
    std::int64_t study_ = 0;
    std::int64_t old_study_ = 0;
    std::int64_t version_before_ = 0;
    bool was_shown_ = false;
};

}  // namespace

std::string joined(const std::vector<std::string>& words) {
    std::string text;
    for (const auto& word : words) text.append(word).append(1, ' ');
    return text;
}

Result<Target::Applied> write_set(db::Transaction& tx, const ImageSetDocument& document,
                                  const SetRow& row) {
    return Writing(tx, document, row).run();
}

}  // namespace larmor::index::search::embedded
