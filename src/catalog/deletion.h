#pragma once
#include <cstdint>
#include <functional>
#include <string>

#include "base/clock.h"
#include "objects/object_store.h"

namespace larmor::catalog {

/// What is to be deleted: a study, a series of it, or an instance of that.
struct DeleteRequest {
    std::string study_instance_uid;
    std::string series_instance_uid;  ///< empty: the whole study
    std::string sop_instance_uid;     ///< empty: the whole series
    std::string deleted_by;           ///< an actor's id
    Time expires;                     ///< from then on it may be removed for good
};

enum class DeletionRow : std::int64_t {};

/// What was deleted with one request and can be recovered.
struct Deletion {
    DeletionRow row{};
    std::string id;  ///< 32 characters
    std::string study_instance_uid;
    std::string series_instance_uid;  ///< as in the request, as the next
    std::string sop_instance_uid;
    std::string patient_id;
    std::string deleted_by;
    std::int64_t number_of_instances = 0;  ///< that are still in it, conflicts included
    Time deleted;
    Time expires;
    bool purging = false;  ///< it is being removed for good: too late
};

struct Recovery {
    Deletion deletion;
    std::int64_t recovered = 0;
    std::int64_t kept = 0;  ///< were stored again since: they stay deleted
};

/// Removes an object in the caller's transaction: the catalog knows no store.
using RemoveObject = std::function<Result<void>(objects::ObjectId)>;

}  // namespace larmor::catalog
