#pragma once
#include "objects/object_store.h"
#include "preprocess/prepare.h"

namespace larmor::preprocess {

/// `prepare` of an instance where it is stored, without storing what it makes. Blocks. Errors:
/// those of the store; InvalidInput of `prepare`.
Result<PreparedInstance> prepare_stored(objects::ObjectStore& store,
                                        const objects::ObjectLocation& location);

}  // namespace larmor::preprocess
