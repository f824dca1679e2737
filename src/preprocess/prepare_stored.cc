#include "preprocess/prepare_stored.h"

#include "objects/mapped_object.h"

namespace larmor::preprocess {

Result<PreparedInstance> prepare_stored(objects::ObjectStore& store,
                                        const objects::ObjectLocation& location) {
    TRY(const objects::MappedObject object, objects::map(store, location));
    TRY(const dicom::File file, dicom::open_file(object.bytes()));
    PrepareOptions options;
    options.done_with = [&object](ByteRange range) { object.release(range); };
    return prepare(file, options);
}

}  // namespace larmor::preprocess
