#include "api/dicomweb/instance_metadata.h"

#include "dicom/json_write.h"
#include "objects/mapped_object.h"
#include "preprocess/prepare.h"

namespace larmor::api {

Result<void> append_instance_metadata(const Context& context,
                                      const catalog::StoredInstance& instance,
                                      std::string_view base, std::string& out,
                                      std::uint64_t max_bytes) {
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

}  // namespace larmor::api
