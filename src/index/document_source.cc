#include "index/document_source.h"

#include "catalog/read_rows.h"
#include "edits/apply_json.h"
#include "events/event_reader.h"
#include "index/attribute_reader.h"
#include "index/attribute_values.h"
#include "index/row_values.h"
#include "preprocess/stored_metadata.h"

namespace larmor::index {
namespace {

/// A page of rows is read in one snapshot, which may not be held long.
constexpr std::size_t kPageInstances = 1000;
constexpr std::uint64_t kMetadataMaxBytes = std::uint64_t{256} << 20;
/// An image set that grows while it is read is read again.
constexpr int kTriesMax = 5;

/// Where one instance's attributes can be read.
struct Located {
    catalog::StoredInstance instance;
    preprocess::StoredMetadata metadata;
    edits::Changes changes{};  ///< what was edited
};

/// Each can be a row. A whole slide has some hundred thousand.
constexpr std::uint64_t kFramesMax = 1'000'000;

/// As the data set says. One that has more than it has bytes has none: nobody could be shown
/// them, and a row each would fill a disk, as would those of a file of tiny ones.
std::uint32_t frames_of(const catalog::StoredInstance& instance) {
    const auto& attributes = instance.attributes;
    if (attributes.rows.value_or(0) <= 0 || attributes.columns.value_or(0) <= 0) return 0;
    const auto frames = std::max<std::int64_t>(attributes.number_of_frames.value_or(1), 0);
    const auto most = std::min<std::uint64_t>(instance.file.size_bytes, kFramesMax);
    return static_cast<std::uint64_t>(frames) > most ? 0 : static_cast<std::uint32_t>(frames);
}

}  // namespace

/// One try.
class DocumentSource::Loading {
public:
    Loading(const DocumentSource& source, const Wanted& wanted)
        : source_(source), wanted_(wanted), reader_(wanted.at(Level::Instance)) {}

    Result<ImageSetDocument> load(std::string_view id) {
        document_.wanted = wanted_;
        TRY_VOID(read_rows(id));
        TRY(document_.patient, first_values(first_of_patient_, Level::Patient));
        TRY(document_.study, first_values(first_of_study_, Level::Study));
        TRY(document_.series, first_values(first_of_series_, Level::Series));
        if (first_of_patient_) put_row_values(patient_, wanted_, document_.patient);
        if (first_of_study_) put_row_values(study_.study, wanted_, document_.study);
        if (series_) put_row_values(*series_, wanted_, document_.series);
        if (!document_.is_deleted) TRY_VOID(add_instances());
        return std::move(document_);
    }

private:
    Result<void> read_rows(std::string_view id) {
        return source_.database_.read([&](db::Snapshot& snapshot) -> Result<void> {
            TRY(const auto set, source_.catalog_.find_image_set(snapshot, id));
            TRY(document_.as_of, events::newest_position(snapshot));
            document_.datastore_id = source_.catalog_.datastore_id();
            document_.image_set_id = set.id;
            document_.version = set.latest_version;
            document_.is_deleted = set.state == catalog::ImageSetState::Deleted;
            document_.is_primary = set.is_primary;
            image_set_ = set.row;
            if (wanted_.labels && !document_.is_deleted) {
                TRY(document_.labels, source_.catalog_.list_tags(snapshot, id));
            }
            TRY_VOID(read_series(snapshot, set));
            return read_study(snapshot, set);
        });
    }

    /// The first one that is shown, primary before all others.
    Result<void> read_series(db::Snapshot& snapshot, const catalog::ImageSet& set) {
        TRY(const auto sets, source_.catalog_.list_image_sets(snapshot, set.series));
        const auto shown =
            std::ranges::find(sets, catalog::ImageSetState::Active, &catalog::ImageSet::state);
        if (shown == sets.end()) return {};
        first_of_series_ = shown->row;
        auto series = catalog::load_series(snapshot, catalog::number_of(set.series));
        if (series) {
            document_.series_instance_uid = series->series.series_instance_uid;
            series_ = std::move(series->series);
            return {};
        }
        if (series.error().code != ErrorCode::NotFound) {
            return tl::unexpected(std::move(series).error());
        }
        // Only conflicts are left of it, so its row has no primary image set.
        TRY(const auto first, source_.catalog_.list_instances(snapshot, shown->row, {}, 1));
        if (!first.empty()) document_.series_instance_uid = first.front().series_instance_uid;
        return {};
    }

    Result<void> read_study(db::Snapshot& snapshot, const catalog::ImageSet& set) {
        TRY(study_, catalog::load_study(snapshot, catalog::number_of(set.study)));
        TRY(first_of_study_,
            found(source_.catalog_.first_image_set(snapshot, set.study), first_of_series_));
        TRY(first_of_patient_,
            found(source_.catalog_.first_image_set(snapshot, study_.patient_row),
                  first_of_study_));
        if (first_of_study_) document_.study_instance_uid = study_.study.study_instance_uid;
        return read_patient(snapshot);
    }

    /// As its first study has it: each study has the patient's attributes as they came with it.
    Result<void> read_patient(db::Snapshot& snapshot) {
        if (!first_of_patient_) return {};
        TRY(const auto set, source_.catalog_.find_image_set(snapshot, *first_of_patient_));
        TRY(auto study, catalog::load_study(snapshot, catalog::number_of(set.study)));
        patient_ = std::move(study.patient);
        document_.patient_id = patient_.patient_id;
        document_.issuer_of_patient_id = patient_.issuer_of_patient_id;
        return {};
    }

