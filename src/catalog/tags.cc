#include "catalog/catalog_impl.h"

namespace larmor::catalog {
namespace {

/// Errors: NotFound.
Result<void> check_is_there(const Catalog& catalog, db::Snapshot& snapshot,
                            std::string_view image_set_id) {
    if (image_set_id.empty()) return {};
    TRY_VOID(catalog.place_image_set(snapshot, image_set_id));
    return {};
}

/// Keeps others from it until the end of the transaction.
Result<void> lock_image_set(db::Transaction& tx, std::string_view id) {
    TRY(db::Query query,
        tx.prepare(
            db::for_update(tx.dialect(), "SELECT id FROM image_sets WHERE image_set_id = ?1")));
    query.bind(id);
    TRY_VOID(query.next());
    return {};
}

/// As AWS tells of tags, but for keys and values, which are words of users. The datastore's are
/// nothing that anybody keeps a copy of.
Result<void> tell_of_tags(events::EventLog& log, const events::Source& source,
                          std::string_view datastore_id, db::Transaction& tx,
                          std::string_view image_set_id) {
    if (image_set_id.empty()) return {};
    std::string detail = R"({"service":"medical-imaging","resource-type":"imageset")";
    detail.append(R"(,"datastoreId":")").append(datastore_id);
    detail.append(R"(","imageSetId":")").append(image_set_id).append("\"}");
    const std::string arn = events::image_set_arn(source, datastore_id, image_set_id);
    TRY_VOID(log.append(tx, {.detail_type = "Tag Change on Resource",
                             .detail = detail,
                             .resource = arn,
                             .subject_id = image_set_id,
                             .source = "aws.tag"}));
    return {};
}

/// ?1; 0 is the datastore.
constexpr std::string_view kRowOf =
    "COALESCE((SELECT id FROM image_sets WHERE image_set_id = ?1), 0)";

std::string with_row(std::string_view before, std::string_view behind) {
    return std::string(before) + std::string(kRowOf) + std::string(behind);
}

}  // namespace

Result<Tags> Catalog::list_tags(db::Snapshot& snapshot, std::string_view image_set_id) const {
    TRY_VOID(check_is_there(*this, snapshot, image_set_id));
    static const std::string kSql =
        with_row("SELECT key, value FROM image_set_tags WHERE image_set = ", " ORDER BY key");
    TRY(db::Query query, snapshot.prepare(kSql));
    query.bind(image_set_id);
    Tags tags;
    for (;;) {
        TRY(const bool found, query.next());
        if (!found) return tags;
        tags.emplace(query.string(0), query.string(1));
    }
}

Result<void> Catalog::put_tags(db::Transaction& tx, std::string_view image_set_id,
                               const Tags& tags) {
    TRY_VOID(lock_image_set(tx, image_set_id));
    TRY_VOID(check_is_there(*this, tx, image_set_id));
    static const std::string kInsert =
        with_row("INSERT INTO image_set_tags (image_set, key, value) VALUES (",
                 ", ?2, ?3) ON CONFLICT (image_set, key) DO UPDATE SET value = excluded.value");
    for (const auto& [key, value] : tags) TRY_VOID(tx.run(kInsert, image_set_id, key, value));
    TRY(const Tags all, list_tags(tx, image_set_id));
    if (all.size() > kTagsMax) {
        return fail(ErrorCode::LimitExceeded,
                    "a resource has at most " + std::to_string(kTagsMax) + " tags");
    }
    return tell_of_tags(impl_->log, impl_->options.source, impl_->datastore_id, tx,
                        image_set_id);
}

Result<void> Catalog::remove_tags(db::Transaction& tx, std::string_view image_set_id,
                                  const std::vector<std::string>& keys) {
    TRY_VOID(lock_image_set(tx, image_set_id));
    TRY_VOID(check_is_there(*this, tx, image_set_id));
    static const std::string kDelete =
        with_row("DELETE FROM image_set_tags WHERE image_set = ", " AND key = ?2");
    for (const auto& key : keys) TRY_VOID(tx.run(kDelete, image_set_id, key));
    return tell_of_tags(impl_->log, impl_->options.source, impl_->datastore_id, tx,
                        image_set_id);
}

}  // namespace larmor::catalog
