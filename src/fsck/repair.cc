#include <limits>

#include "fsck/checks.h"
#include "objects/local/rows.h"
#include "objects/local/upload.h"

namespace larmor::fsck {
namespace {

namespace fs = std::filesystem;
namespace local = objects::local;

Result<void> make_counts_anew(db::Transaction& tx) {
    TRY_VOID(
        tx.run("UPDATE image_sets SET number_of_instances ="
               " (SELECT count(*) FROM instances i WHERE i.image_set = image_sets.id)"
               " WHERE number_of_instances <>"
               " (SELECT count(*) FROM instances i WHERE i.image_set = image_sets.id)"));
    TRY_VOID(
        tx.run("UPDATE image_set_versions SET number_of_instances = m.number_of_instances"
               " FROM image_sets m WHERE m.id = image_set_versions.image_set"
               " AND m.latest_version = image_set_versions.version"
               " AND m.number_of_instances <> image_set_versions.number_of_instances"));
    TRY_VOID(
        tx.run("UPDATE studies SET number_of_series ="
               " (SELECT count(*) FROM series s WHERE s.study = studies.id"
               "   AND s.image_set IS NOT NULL),"
               " number_of_instances = (SELECT coalesce(sum((SELECT count(*)"
               "   FROM instances i WHERE i.image_set = s.image_set)), 0)"
               "   FROM series s WHERE s.study = studies.id)"));
    return {};
}

/// One process has the library: whoever began these uploads is gone.
Result<void> remove_leftovers(Context& context) {
    const fs::path& objects = context.options().objects;
    local::FileArea area{
        context.database(), objects / "incoming", objects / "files", system_clock(), {}};
    for (;;) {
        TRY(const auto intents, context.database().read([](db::Snapshot& snapshot) {
            return local::old_intents(snapshot, std::numeric_limits<std::int64_t>::max(), 100);
        }));
        if (intents.empty()) break;
        for (const auto& intent : intents) {
            TRY_VOID(local::clean_up_intent(area, intent.id, intent.key));
        }
    }
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(area.incoming, error)) {
        const std::string name = entry.path().filename().string();
        const auto upload = std::strtoll(name.c_str(), nullptr, 10);
        if (upload <= 0 || name != std::to_string(upload) + ".part") continue;
        std::error_code not_removed;
        fs::remove(entry.path(), not_removed);
        if (not_removed) {
            return system_failure("remove " + entry.path().string(), not_removed.value());
        }
    }
    if (error) return system_failure("read " + area.incoming.string(), error.value());
    return sync_directory(area.incoming);
}

}  // namespace

Result<void> repair(Context& context) {
    if (const auto count = context.to_repair(Repair::Counts); count > 0) {
        TRY_VOID(context.database().write_and_wait(&make_counts_anew));
        context.summary().repaired += count;
        context.summary().repaired_errors += count;
    }
    if (const auto count = context.to_repair(Repair::Leftovers); count > 0) {
        TRY_VOID(remove_leftovers(context));
        context.summary().repaired += count;
    }
    return {};
}

}  // namespace larmor::fsck
