#include "catalog/catalog_impl.h"
#include "catalog/read_rows.h"

namespace larmor::catalog {

Result<StoredInstance> Catalog::find_instance_of_file(db::Snapshot& snapshot,
                                                      ImageSetRow image_set,
                                                      objects::ObjectId file) const {
    static const std::string kSql = std::string(kSelectInstance) +
                                    " WHERE i.object = ?1 AND i.image_set = ?2"
                                    " AND m.state <> 2";
    TRY(db::Query query, snapshot.prepare(kSql));
    query.bind(objects::to_int64(file), number_of(image_set));
    TRY(const bool row, query.next());
    if (!row) return fail(ErrorCode::NotFound, "there is no such instance in the image set");
    return read_instance(query);
}

Result<std::optional<objects::ObjectId>> Catalog::find_image_frames(
    db::Snapshot& snapshot, objects::ObjectId file) const {
    TRY(db::Query query,
        snapshot.prepare("SELECT frames_object FROM image_frames WHERE file_object = ?1"));
    query.bind(objects::to_int64(file));
    TRY(const bool row, query.next());
    if (!row) return std::nullopt;
    return objects::ObjectId{query.int64(0)};
}

Result<bool> Catalog::record_image_frames(db::Transaction& tx, objects::ObjectId file,
                                          objects::ObjectId frames) {
    TRY(const std::int64_t inserted,
        tx.run("INSERT INTO image_frames (file_object, frames_object)"
               " SELECT id, ?2 FROM objects WHERE id = ?1"
               " ON CONFLICT (file_object) DO NOTHING",
               objects::to_int64(file), objects::to_int64(frames)));
    return inserted == 1;
}

}  // namespace larmor::catalog
