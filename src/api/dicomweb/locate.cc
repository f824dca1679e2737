#include "api/dicomweb/locate.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/hash.h"
#include "base/ids.h"
#include "catalog/read_rows.h"
#include "http/query.h"

namespace larmor::api {
namespace {

std::string cache_key(const ResourcePath& path) {
    return path.study + '/' + path.series + '/' + path.instance;
}

constexpr std::size_t kImageSetIdSize = 32;

/// `?imageSetId=` and `?imageSetVersion=`.
Result<void> read_image_set(const http::Request& request, ResourcePath& path) {
    if (request.query.empty()) return {};
    TRY(const http::Query query, http::parse_query(request.query));
    if (const auto id = query.find("imageSetId")) {
        const bool is_id =
            id->size() == kImageSetIdSize && std::ranges::all_of(*id, [](char c) {
                return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z');
            });
        if (!is_id) return fail(ErrorCode::InvalidInput, "imageSetId is no id of an image set");
        path.image_set = *id;
    }
    if (const auto text = query.find("imageSetVersion")) {
        const auto [end, error] =
            std::from_chars(text->data(), text->data() + text->size(), path.image_set_version);
        if (error != std::errc() || end != text->data() + text->size() ||
            path.image_set_version < 1) {
            return fail(ErrorCode::InvalidInput, "imageSetVersion is a number from 1");
        }
    }
    if (path.names_image_set() && path.series.empty()) {
        return fail(ErrorCode::InvalidInput,
                    "an image set is of one series: imageSetId and imageSetVersion need it");
    }
    return {};
}

tl::unexpected<Error> no_version(std::int64_t version) {
    return fail(ErrorCode::NotFound, "the image set has no version " + std::to_string(version));
}

/// The image set that the path names. Errors: NotFound.
Result<catalog::ImageSet> named_image_set(const catalog::Catalog& catalog,
                                          db::Snapshot& snapshot, const ResourcePath& path) {
    catalog::ImageSet set;
    if (path.image_set.empty()) {
        TRY(const auto series, catalog.find_series(snapshot, path.study, path.series));
        set = series.image_set;
    } else {
        TRY(set, catalog.find_image_set(snapshot, path.image_set));
        TRY(const bool is_of_series,
            catalog.is_of_series(snapshot, set, path.study, path.series));
        if (!is_of_series) {
            return fail(ErrorCode::NotFound, "the series has no image set " + path.image_set);
        }
    }
    if (path.image_set_version > set.latest_version) return no_version(path.image_set_version);
    return set;
}

Result<edits::Changes> changes_of(const catalog::Catalog& catalog, db::Snapshot& snapshot,
                                  const catalog::StoredInstance& instance,
                                  std::int64_t version) {
    if (instance.edited_version == 0) return edits::Changes();
    TRY(const auto all, catalog.find_edits(snapshot, instance.image_set,
                                           version == 0 ? instance.edited_version : version,
                                           instance.row, instance.row));
    return all.of(instance.row);
}

Result<catalog::StoredInstance> find_named(const catalog::Catalog& catalog,
                                           db::Snapshot& snapshot, const ResourcePath& path) {
    if (!path.names_image_set()) {
        return catalog.find_instance(snapshot, path.study, path.series, path.instance);
    }
    TRY(const auto set, named_image_set(catalog, snapshot, path));
    TRY(auto instance, catalog.find_instance(snapshot, set.row, path.instance));
    if (path.image_set_version != 0 && instance.first_version > path.image_set_version) {
        return fail(ErrorCode::NotFound, "there is no instance " + path.instance +
                                             " in version " +
                                             std::to_string(path.image_set_version));
    }
    return instance;
}

/// In memory. Rows hold about a dozen short texts.
std::size_t bytes_of(const LocatedInstance& located) {
    return sizeof(LocatedInstance) + 512 + located.frame_index.size();
}

Result<LocatedInstance> locate_file(const Context& context, db::Snapshot& snapshot,
                                    catalog::StoredInstance instance) {
    LocatedInstance located;
    TRY(located.file, context.services.store.locate(snapshot, instance.file.object));
    located.instance = std::move(instance);
    return located;
}

Result<LocatedInstance> locate_metadata(const Context& context, db::Snapshot& snapshot,
                                        catalog::StoredInstance instance) {
    LocatedInstance located;
    const auto object = instance.prepared.metadata;
    if (objects::to_int64(object) != 0) {
        TRY(located.metadata, context.services.store.locate(snapshot, object));
    }
    located.instance = std::move(instance);
    return located;
}

/// The series with the image set that the path names in place of the primary one.
Result<catalog::StoredSeries> series_of(const catalog::Catalog& catalog, db::Snapshot& snapshot,
                                        const ResourcePath& path) {
    if (!path.names_image_set()) {
        return catalog.find_series(snapshot, path.study, path.series);
    }
    TRY(const auto set, named_image_set(catalog, snapshot, path));
    return catalog::load_series_of(snapshot, catalog::number_of(set.row));
}

}  // namespace

Result<ResourcePath> resource_path(const http::Request& request) {
    ResourcePath path;
    for (const auto& [name, value] : request.path_parameters) {
        std::string* uid = nullptr;
        std::string_view keyword;
        if (name == "study") {
            uid = &path.study;
            keyword = "StudyInstanceUID";
        } else if (name == "series") {
            uid = &path.series;
            keyword = "SeriesInstanceUID";
        } else if (name == "instance") {
            uid = &path.instance;
            keyword = "SOPInstanceUID";
        } else {
            continue;
        }
        if (!is_uid_key_part(value)) {
            return fail(ErrorCode::InvalidInput,
                        std::string(keyword) + " in the path is no UID");
        }
        *uid = value;
    }
    TRY_VOID(read_image_set(request, path));
    return path;
}

Result<LocatedInstancePtr> locate_now(const Context& context, const ResourcePath& path) {
    const auto& services = context.services;
    objects::ObjectLocation index_location;
    bool has_index = false;
    TRY(LocatedInstance located,
        services.database.read([&](db::Snapshot& snapshot) -> Result<LocatedInstance> {
            TRY(auto instance, find_named(services.catalog, snapshot, path));
            TRY(auto changes,
                changes_of(services.catalog, snapshot, instance, path.image_set_version));
            const auto index = instance.prepared.frame_index;
            if (objects::to_int64(index) != 0) {
                TRY(index_location, services.store.locate(snapshot, index));
                has_index = true;
            }
            TRY(auto found, locate_file(context, snapshot, std::move(instance)));
            found.changes = std::move(changes);
            return found;
        }));
    if (has_index) {
        TRY(located.frame_index, services.store.read_all(index_location, kFrameIndexMaxBytes));
    }
    TRY(located.is_file_format, is_file_format(services.store, located.file));
    return std::make_shared<const LocatedInstance>(std::move(located));
}

async::Task<Result<LocatedInstancePtr>> locate(ContextPtr context, ResourcePath path) {
    // Other versions and image sets are seldom asked for.
    if (path.names_image_set()) {
        co_return co_await context->work([&] { return locate_now(*context, path); });
    }
    std::string key = cache_key(path);
    if (auto found = context->instances.find(key);
        found && context->edited.is_current(found->instance)) {
        co_return found;
    }
    const auto generation = context->instances.generation();
    CO_TRY(auto located, co_await context->work([&] { return locate_now(*context, path); }));
    // What is pending changes soon: it is not remembered.
    if (located->instance.preprocess != catalog::PreprocessState::Pending) {
        const std::size_t size_bytes = key.size() + bytes_of(*located);
        context->instances.remember(std::move(key), located, size_bytes, generation);
    }
    co_return located;
}

Result<bool> is_file_format(objects::ObjectStore& store,
                            const objects::ObjectLocation& location) {
    constexpr std::uint64_t kPreambleBytes = 128;
    std::array<std::byte, 4> prefix{};
    if (location.size_bytes < kPreambleBytes + prefix.size()) {
        return false;
    }
    TRY_VOID(store.read(location, kPreambleBytes, prefix));
    return as_text(prefix) == "DICM";
}

Result<InstanceLister> InstanceLister::open(const Context& context, const ResourcePath& path,
                                            Wanted wanted) {
    InstanceLister lister(context, wanted);
    const auto& services = context.services;
    TRY_VOID(services.database.read([&](db::Snapshot& snapshot) -> Result<void> {
        if (!path.series.empty()) {
            TRY(auto series, series_of(services.catalog, snapshot, path));
            lister.image_set_version_ = path.image_set_version;
            lister.version_ =
                series.image_set.id + "-" + std::to_string(series.image_set.latest_version);
            // What an older version says stays, but not the UIDs by which its instances are
            // found.
            if (path.image_set_version != 0) {
                lister.version_ += '-' + std::to_string(path.image_set_version);
            }
            lister.series_.push_back(std::move(series));
            return {};
        }
        TRY(const auto study, services.catalog.find_study(snapshot, path.study));
        lister.version_ =
            std::to_string(catalog::number_of(study.row)) + "-" + std::to_string(study.version);
        TRY(lister.series_, services.catalog.list_series(snapshot, study.row));
        return {};
    }));
    return lister;
}

Result<std::vector<LocatedInstancePtr>> InstanceLister::next() {
    const auto& services = context_->services;
    std::vector<LocatedInstancePtr> page;
    while (page.empty() && at_ < series_.size()) {
        std::size_t listed = 0;
        const auto& set = series_[at_].image_set;
        TRY_VOID(services.database.read([&](db::Snapshot& snapshot) -> Result<void> {
            TRY(auto instances,
                services.catalog.list_instances(snapshot, set.row, after_, kPageInstances));
            listed = instances.size();
            if (instances.empty()) return {};
            TRY(const auto edits, edits_of(snapshot, set, instances));
            after_ = instances.back().row;
            for (auto& instance : instances) {
                if (image_set_version_ != 0 && instance.first_version > image_set_version_) {
                    continue;
                }
                auto changes = edits.of(instance.row);
                TRY(auto located,
                    wanted_ == Wanted::File
                        ? locate_file(*context_, snapshot, std::move(instance))
                        : locate_metadata(*context_, snapshot, std::move(instance)));
                located.changes = std::move(changes);
                page.push_back(std::make_shared<const LocatedInstance>(std::move(located)));
            }
            return {};
        }));
        if (listed < kPageInstances) {
            ++at_;
            after_ = {};
        }
    }
    return page;
}

Result<catalog::ImageSetEdits> InstanceLister::edits_of(
    db::Snapshot& snapshot, const catalog::ImageSet& set,
    const std::vector<catalog::StoredInstance>& instances) const {
    // As it is now, not as it was when the list was begun.
    const std::int64_t edited = instances.front().edited_version;
    if (edited == 0) return catalog::ImageSetEdits();
    return context_->services.catalog.find_edits(
        snapshot, set.row, image_set_version_ == 0 ? edited : image_set_version_,
        instances.front().row, instances.back().row);
}

Result<http::FileSlice> slice_of(objects::ObjectStore& store,
                                 const objects::ObjectLocation& location) {
    return slice_of(store, location, {0, location.size_bytes});
}

Result<http::FileSlice> slice_of(objects::ObjectStore& store,
                                 const objects::ObjectLocation& location, ByteRange range) {
    if (range.offset > location.size_bytes ||
        range.count > location.size_bytes - range.offset) {
        return fail(ErrorCode::Corrupt, "a range ends beyond its object of " +
                                            std::to_string(location.size_bytes) + " bytes");
    }
    TRY(objects::FileSlice slice, store.open(location, range));
    return http::FileSlice{std::move(slice.file), slice.offset, slice.size_bytes};
}

std::string content_tag(const LocatedInstance& located) {
    return to_hex(Bytes(located.file.sha256).first(16));
}

std::string edited_tag(const LocatedInstance& located) {
    std::string tag = content_tag(located);
    if (located.changes.empty()) return tag;
    const auto last = std::ranges::max(located.changes, {}, &edits::Change::version).version;
    // Another image set may have become the primary one, with a version of the same number.
    return tag + "-v" + std::to_string(last) + '-' +
           std::to_string(xxh3(as_bytes(edits::to_document(located.changes))));
}

}  // namespace larmor::api
