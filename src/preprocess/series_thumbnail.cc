#include "preprocess/series_thumbnail.h"

#include <algorithm>

#include "async/sync_wait.h"

namespace larmor::preprocess {
namespace {

constexpr std::size_t kInstancesPage = 1000;
constexpr std::uint64_t kThumbnailMaxBytes = 1 << 20;

struct Candidate {
    std::int64_t instance_number = 0;
    catalog::InstanceRow row{};
    objects::ObjectId thumbnail{};
};

/// Those with a thumbnail, a page a snapshot, in the order in which people count.
Result<std::vector<Candidate>> candidates(db::Database& database,
                                          const catalog::Catalog& catalog,
                                          catalog::ImageSetRow image_set) {
    std::vector<Candidate> found;
    catalog::InstanceRow after{};
    for (;;) {
        TRY(const std::vector<catalog::StoredInstance> page,
            database.read([&](db::Snapshot& snapshot) {
                return catalog.list_instances(snapshot, image_set, after, kInstancesPage);
            }));
        for (const catalog::StoredInstance& instance : page) {
            after = instance.row;
            if (instance.prepared.thumbnail == objects::ObjectId{}) continue;
            found.push_back({instance.attributes.instance_number.value_or(0), instance.row,
                             instance.prepared.thumbnail});
        }
        if (page.size() < kInstancesPage) break;
    }
    std::ranges::sort(found, [](const Candidate& a, const Candidate& b) {
        return std::pair(a.instance_number, a.row) < std::pair(b.instance_number, b.row);
    });
    return found;
}

}  // namespace

Result<std::optional<StagedThumbnail>> stage_series_thumbnail(db::Database& database,
                                                              objects::ObjectStore& store,
                                                              const catalog::Catalog& catalog,
                                                              catalog::ImageSetRow image_set) {
    TRY(const catalog::ImageSet set, database.read([&](db::Snapshot& snapshot) {
        return catalog.find_image_set(snapshot, image_set);
    }));
    if (!set.is_primary || set.state == catalog::ImageSetState::Deleted) return std::nullopt;
    TRY(const std::vector<Candidate> with_thumbnail, candidates(database, catalog, image_set));
    if (with_thumbnail.empty()) return std::nullopt;
    // A copy, not a reference: the instance's thumbnail goes when the instance goes.
    TRY(const ByteBuffer picture,
        store.read_all(with_thumbnail[with_thumbnail.size() / 2].thumbnail,
                       kThumbnailMaxBytes));
    objects::StageRequest request;
    request.key =
        "prepared/series/" + set.id + "/" + std::to_string(set.latest_version) + ".jpg";
    request.body.push_back(picture);
    TRY(auto staged, async::sync_wait(store.stage(std::move(request))));
    return StagedThumbnail{image_set, set.latest_version, std::move(staged)};
}

Result<void> record_series_thumbnail(db::Transaction& tx, objects::ObjectStore& store,
                                     catalog::Catalog& catalog,
                                     const StagedThumbnail& thumbnail) {
    TRY(const objects::ObjectId id, store.record(tx, thumbnail.object));
    TRY(const catalog::Catalog::Recorded recorded,
        catalog.record_series_thumbnail(tx, thumbnail.image_set, thumbnail.version, id));
    const objects::ObjectId unused = recorded.accepted ? recorded.replaced : id;
    if (unused == objects::ObjectId{}) return {};
    return store.remove(tx, unused);
}

}  // namespace larmor::preprocess
