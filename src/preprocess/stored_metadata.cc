#include "preprocess/stored_metadata.h"

#include "dicom/file.h"
#include "dicom/json_write.h"
#include "objects/mapped_object.h"

namespace larmor::preprocess {
namespace {

bool is_prepared(const catalog::StoredInstance& instance) {
    return objects::to_int64(instance.prepared.metadata) != 0;
}
objects::ObjectId object_of(const catalog::StoredInstance& instance) {
    return is_prepared(instance) ? instance.prepared.metadata : instance.file.object;
}

}  // namespace

Result<StoredMetadata> locate_metadata(objects::ObjectStore& store, db::Snapshot& snapshot,
                                       const catalog::StoredInstance& instance) {
    TRY(auto location, store.locate(snapshot, object_of(instance)));
    return StoredMetadata{std::move(location), is_prepared(instance)};
}

Result<StoredMetadata> locate_metadata(objects::ObjectStore& store,
                                       const catalog::StoredInstance& instance) {
    TRY(auto location, store.locate(object_of(instance)));
    return StoredMetadata{std::move(location), is_prepared(instance)};
}

Result<void> append_stored_metadata(objects::ObjectStore& store, const StoredMetadata& stored,
                                    const catalog::StoredInstance& instance,
                                    const ServiceUrls& urls, std::uint64_t max_bytes,
                                    std::string& out) {
    const std::string path =
        instance_path(instance.study_instance_uid, instance.series_instance_uid,
                      instance.attributes.sop_instance_uid);
    if (stored.is_prepared) {
        const std::size_t begin = out.size();
        TRY_VOID(store.append_to(out, stored.location, max_bytes));
        const std::size_t first = out.find(kServiceBase, begin);
        if (first == std::string::npos) return {};
        // Mostly that of the pixels, near the end.
        const std::string rest = out.substr(first);
        out.resize(first);
        append_with_urls(out, rest, urls, path);
        return {};
    }
    TRY(const auto object, objects::map(store, stored.location));
    TRY(const dicom::File file, dicom::open_file(object.bytes()));
    const auto under = dicom::bulk_data_uri_under(urls.base + path);
    const auto with_query = [&](std::string& uri, const dicom::BulkValue& value) {
        under(uri, value);
        uri += urls.query;
    };
    return dicom::write_json(out, file.data_set, file.encoding, {.bulk_data_uri = with_query});
}

}  // namespace larmor::preprocess
