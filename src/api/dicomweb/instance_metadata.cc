#include "api/dicomweb/instance_metadata.h"

#include "edits/apply_json.h"
#include "preprocess/stored_metadata.h"

namespace larmor::api {

namespace {

/// As it is stored.
Result<void> append_stored(const Context& context, const catalog::StoredInstance& instance,
                           const preprocess::ServiceUrls& urls, std::string& out,
                           std::uint64_t max_bytes) {
    auto& store = context.services.store;
    TRY(const auto stored, preprocess::locate_metadata(store, instance));
    return preprocess::append_stored_metadata(store, stored, instance, urls, max_bytes, out);
}

}  // namespace

Result<void> append_instance_metadata(const Context& context,
                                      const catalog::StoredInstance& instance,
                                      const edits::Changes& changes,
                                      const preprocess::ServiceUrls& urls, std::string& out,
                                      std::uint64_t max_bytes) {
    if (changes.empty()) return append_stored(context, instance, urls, out, max_bytes);
    std::string stored;
    TRY_VOID(append_stored(context, instance, urls, stored, max_bytes));
    TRY(const std::string edited, edits::apply_to_json(stored, changes));
    out += edited;
    return {};
}

Result<void> append_instance_metadata(const Context& context,
                                      const catalog::StoredInstance& instance,
                                      const preprocess::ServiceUrls& urls, std::string& out,
                                      std::uint64_t max_bytes) {
    edits::Changes changes;
    if (instance.edited_version != 0) {
        TRY(changes, context.services.database.read(
                         [&](db::Snapshot& snapshot) -> Result<edits::Changes> {
                             TRY(const auto all,
                                 context.services.catalog.find_edits(
                                     snapshot, instance.image_set, instance.edited_version,
                                     instance.row, instance.row));
                             return all.of(instance.row);
                         }));
    }
    return append_instance_metadata(context, instance, changes, urls, out, max_bytes);
}

}  // namespace larmor::api
