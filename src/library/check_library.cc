#include "library/check_library.h"

#include "library/open_database.h"
#include "library/open_store.h"
#include "objects/local/check.h"
#include "objects/s3/check.h"

namespace larmor {
namespace {

class FolderCheck final : public fsck::ObjectCheck {
public:
    explicit FolderCheck(std::filesystem::path objects) : objects_(std::move(objects)) {}
    Result<void> check(db::Check& check) override {
        return objects::local::check_store(check, objects_);
    }
    Result<void> remove_leftovers(db::Database& database) override {
        return objects::local::remove_leftovers(database, objects_);
    }

private:
    const std::filesystem::path objects_;
};

class BucketCheck final : public fsck::ObjectCheck {
public:
    explicit BucketCheck(objects::s3::S3StoreOptions options) : options_(std::move(options)) {}
    Result<void> check(db::Check& check) override {
        return objects::s3::check_store(check, options_);
    }
    Result<void> remove_leftovers(db::Database& database) override {
        return objects::s3::remove_leftovers(database, options_);
    }

private:
    const objects::s3::S3StoreOptions options_;
};

Result<std::unique_ptr<fsck::ObjectCheck>> check_of(const std::filesystem::path& folder) {
    TRY(const auto place, find_objects(folder, {}));
    if (!place.is_in_s3()) return std::make_unique<FolderCheck>(folder / "objects");
    TRY(auto options, s3_options(folder, place));
    return std::make_unique<BucketCheck>(std::move(options));
}

}  // namespace

Result<fsck::Summary> check_library(const std::filesystem::path& folder, bool repair,
                                    fsck::Observer& observer) {
    TRY_VOID(check_rows_are_in(folder));
    TRY(const auto check, check_of(folder));
    // SQLite's own check of a large library is one long statement.
    TRY(const auto database, open_database(folder, {.read_limit = std::chrono::hours(24)}));
    return fsck::check(*database, {.objects = *check, .repair = repair}, observer);
}

}  // namespace larmor
