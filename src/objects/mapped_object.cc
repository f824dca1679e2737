#include "objects/mapped_object.h"

namespace larmor::objects {

Result<MappedObject> map(ObjectStore& store, const ObjectLocation& location) {
    MappedObject mapped;
    if (location.size_bytes <= store.small_max_bytes()) {
        TRY(mapped.memory_, store.read_all(location, store.small_max_bytes()));
        return mapped;
    }
    TRY(const FileSlice slice, store.open_whole(location));
    if (slice.offset != 0) {
        return fail(ErrorCode::Corrupt,
                    "a large object does not start its own file: " + location.key);
    }
    TRY(mapped.mapping_, MappedFile::map(*slice.file));
    return mapped;
}

}  // namespace larmor::objects
