#include "preprocess/series_thumbnail.h"

#include <algorithm>

#include "async/sync_wait.h"

namespace larmor::preprocess {
namespace {

constexpr std::size_t kPage = 1000;
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
                return catalog.list_instances(snapshot, image_set, after, kPage);
            }));
        for (const catalog::StoredInstance& instance : page) {
            after = instance.row;
            if (instance.prepared.thumbnail == objects::ObjectId{}) continue;
            found.push_back({instance.attributes.instance_number.value_or(0), instance.row,
                             instance.prepared.thumbnail});
        }
        if (page.size() < kPage) break;
    }
    std::ranges::sort(found, [](const Candidate& a, const Candidate& b) {
        return std::pair(a.instance_number, a.row) < std::pair(b.instance_number, b.row);
    });
    return found;
}

}  // namespace

Result<void> SeriesThumbnails::make() {
    for (const catalog::ImageSetRow image_set : std::exchange(touched_, {})) {
        // What was deleted for good meanwhile needs no picture.
        if (auto made = make_one(image_set);
            !made && made.error().code != ErrorCode::NotFound) {
            return made;
        }
    }
    return {};
}

Result<void> SeriesThumbnails::make_one(catalog::ImageSetRow image_set) {
    TRY(const catalog::ImageSet set, database_.read([&](db::Snapshot& snapshot) {
        return catalog_.find_image_set(snapshot, image_set);
    }));
    if (!set.is_primary || set.state == catalog::ImageSetState::Deleted) return {};
    TRY(const std::vector<Candidate> with_thumbnail,
        candidates(database_, catalog_, image_set));
    if (with_thumbnail.empty()) return {};
    // A copy, not a reference: the instance's thumbnail goes when the instance goes.
    TRY(const ByteBuffer picture,
        store_.read_all(with_thumbnail[with_thumbnail.size() / 2].thumbnail,
                        kThumbnailMaxBytes));
    objects::StageRequest request;
    request.key =
        "prepared/series/" + set.id + "/" + std::to_string(set.latest_version) + ".jpg";
    request.body.push_back(picture);
    TRY(const objects::StagedObject staged, async::sync_wait(store_.stage(std::move(request))));
    return database_.write_and_wait([&](db::Transaction& tx) -> Result<void> {
        TRY(const objects::ObjectId id, store_.record(tx, staged));
        TRY(const catalog::Catalog::Recorded recorded,
            catalog_.record_series_thumbnail(tx, image_set, set.latest_version, id));
        const objects::ObjectId unused = recorded.accepted ? recorded.replaced : id;
        if (unused == objects::ObjectId{}) return {};
        return store_.remove(tx, unused);
    });
}

}  // namespace larmor::preprocess
