#include "api/dicomweb/locate.h"

#include <algorithm>
#include <array>

#include "base/hash.h"
#include "base/ids.h"

namespace larmor::api {
namespace {

std::string cache_key(const ResourcePath& path) {
    return path.study + '/' + path.series + '/' + path.instance;
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
    return path;
}

Result<LocatedInstancePtr> locate_now(const Context& context, const ResourcePath& path) {
    const auto& services = context.services;
    objects::ObjectLocation index_location;
    bool has_index = false;
    TRY(LocatedInstance located,
        services.database.read([&](db::Snapshot& snapshot) -> Result<LocatedInstance> {
            TRY(auto instance, services.catalog.find_instance(snapshot, path.study, path.series,
                                                              path.instance));
            const auto index = instance.prepared.frame_index;
            if (objects::to_int64(index) != 0) {
                TRY(index_location, services.store.locate(snapshot, index));
                has_index = true;
            }
            return locate_file(context, snapshot, std::move(instance));
        }));
    if (has_index) {
        TRY(located.frame_index, services.store.read_all(index_location, kFrameIndexMaxBytes));
    }
    TRY(located.is_file_format, is_file_format(services.store, located.file));
    return std::make_shared<const LocatedInstance>(std::move(located));
}

async::Task<Result<LocatedInstancePtr>> locate(ContextPtr context, ResourcePath path) {
    std::string key = cache_key(path);
    if (auto found = context->instances.find(key)) {
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
            TRY(auto series, services.catalog.find_series(snapshot, path.study, path.series));
            lister.version_ =
                series.image_set.id + "-" + std::to_string(series.image_set.latest_version);
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
        TRY_VOID(services.database.read([&](db::Snapshot& snapshot) -> Result<void> {
            TRY(auto instances,
                services.catalog.list_instances(snapshot, series_[at_].image_set.row, after_,
                                                kPageInstances));
            for (auto& instance : instances) {
                TRY(auto located,
                    wanted_ == Wanted::File
                        ? locate_file(*context_, snapshot, std::move(instance))
                        : locate_metadata(*context_, snapshot, std::move(instance)));
                page.push_back(std::make_shared<const LocatedInstance>(std::move(located)));
            }
            return {};
        }));
        if (page.size() < kPageInstances) {
            ++at_;
            after_ = {};
        } else {
            after_ = page.back()->instance.row;
        }
    }
    return page;
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

}  // namespace larmor::api
