#include "preprocess/staged_batch.h"

#include "async/sync_wait.h"

namespace larmor::preprocess {
namespace {

using Slots = StagedBatch::Slots;

class Staging {
public:
    explicit Staging(objects::ObjectStore& store) : store_(store) {}

    /// `body` must live until `finish` returned.
    Result<std::optional<std::size_t>> add(std::string key, Bytes body) {
        if (body.empty()) return std::nullopt;
        staged_.emplace_back();
        const std::size_t slot = staged_.size() - 1;
        if (body.size() <= store_.small_max_bytes()) {
            objects::StageRequest request;
            request.key = std::move(key);
            request.body.push_back(body);
            requests_.push_back(std::move(request));
            small_slots_.push_back(slot);
        } else {
            TRY(const std::unique_ptr<objects::Upload> upload,
                store_.begin_upload(std::move(key)));
            TRY_VOID(upload->write(body));
            TRY(staged_[slot], upload->finish());
        }
        return slot;
    }
    Result<std::vector<objects::StagedObject>> finish() {
        if (!requests_.empty()) {
            TRY(std::vector<objects::StagedObject> small,
                async::sync_wait(store_.stage_all(std::move(requests_))));
            for (std::size_t i = 0; i < small.size(); ++i)
                staged_[small_slots_[i]] = std::move(small[i]);
        }
        return std::move(staged_);
    }

private:
    objects::ObjectStore& store_;
    std::vector<objects::StagedObject> staged_;
    std::vector<objects::StageRequest> requests_;
    std::vector<std::size_t> small_slots_;
};

std::string key_of(const catalog::StoredInstance& instance, std::string_view what) {
    std::string key = "prepared/";
    key.append(instance.study_instance_uid)
        .append("/")
        .append(instance.series_instance_uid)
        .append("/");
    key.append(instance.attributes.sop_instance_uid).append("/");
    key.append(std::to_string(catalog::number_of(instance.row))).append(".");
    return key.append(what);
}

Result<Slots> add_objects(Staging& staging, const catalog::StoredInstance& instance,
                          const PreparedInstance& prepared) {
    Slots slots;
    TRY(slots.metadata, staging.add(key_of(instance, "json"), as_bytes(prepared.metadata)));
    TRY(slots.frame_index, staging.add(key_of(instance, "frames"), prepared.frame_index));
    TRY(slots.thumbnail, staging.add(key_of(instance, "jpg"), as_bytes(prepared.thumbnail)));
    return slots;
}

class Recorder {
public:
    Recorder(db::Transaction& tx, objects::ObjectStore& store, catalog::Catalog& catalog,
             const std::vector<objects::StagedObject>& staged)
        : tx_(tx), store_(store), catalog_(catalog), staged_(staged) {}

    Result<void> record(const catalog::StoredInstance& instance, const Slots& slots,
                        const PreparedInstance& made) {
        catalog::PreparedInstance row;
        TRY(row.metadata, object(slots.metadata));
        TRY(row.frame_index, object(slots.frame_index));
        TRY(row.thumbnail, object(slots.thumbnail));
        if (made.statistics) {
            row.pixel_min = made.statistics->modality_min;
            row.pixel_max = made.statistics->modality_max;
            row.window_center = made.statistics->default_window.center;
            row.window_width = made.statistics->default_window.width;
        }
        TRY(const bool first,
            catalog_.record_prepared(tx_, instance.row, row, made.no_picture_because));
        if (first) return {};
        for (const objects::ObjectId id : {row.metadata, row.frame_index, row.thumbnail}) {
            if (id == objects::ObjectId{}) continue;
            TRY_VOID(store_.remove(tx_, id));
        }
        return {};
    }

private:
    Result<objects::ObjectId> object(std::optional<std::size_t> slot) {
        if (!slot) return objects::ObjectId{};
        return store_.record(tx_, staged_[*slot]);
    }

    db::Transaction& tx_;
    objects::ObjectStore& store_;
    catalog::Catalog& catalog_;
    const std::vector<objects::StagedObject>& staged_;
};

}  // namespace

Result<StagedBatch> StagedBatch::stage(objects::ObjectStore& store,
                                       std::vector<catalog::StoredInstance> batch,
                                       std::vector<Result<PreparedInstance>> results) {
    LARMOR_CHECK(batch.size() == results.size());
    StagedBatch made;
    made.batch_ = std::move(batch);
    made.results_ = std::move(results);
    made.slots_.resize(made.batch_.size());
    Staging staging(store);
    for (std::size_t i = 0; i < made.batch_.size(); ++i) {
        const auto& result = made.results_[i];
        if (!result) {
            if (result.error().code == ErrorCode::Unavailable) {
                return tl::unexpected(result.error());
            }
            continue;
        }
        TRY(made.slots_[i], add_objects(staging, made.batch_[i], *result));
    }
    TRY(made.staged_, staging.finish());
    // They are stored: what is kept for `record` is small.
    for (auto& result : made.results_) {
        if (!result) continue;
        result->metadata = {};
        result->frame_index = {};
        result->thumbnail = {};
    }
    return made;
}

Result<void> StagedBatch::record(db::Transaction& tx, objects::ObjectStore& store,
                                 catalog::Catalog& catalog) const {
    Recorder recorder(tx, store, catalog, staged_);
    for (std::size_t i = 0; i < batch_.size(); ++i) {
        if (results_[i]) {
            TRY_VOID(recorder.record(batch_[i], slots_[i], *results_[i]));
        } else {
            TRY_VOID(catalog.record_preprocess_failure(tx, batch_[i].row,
                                                       results_[i].error().message));
        }
    }
    return {};
}

}  // namespace larmor::preprocess
