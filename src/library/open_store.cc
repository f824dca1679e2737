#include "library/open_store.h"

#include <fcntl.h>

#include "base/file.h"
#include "objects/local/local_store.h"
#include "objects/s3/address.h"

namespace larmor {
namespace {

constexpr std::uint64_t kAddressMax = 4096;

std::filesystem::path address_file(const std::filesystem::path& folder) {
    return folder / "library.objects";
}

Result<std::string> remembered(const std::filesystem::path& folder) {
    auto text = read_file(address_file(folder), kAddressMax);
    if (!text && text.error().code == ErrorCode::NotFound) return std::string();
    if (!text) return tl::unexpected(std::move(text).error());
    while (text->ends_with('\n')) text->pop_back();
    return text;
}

/// There whole or not at all, and durable.
Result<void> remember(const std::filesystem::path& folder, const std::string& address) {
    const auto path = address_file(folder);
    auto unfinished = path;
    unfinished += ".new";
    TRY(const UniqueFd file, open_file(unfinished, O_WRONLY | O_CREAT | O_TRUNC));
    TRY_VOID(write_all(file, as_bytes(address + '\n')));
    TRY_VOID(sync_data(file));
    std::error_code error;
    std::filesystem::rename(unfinished, path, error);
    if (error) return system_failure("rename to " + path.string(), error.value());
    return sync_directory(folder);
}

Result<std::unique_ptr<objects::ObjectStore>> open_in_s3(db::Database& database,
                                                         const LibraryOptions& library,
                                                         const ObjectsPlace& place,
                                                         std::string writer) {
    TRY(auto options, s3_options(library.folder, place));
    options.clock = library.clock;
    options.writer = std::move(writer);
    TRY(auto store, objects::s3::open_s3_store(database, std::move(options)));
    // Only now: what was opened there has the id of this library.
    if (place.is_new) TRY_VOID(remember(library.folder, place.address));
    return store;
}

}  // namespace

Result<ObjectsPlace> find_objects(const std::filesystem::path& folder,
                                  const std::string& given) {
    TRY(std::string known, remembered(folder));
    if (given.empty()) return ObjectsPlace{std::move(known), false};
    TRY_VOID(objects::s3::read_address(given));
    if (known.empty() && std::filesystem::exists(folder / "objects" / "segments")) {
        return fail(ErrorCode::Conflict, "the objects of the library in " + folder.string() +
                                             " are in its folder: leave --objects out");
    }
    return ObjectsPlace{given, given != known};
}

Result<objects::s3::S3StoreOptions> s3_options(const std::filesystem::path& folder,
                                               const ObjectsPlace& place) {
    TRY(const auto address, objects::s3::read_address(place.address));
    objects::s3::S3StoreOptions options;
    TRY(options.client,
        objects::s3::client_options(address, objects::s3::environment_variable));
    options.prefix = address.as_prefix();
    options.folder = folder / "objects";
    return options;
}

Result<std::unique_ptr<objects::ObjectStore>> open_store(db::Database& database,
                                                         const LibraryOptions& library,
                                                         StoreOptions options) {
    TRY(const auto place, find_objects(library.folder, library.objects));
    if (place.is_in_s3()) {
        return open_in_s3(database, library, place, std::move(options.writer));
    }
    objects::local::LocalStoreOptions local;
    local.directory = library.folder / "objects";
    local.clock = library.clock;
    local.writer = std::move(options.writer);
    local.spare_bytes = std::move(options.spare_bytes);
    local.on_write_failure = std::move(options.on_write_failure);
    local.fail_syncs = library.fail_object_syncs;
    return objects::local::open_local_store(database, std::move(local));
}

Result<void> check_objects_are_in(const std::filesystem::path& folder) {
    TRY(const auto place, find_objects(folder, {}));
    if (!place.is_in_s3()) return {};
    return fail(ErrorCode::Unsupported, "the objects of this library are in S3 (" +
                                            place.address +
                                            "), which has its own tools for it");
}

}  // namespace larmor
