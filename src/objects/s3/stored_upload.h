#pragma once
#include <memory>
#include <string>

#include "base/clock.h"
#include "objects/object_store.h"
#include "objects/s3/bucket_area.h"

namespace larmor::objects::s3 {

/// An upload that comes into a file without a name here, since its key is known only when all
/// of it is there, and goes to S3 with `finish`, in parts. `area` and `clock`, that of grace
/// periods, must outlive it. Errors: InvalidInput (the key), NoSpace.
Result<std::unique_ptr<Upload>> begin_stored_upload(const BucketArea& area, const Clock& clock,
                                                    std::string writer, std::string key);

}  // namespace larmor::objects::s3
