#include "api/dicomweb/instance_metadata.h"

#include "dicom/json_write.h"
#include "edits/apply_json.h"
#include "objects/mapped_object.h"
#include "preprocess/prepare.h"

namespace larmor::api {

namespace {

/// As it is stored.
Result<void> append_stored(const Context& context, const catalog::StoredInstance& instance,
                           std::string_view base, std::string& out, std::uint64_t max_bytes) {
    auto& store = context.services.store;
    if (objects::to_int64(instance.prepared.metadata) != 0) {
        TRY(const ByteBuffer text, store.read_all(instance.prepared.metadata, max_bytes));
        preprocess::append_with_base(out, as_text(text), base);
        return {};
    }
    TRY(const auto location, store.locate(instance.file.object));
    TRY(const auto object, objects::map(store, location));
    TRY(const dicom::File file, dicom::open_file(object.bytes()));
    const std::string path =
        preprocess::instance_path(instance.study_instance_uid, instance.series_instance_uid,
                                  instance.attributes.sop_instance_uid);
    return dicom::write_json(
        out, file.data_set, file.encoding,
        {.bulk_data_uri = dicom::bulk_data_uri_under(std::string(base) + path)});
}

}  // namespace

Result<void> append_instance_metadata(const Context& context,
                                      const catalog::StoredInstance& instance,
                                      const edits::Changes& changes, std::string_view base,
                                      std::string& out, std::uint64_t max_bytes) {
    if (changes.empty()) return append_stored(context, instance, base, out, max_bytes);
    std::string stored;
    TRY_VOID(append_stored(context, instance, base, stored, max_bytes));
    TRY(const std::string edited, edits::apply_to_json(stored, changes));
    out += edited;
    return {};
}

Result<void> append_instance_metadata(const Context& context,
                                      const catalog::StoredInstance& instance,
                                      std::string_view base, std::string& out,
                                      std::uint64_t max_bytes) {
    edits::Changes changes;
    if (instance.edited_version != 0) {
        TRY(changes, context.services.database.read(
                         [&](db::Snapshot& snapshot) -> Result<edits::Changes> {
                             TRY(const auto all,
                                 context.services.catalog.find_edits(
                                     snapshot, instance.image_set, instance.edited_version,
                                     instance.row, instance.row));
                             return all.of(instance.row);
                         }));
    }
    return append_instance_metadata(context, instance, changes, base, out, max_bytes);
}

}  // namespace larmor::api