    using Found = std::optional<catalog::ImageSetRow>;
    static Result<Found> found(Result<catalog::ImageSetRow> row, Found otherwise) {
        if (row) return *row;
        if (row.error().code == ErrorCode::NotFound) return otherwise;
        return tl::unexpected(std::move(row).error());
    }

    Result<Values> first_values(const Found& set, Level level) {
        const auto& tags = wanted_.at(level);
        if (!set || tags.empty()) return Values(tags.size());
        // Mostly that of the level above.
        if (first_read_ != set) {
            TRY(const auto first, locate(*set, {}, 1));
            first_json_.reset();
            if (!first.empty()) {
                TRY_VOID(read_metadata(first.front(), first_json_.emplace()));
            }
            first_read_ = set;
        }
        if (!first_json_) return Values(tags.size());
        return read_attribute_values(*first_json_, tags);
    }

    Result<Values> instance_values(const Located& located) {
        if (wanted_.at(Level::Instance).empty()) return Values();
        TRY_VOID(read_metadata(located, json_));
        return reader_.read(json_);
    }

    Result<void> add_instances() {
        for (catalog::InstanceRow after{};;) {
            TRY(const auto page, locate(image_set_, after, kPageInstances));
            for (const auto& located : page) {
                TRY(auto values, instance_values(located));
                document_.instances.push_back(
                    {.row = located.instance.row,
                     .sop_instance_uid = located.instance.attributes.sop_instance_uid,
                     .file = located.instance.file.object,
                     .frames = frames_of(located.instance),
                     .values = std::move(values)});
            }
            if (page.size() < kPageInstances) return {};
            after = page.back().instance.row;
        }
    }

    Result<std::vector<Located>> locate(catalog::ImageSetRow set, catalog::InstanceRow after,
                                        std::size_t limit) {
        return source_.database_.read(
            [&](db::Snapshot& snapshot) -> Result<std::vector<Located>> {
                TRY(auto instances,
                    source_.catalog_.list_instances(snapshot, set, after, limit));
                catalog::ImageSetEdits edits;
                if (!instances.empty() && instances.front().edited_version != 0) {
                    TRY(edits, source_.catalog_.find_edits(
                                   snapshot, set, instances.front().edited_version,
                                   instances.front().row, instances.back().row));
                }
                std::vector<Located> located;
                located.reserve(instances.size());
                for (auto& instance : instances) {
                    TRY(auto metadata,
                        preprocess::locate_metadata(source_.store_, snapshot, instance));
                    auto changes = edits.of(instance.row);
                    located.push_back(
                        {std::move(instance), std::move(metadata), std::move(changes)});
                }
                return located;
            });
    }

    Result<void> read_metadata(const Located& located, std::string& json) const {
        json.clear();
        // Where bulk data is served is no attribute.
        TRY_VOID(preprocess::append_stored_metadata(
            source_.store_, located.metadata, located.instance, {}, kMetadataMaxBytes, json));
        if (!located.changes.empty()) {
            TRY(json, edits::apply_to_json(json, located.changes));
        }
        return {};
    }

    const DocumentSource& source_;
    const Wanted& wanted_;
    ImageSetDocument document_;
    catalog::ImageSetRow image_set_{};
    Found first_of_patient_;
    Found first_of_study_;
    Found first_of_series_;
    std::string json_;  ///< of an instance: a buffer for one after the other
    AttributeReader reader_;
    Found first_read_;                       ///< of which the first instance was read last
    std::optional<std::string> first_json_;  ///< nothing where it has none
    catalog::StoredStudy study_;
    catalog::PatientAttributes patient_;
    std::optional<catalog::SeriesAttributes> series_;
};

Result<ImageSetDocument> DocumentSource::load(std::string_view image_set_id,
                                              std::int64_t version,
                                              const Wanted& wanted) const {
    for (int tries = 0; tries < kTriesMax; ++tries) {
        auto document = Loading(*this, wanted).load(image_set_id);
        const auto now = database_.read([&](db::Snapshot& snapshot) {
            return catalog_.find_image_set(snapshot, image_set_id);
        });
        if (!now && now.error().code == ErrorCode::NotFound) {
            return gone(image_set_id, version, wanted);
        }
        if (!now) return tl::unexpected(now.error());
        if (document && document->version == now->latest_version) return document;
        // What changed under the reader may also be why it failed.
        if (!document && document.error().code != ErrorCode::NotFound) return document;
    }
    return fail(ErrorCode::Unavailable,
                "image set " + std::string(image_set_id) + " changed each time it was read");
}

Result<ImageSetDocument> DocumentSource::gone(std::string_view image_set_id,
                                              std::int64_t version,
                                              const Wanted& wanted) const {
    ImageSetDocument document;
    document.wanted = wanted;
    document.datastore_id = catalog_.datastore_id();
    document.image_set_id = image_set_id;
    document.version = version;
    document.is_deleted = true;
    TRY(document.as_of, database_.read([](db::Snapshot& snapshot) {
        return events::newest_position(snapshot);
    }));
    return document;
}

}  // namespace larmor::index
