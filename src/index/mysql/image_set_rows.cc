#include "index/mysql/image_set_rows.h"

#include <map>

#include "index/mysql/frame_rows.h"
#include "index/mysql/image_type_rows.h"
#include "index/mysql/keys.h"
#include "index/mysql/quote.h"
#include "index/mysql/sql_value.h"
#include "index/mysql/upsert.h"

namespace larmor::index::mysql {
namespace {

/// What is sent of rows at once: a document of many is not in memory a second time.
constexpr std::size_t kLoadedBytes = std::size_t{8} << 20;

class PuttingSets {
public:
    PuttingSets(Connection& connection, const Tables& tables, Entries& entries)
        : connection_(connection), tables_(tables), entries_(entries) {}

    Result<void> run() {
        TRY_VOID(find_numbers());
        // Whatever is written down of them: rows can be changed by hand.
        for (Entry& entry : entries_) {
            const bool is_where_it_was =
                entry.image_set != 0 && entry.old_series == entry.series;
            entry.was_there = entry.was_there || entry.image_set != 0;
            entry.is_same = entry.is_same && is_where_it_was;
            entry.has_old_labels = entry.has_old_labels && is_where_it_was;
        }
        TRY_VOID(put_rows());
        TRY_VOID(find_numbers());
        TRY_VOID(put_conflicts());
        TRY_VOID(put_labels());
        TRY_VOID(put_instances());
        TRY_VOID(remove_old_instances());
        TRY_VOID(put_frames(connection_, tables_, entries_));
        TRY_VOID(put_image_types(connection_, tables_, entries_));
        return remove_rows();
    }

private:
    static bool is_deleted(const Entry& entry) {
        return entry.is_newer && entry.document->is_deleted;
    }
    static bool is_in_conflict(const Entry& entry) {
        return entry.is_put() && !entry.is_same && !entry.document->is_primary;
    }

    Result<void> put_rows() {
        Insert insert(connection_,
                      "INSERT INTO imageset (series_pkey, imagesetid, datastoreid)",
                      " ON DUPLICATE KEY UPDATE series_pkey = VALUES(series_pkey)");
        for (const Entry& entry : entries_) {
            if (!entry.is_put() || entry.is_same) continue;
            TRY_VOID(insert.add(std::to_string(entry.series) + ", " +
                                in_quotes(entry.document->image_set_id) + ", " +
                                in_quotes(entry.document->datastore_id)));
        }
        return insert.finish();
    }

    Result<void> find_numbers() {
        std::set<std::string> ids;
        for (const Entry& entry : entries_) {
            if (entry.is_newer) ids.insert(entry.document->image_set_id);
        }
        if (ids.empty()) return {};
        TRY(const auto rows, connection_.rows("SELECT datastoreid, imagesetid, imageset_pkey"
                                              " FROM imageset WHERE imagesetid IN (" +
                                              list(ids) + ")"));
        std::map<std::pair<std::string, std::string>, std::int64_t> found;
        for (const auto& row : rows) {
            found[{row[0].value(), row[1].value()}] = std::stoll(row[2].value());
        }
        for (Entry& entry : entries_) {
            const auto at =
                found.find({entry.document->datastore_id, entry.document->image_set_id});
            if (entry.is_newer && at != found.end()) entry.image_set = at->second;
        }
        return {};
    }

    Result<void> put_conflicts() {
        const auto old = rows_of(entries_, &Entry::image_set, has_old_rows);
        if (!old.empty()) {
            TRY_VOID(connection_.run("DELETE FROM conflict WHERE imageset_pkey IN (" +
                                     list(old) + ")"));
        }
        Insert insert(connection_,
                      "INSERT INTO conflict (series_pkey, imageset_pkey, priority,"
                      " conflict_type)");
        for (const Entry& entry : entries_) {
            if (!is_in_conflict(entry)) continue;
            TRY_VOID(insert.add(
                std::to_string(entry.series) + ", " + std::to_string(entry.image_set) + ", " +
                std::to_string(kConflictPriority) + ", " + in_quotes(kConflictType)));
        }
        return insert.finish();
    }

