#pragma once
#include "base/file.h"
#include "objects/object_store.h"

namespace larmor::objects {

/// The bytes of an object for as long as this lives: read into memory where it is small, mapped
/// where it is a file of its own. Objects never change, so a mapping can't shrink under the
/// reader.
class MappedObject {
public:
    Bytes bytes() const { return mapping_.bytes().empty() ? Bytes(memory_) : mapping_.bytes(); }
    /// Lets go of pages that will not be read again; see MappedFile.
    void release(ByteRange range) const { mapping_.release(range); }

private:
    friend Result<MappedObject> map(ObjectStore& store, const ObjectLocation& location);
    ByteBuffer memory_;
    MappedFile mapping_;
};

/// Blocks. Errors: those of ObjectStore::open and read.
Result<MappedObject> map(ObjectStore& store, const ObjectLocation& location);

}  // namespace larmor::objects
