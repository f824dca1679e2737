#include "catalog/copy_rows.h"

#include <algorithm>

namespace larmor::catalog {
namespace {

/// ?1 the image set that they come to, ?2 the version, ?3 the number of the first.
std::string insert_sql(db::Dialect dialect, std::string_view which) {
    return "INSERT INTO instances (image_set, series, first_version, preprocess,"
           " sop_instance_uid, sop_class_uid, instance_number, number_of_frames, rows,"
           " columns, bits_allocated, object, transfer_syntax_uid, size_bytes, sha256,"
           " content_hash, created, preprocess_reason, id)"
           " SELECT ?1, i.series, ?2, i.preprocess, i.sop_instance_uid, i.sop_class_uid,"
           " i.instance_number, i.number_of_frames, i.rows, i.columns, i.bits_allocated,"
           " i.object, i.transfer_syntax_uid, i.size_bytes, i.sha256, i.content_hash,"
           " i.created, i.preprocess_reason, " +
           RowNumbers::value(dialect,
                             "CASE WHEN row_number() OVER (ORDER BY i.id) = 1"
                             " THEN CAST(?3 AS BIGINT) END",
                             RowNumbers::Table::Instances) +
           " FROM instances i WHERE " + std::string(which) + " ORDER BY i.id";
}

Result<void> copy_instances(db::Transaction& tx, const RowNumbers& numbers, const RowCopy& copy,
                            const std::vector<std::int64_t>& rows, Part part) {
    static const db::DialectText kAll(
        [](db::Dialect dialect) { return insert_sql(dialect, "i.image_set = ?4"); });
    static const db::DialectText kOne(
        [](db::Dialect dialect) { return insert_sql(dialect, "i.id = ?4"); });
    const auto insert = [&](const std::string& sql, std::int64_t which) -> Result<void> {
        TRY(const auto number, numbers.next(tx, RowNumbers::Table::Instances));
        TRY_VOID(tx.run(sql, copy.into, copy.version, number, which));
        return {};
    };
    if (part == Part::All) return insert(kAll(tx.dialect()), copy.from);
    for (const std::int64_t row : rows) TRY_VOID(insert(kOne(tx.dialect()), row));
    return {};
}

/// The new rows n beside those that they were made of, o: ?1 and ?2 the image sets, ?3 behind
/// which row the new ones are.
constexpr std::string_view kPairs =
    " FROM instances n JOIN instances o ON o.sop_instance_uid = n.sop_instance_uid"
    " AND o.image_set = ?1";
constexpr std::string_view kNew = " WHERE n.image_set = ?2 AND n.id > ?3 ORDER BY n.id";

std::string of_pairs(std::string_view before, std::string_view join = {}) {
    return std::string(before).append(kPairs).append(join).append(kNew);
}

Result<void> copy_what_is_of_them(db::Transaction& tx, const RowCopy& copy,
                                  std::int64_t after) {
    static const std::string kPrepared = of_pairs(
        "INSERT INTO prepared_instances (instance, metadata_object, frame_index_object,"
        " thumbnail_object, pixel_min, pixel_max, window_center, window_width)"
        " SELECT n.id, p.metadata_object, p.frame_index_object, p.thumbnail_object,"
        " p.pixel_min, p.pixel_max, p.window_center, p.window_width",
        " JOIN prepared_instances p ON p.instance = o.id");
    static const std::string kAlternates = of_pairs(
        "INSERT INTO instance_alternates (instance, object, transfer_syntax_uid, size_bytes,"
        " sha256, content_hash, created)"
        " SELECT n.id, a.object, a.transfer_syntax_uid, a.size_bytes, a.sha256,"
        " a.content_hash, a.created",
        " JOIN instance_alternates a ON a.instance = o.id");
    static const std::string kConflicts =
        of_pairs("INSERT INTO conflict_columns (instance, document) SELECT n.id, c.document",
                 " JOIN conflict_columns c ON c.instance = o.id");
    for (const std::string* sql : {&kPrepared, &kAlternates, &kConflicts}) {
        TRY_VOID(tx.run(*sql, copy.from, copy.into, after));
    }
    return {};
}

Result<std::int64_t> last_row(db::Transaction& tx, std::int64_t image_set) {
    TRY(db::Query query,
        tx.prepare("SELECT coalesce(max(id), 0) FROM instances WHERE image_set = ?1"));
    query.bind(image_set);
    TRY_VOID(query.next());
    return query.int64(0);
}

Result<std::int64_t> row_of(db::Transaction& tx, std::int64_t image_set,
                            const std::string& uid) {
    TRY(db::Query query, tx.prepare("SELECT id FROM instances WHERE sop_instance_uid = ?1"
                                    " AND image_set = ?2"));
    query.bind(uid, image_set);
    TRY(const bool found, query.next());
    if (!found) {
        return fail(ErrorCode::NotFound, "there is no instance " + uid + " in the image set");
    }
    return query.int64(0);
}

}  // namespace

Result<std::vector<std::int64_t>> rows_to_copy(db::Transaction& tx, std::int64_t image_set,
                                               const std::vector<std::string>& instances) {
    std::vector<std::int64_t> rows;
    if (instances.empty()) {
        TRY(db::Query query,
            tx.prepare("SELECT id FROM instances WHERE image_set = ?1 ORDER BY id"));
        query.bind(image_set);
        for (;;) {
            TRY(const bool more, query.next());
            if (!more) return rows;
            rows.push_back(query.int64(0));
        }
    }
    rows.reserve(instances.size());
    for (const std::string& uid : instances) {
        TRY(const std::int64_t row, row_of(tx, image_set, uid));
        rows.push_back(row);
    }
    std::ranges::sort(rows);
    const auto repeated = std::ranges::unique(rows);
    rows.erase(repeated.begin(), repeated.end());
    return rows;
}

Result<CopiedRows> copy_rows(db::Transaction& tx, const RowNumbers& numbers,
                             const RowCopy& copy, const std::vector<std::int64_t>& rows,
                             Part part) {
    CopiedRows copied;
    TRY(const std::int64_t after, last_row(tx, copy.into));
    copied.rows = {.image_set = copy.into, .after = after};
    TRY_VOID(copy_instances(tx, numbers, copy, rows, part));
    TRY_VOID(copy_what_is_of_them(tx, copy, after));
    TRY_VOID(share_objects(tx, copied.rows));
    static const std::string kSql = of_pairs("SELECT o.id, n.id, n.preprocess");
    TRY(db::Query query, tx.prepare(kSql));
    query.bind(copy.from, copy.into, after);
    for (;;) {
        TRY(const bool more, query.next());
        if (!more) return copied;
        copied.pairs.emplace_back(query.int64(0), query.int64(1));
        if (query.int64(2) == 0) copied.pending.push_back(query.int64(1));
    }
}

}  // namespace larmor::catalog