    Result<void> put_labels() {
        const auto old = rows_of(entries_, &Entry::image_set, [](const Entry& entry) {
            return entry.is_newer && entry.was_there && !entry.has_old_labels;
        });
        if (!old.empty()) {
            TRY_VOID(
                connection_.run("DELETE FROM tag WHERE imageset_pkey IN (" + list(old) + ")"));
        }
        Insert insert(connection_,
                      "INSERT INTO tag (series_pkey, imageset_pkey, `key`, value)");
        for (const Entry& entry : entries_) {
            if (!entry.is_put() || entry.has_old_labels) continue;
            for (const auto& [key, value] : entry.document->labels) {
                TRY_VOID(insert.add(
                    std::to_string(entry.series) + ", " + std::to_string(entry.image_set) +
                    ", " + in_quotes(label_text(key)) + ", " + in_quotes(label_text(value))));
            }
        }
        return insert.finish();
    }

    bool has_new_rows(const Entry& entry) const {
        return !entry.was_there && has_instance_rows(tables_, entry);
    }

    /// Those of new image sets as files; false where they have to be put one by one, since
    /// some are there already, or a value does not go in.
    Result<bool> load_instances(const std::string& columns) {
        if (!connection_.can_load()) return false;
        std::string rows;
        std::uint64_t count = 0;
        for (const Entry& entry : entries_) {
            if (!has_new_rows(entry)) continue;
            const auto& document = *entry.document;
            const std::string own = '\t' + std::to_string(entry.series) + '\t' +
                                    std::to_string(entry.image_set) + '\t' +
                                    std::to_string(document.version) + '\t';
            const std::string position = std::to_string(document.as_of.epoch) + '\t' +
                                         std::to_string(document.as_of.sequence) + '\n';
            for (const auto& instance : document.instances) {
                append_row(rows, instance, own, position);
                ++count;
                if (rows.size() < kLoadedBytes) continue;
                TRY(const bool are_in, load(columns, rows, count));
                if (!are_in) return false;
                rows.clear();
                count = 0;
            }
        }
        return load(columns, rows, count);
    }
    Result<bool> load(const std::string& columns, const std::string& rows,
                      std::uint64_t count) {
        if (count == 0) return true;
        TRY(const auto loaded, connection_.load("instance", columns, rows));
        return loaded.rows == count && !loaded.has_warnings;
    }
    void append_row(std::string& rows, const InstanceDocument& instance, const std::string& own,
                    const std::string& position) const {
        const auto& columns = tables_.of(Level::Instance);
        append_escaped(rows, instance.sop_instance_uid);
        rows += own;
        for (std::size_t i = 0; i < columns.size(); ++i) {
            append_field(rows, columns[i], instance.values[i]);
            rows += '\t';
        }
        rows += position;
    }

    Result<void> put_instances() {
        Upsert upsert(connection_, "instance", {"sopinstanceuid"},
                      {"series_pkey", "imageset_pkey", "larmor_version"},
                      tables_.of(Level::Instance));
        TRY(const bool are_loaded, load_instances(upsert.columns()));
        for (const Entry& entry : entries_) {
            if (!has_instance_rows(tables_, entry)) continue;
            if (are_loaded && has_new_rows(entry)) continue;
            const auto& document = *entry.document;
            std::array fields = {std::string(), std::to_string(entry.series),
                                 std::to_string(entry.image_set),
                                 std::to_string(document.version)};
            for (const auto& instance : document.instances) {
                fields[0] = in_quotes(instance.sop_instance_uid);
                TRY_VOID(upsert.add(fields, instance.values, document.as_of));
            }
        }
        return upsert.finish();
    }

    /// Those that this version has no more.
    Result<void> remove_old_instances() {
        std::string old;
        for (const Entry& entry : entries_) {
            if (!has_old_rows(entry) || entry.image_set == 0) continue;
            old += (old.empty() ? "(imageset_pkey = " : " OR (imageset_pkey = ") +
                   std::to_string(entry.image_set);
            if (has_instance_rows(tables_, entry)) {
                old += " AND larmor_version <> " + std::to_string(entry.document->version);
            }
            old += ')';
        }
        return old.empty() ? Result<void>()
                           : connection_.run("DELETE FROM instance WHERE " + old);
    }

    Result<void> remove_rows() {
        const auto deleted = rows_of(entries_, &Entry::image_set, is_deleted);
        if (deleted.empty()) return {};
        return connection_.run("DELETE FROM imageset WHERE imageset_pkey IN (" + list(deleted) +
                               ")");
    }

    Connection& connection_;
    const Tables& tables_;
    Entries& entries_;
};

}  // namespace

Result<void> put_image_sets(Connection& connection, const Tables& tables, Entries& entries) {
    return PuttingSets(connection, tables, entries).run();
}

}  // namespace larmor::index::mysql
