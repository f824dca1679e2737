#pragma once
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "db/check.h"
#include "library/options.h"
#include "objects/object_store.h"
#include "objects/s3/store.h"

namespace larmor {

/// Where a library's objects are: in its folder, or in S3 for good; `library.objects` in the
/// folder then has the address, without credentials, which the environment or a file has.
struct ObjectsPlace {
    std::string address{};  ///< as read_address takes it; empty: the folder
    bool is_new = false;    ///< not in `library.objects` yet, or another way to the same place

    bool is_in_s3() const { return !address.empty(); }
};

/// `given`, where it is not empty, or what the folder says. Errors: InvalidInput for what is no
/// address; Conflict where the folder has objects of its own.
Result<ObjectsPlace> find_objects(const std::filesystem::path& folder,
                                  const std::string& given);

/// The options of the store in S3. Errors: those of read_address and find_credentials.
Result<objects::s3::S3StoreOptions> s3_options(const std::filesystem::path& folder,
                                               const ObjectsPlace& place);

struct StoreOptions {
    std::string writer{};  ///< see LocalStoreOptions
    std::function<std::uint64_t()> spare_bytes{};
    std::function<void(const Error&)> on_write_failure{};
};
/// Opens the store of a library, which is known afterwards to have its objects there. Errors:
/// those of find_objects, open_local_store and open_s3_store.
Result<std::unique_ptr<objects::ObjectStore>> open_store(db::Database& database,
                                                         const LibraryOptions& library,
                                                         StoreOptions options);

/// Errors: Unsupported where the objects are in S3: for what works on a library of one folder.
Result<void> check_objects_are_in(const std::filesystem::path& folder);

}  // namespace larmor
