#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "larmor/command.h"

namespace larmor {

/// What was deleted, as people read it.
struct DeletionLine {
    std::string id;
    std::string study_instance_uid;
    std::string series_instance_uid;  ///< empty: the whole study
    std::string sop_instance_uid;     ///< empty: the whole series
    std::string deleted;              ///< ISO 8601, as the next
    std::string expires;
    std::int64_t instances = 0;
};

struct Recovered {
    std::int64_t recovered = 0;
    std::int64_t kept = 0;  ///< were stored again since: they stay deleted
};

/// What was deleted of a library and can be recovered.
class DeletionService {
public:
    virtual ~DeletionService() = default;
    /// Latest first.
    virtual Result<std::vector<DeletionLine>> list() = 0;
    /// Errors: NotFound, Conflict (see Catalog::recover).
    virtual Result<Recovered> recover(const std::string& id) = 0;
    /// Removes it for good before its time. Errors: NotFound.
    virtual Result<void> purge(const std::string& id) = 0;
};

/// Opens the library itself; where a server has it open, goes through that server.
Result<std::unique_ptr<DeletionService>> open_deletion_service(const Settings& settings);

}  // namespace larmor
