#include "index/mysql/frame_rows.h"

#include <unordered_map>

#include "healthimaging/frame_id.h"
#include "index/mysql/insert.h"
#include "index/mysql/quote.h"

namespace larmor::index::mysql {
namespace {

/// How many numbers of instances are asked for at a time.
constexpr std::size_t kPageInstances = 20'000;

using InstanceRows = std::unordered_map<std::string, std::int64_t>;

/// Those of an image set: another one may have some of its instances, by a newer document.
Result<InstanceRows> instance_rows(Connection& connection, std::int64_t image_set) {
    InstanceRows found;
    for (std::int64_t after = 0;;) {
        TRY(const auto rows,
            connection.rows("SELECT instance_pkey, sopinstanceuid FROM instance WHERE"
                            " imageset_pkey = " +
                            std::to_string(image_set) + " AND instance_pkey > " +
                            std::to_string(after) + " ORDER BY instance_pkey LIMIT " +
                            std::to_string(kPageInstances)));
        for (const auto& row : rows) {
            after = std::stoll(row[0].value());
            found[row[1].value()] = after;
        }
        if (rows.size() < kPageInstances) return found;
    }
}

Result<void> put_frames_of(Connection& connection, Insert& insert, const Entry& entry) {
    const auto& document = *entry.document;
    TRY(const auto rows, instance_rows(connection, entry.image_set));
    for (const auto& instance : document.instances) {
        const auto row = rows.find(instance.sop_instance_uid);
        if (row == rows.end()) continue;
        for (std::uint32_t frame = 0; frame < instance.frames; ++frame) {
            TRY_VOID(insert.add(std::to_string(row->second) + ", " +
                                std::to_string(entry.image_set) + ", " +
                                std::to_string(frame + 1) + ", " +
                                in_quotes(healthimaging::to_frame_id({instance.file, frame},
                                                                     document.datastore_id))));
        }
    }
    return {};
}

}  // namespace

Result<void> put_frames(Connection& connection, const Tables& tables, const Entries& entries) {
    const auto has_rows = [&](const Entry& entry) { return has_instance_rows(tables, entry); };
    const bool has_frames = tables.levels.has(Level::Frame);
    // New image sets too: their instances can be rows that others had.
    const auto old = rows_of(entries, &Entry::image_set, [&](const Entry& entry) {
        return has_rows(entry) && (has_frames || entry.was_there);
    });
    if (!old.empty()) {
        TRY_VOID(
            connection.run("DELETE f FROM frame f JOIN instance i"
                           " ON i.instance_pkey = f.instance_pkey WHERE i.imageset_pkey IN (" +
                           list(old) + ")"));
    }
    if (!has_frames) return {};
    Insert insert(connection,
                  "INSERT INTO frame (instance_pkey, imageset_pkey, framenumber, frameid)");
    for (const Entry& entry : entries) {
        if (has_rows(entry)) TRY_VOID(put_frames_of(connection, insert, entry));
    }
    return insert.finish();
}

}  // namespace larmor::index::mysql
