#include "catalog/catalog_impl.h"

namespace larmor::catalog {
namespace {

/// NULL where there is no object.
std::optional<std::int64_t> optional_object(objects::ObjectId id) {
    return objects::to_int64(id) == 0 ? std::nullopt : std::optional(objects::to_int64(id));
}

/// Nothing where the instance was removed for good meanwhile.
Result<std::optional<PreprocessState>> state_of(db::Transaction& tx, InstanceRow instance) {
    TRY(db::Query query, tx.prepare(db::for_update(
                             tx.dialect(), "SELECT preprocess FROM instances WHERE id = ?1")));
    query.bind(number_of(instance));
    TRY(const bool row, query.next());
    if (!row) return std::nullopt;
    return static_cast<PreprocessState>(query.int64(0));
}

Result<void> set_state(db::Transaction& tx, InstanceRow instance, PreprocessState state,
                       std::string_view reason) {
    TRY_VOID(
        tx.run("UPDATE instances SET preprocess = ?2, preprocess_reason = ?3 WHERE id = ?1",
               number_of(instance), static_cast<std::int64_t>(state),
               reason.empty() ? std::nullopt : std::optional(reason)));
    return {};
}

/// One prepared object of an image set, with the version that it was made from.
struct PreparedColumns {
    std::string_view select;
    std::string_view update;
};
constexpr PreparedColumns kMetadata{
    "SELECT metadata_object, metadata_version, latest_version FROM image_sets WHERE id = ?1",
    "UPDATE image_sets SET metadata_object = ?2, metadata_version = ?3 WHERE id = ?1"};
constexpr PreparedColumns kThumbnail{
    "SELECT thumbnail_object, thumbnail_version, latest_version FROM image_sets WHERE id = ?1",
    "UPDATE image_sets SET thumbnail_object = ?2, thumbnail_version = ?3 WHERE id = ?1"};

Result<Catalog::Recorded> record_for_image_set(db::Transaction& tx,
                                               const PreparedColumns& columns,
                                               ImageSetRow image_set, std::int64_t version,
                                               objects::ObjectId object) {
    Catalog::Recorded recorded;
    {
        TRY(db::Query query, tx.prepare(db::for_update(tx.dialect(), columns.select)));
        query.bind(number_of(image_set));
        TRY(const bool row, query.next());
        if (!row) return fail(ErrorCode::NotFound, "there is no such image set");
        if (version > query.int64(2) || version < 1) {
            return fail(ErrorCode::InvalidInput, "version " + std::to_string(version) +
                                                     " of an image set at version " +
                                                     std::to_string(query.int64(2)));
        }
        // The first write of a version wins, and a late one never goes over a newer.
        if (query.int64(1) >= version) return recorded;
        recorded.replaced = objects::ObjectId{query.int64(0)};
    }
    TRY_VOID(tx.run(columns.update, number_of(image_set), objects::to_int64(object), version));
    recorded.accepted = true;
    return recorded;
}

}  // namespace

Result<bool> Catalog::record_prepared(db::Transaction& tx, InstanceRow instance,
                                      const PreparedInstance& prepared,
                                      std::string_view reason) {
    TRY(const auto state, state_of(tx, instance));
    if (!state || *state == PreprocessState::Done) return false;
    TRY_VOID(tx.run(
        "INSERT INTO prepared_instances (instance, metadata_object,"
        " frame_index_object, thumbnail_object, pixel_min, pixel_max, window_center,"
        " window_width) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        number_of(instance), optional_object(prepared.metadata),
        optional_object(prepared.frame_index), optional_object(prepared.thumbnail),
        prepared.pixel_min, prepared.pixel_max, prepared.window_center, prepared.window_width));
    TRY_VOID(set_state(tx, instance, PreprocessState::Done, reason));
    return true;
}

Result<void> Catalog::record_preprocess_failure(db::Transaction& tx, InstanceRow instance,
                                                std::string_view reason) {
    TRY(const auto state, state_of(tx, instance));
    if (!state || *state == PreprocessState::Done) return {};
    return set_state(tx, instance, PreprocessState::Failed, reason);
}

Result<Catalog::Recorded> Catalog::record_series_metadata(db::Transaction& tx,
                                                          ImageSetRow image_set,
                                                          std::int64_t version,
                                                          objects::ObjectId metadata) {
    return record_for_image_set(tx, kMetadata, image_set, version, metadata);
}

Result<Catalog::Recorded> Catalog::record_series_thumbnail(db::Transaction& tx,
                                                           ImageSetRow image_set,
                                                           std::int64_t version,
                                                           objects::ObjectId thumbnail) {
    return record_for_image_set(tx, kThumbnail, image_set, version, thumbnail);
}

}  // namespace larmor::catalog
