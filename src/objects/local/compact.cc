#include "objects/local/compact.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <optional>
#include <vector>

#include "async/sync_wait.h"
#include "objects/local/removal_hold.h"
#include "objects/local/rows.h"
#include "objects/local/segment_format.h"

namespace larmor::objects::local {
namespace {

namespace fs = std::filesystem;

/// Of objects that are moved with one sync and one commit.
constexpr std::uint64_t kBatchBytes = 4ULL << 20;
constexpr std::size_t kBatchObjects = 256;

struct Sealed {
    std::uint64_t bytes = 0;
    std::uint64_t live_bytes = kPageBytes;  ///< with the header of the file
    std::vector<ObjectId> objects{};
};

class Compaction {
public:
    Compaction(db::Database& database, LocalStore& store, const fs::path& directory,
               CompactObserver& observer)
        : database_(database),
          store_(store),
          segments_folder_(directory / "segments"),
          observer_(observer) {}

    Result<CompactSummary> run(double dead_min) {
        TRY_VOID(remove_leftovers());
        TRY(auto worth_it, choose(dead_min));
        for (const auto& [number, segment] : worth_it) {
            TRY(const bool moved, move_objects(segment));
            if (!moved) continue;
            TRY_VOID(remove(number));
        }
        return summary_;
    }

private:
    /// Files whose row went, before the file could.
    Result<void> remove_leftovers() {
        TRY(const auto rows,
            database_.read([](db::Snapshot& snapshot) { return numbers_of(snapshot); }));
        if (rows.empty()) return {};
        std::error_code error;
        for (const auto& entry : fs::directory_iterator(segments_folder_, error)) {
            const std::string name = entry.path().filename().string();
            const std::int64_t number = std::strtoll(name.c_str(), nullptr, 10);
            // Above the last row there may be one that is no leftover of ours.
            if (number <= 0 || name != segment_name(number) || number > rows.back() ||
                std::ranges::binary_search(rows, number)) {
                continue;
            }
            TRY_VOID(remove_file(number));
        }
        if (error) return system_failure("read " + segments_folder_.string(), error.value());
        return {};
    }

    static Result<std::vector<std::int64_t>> numbers_of(db::Snapshot& snapshot) {
        TRY(db::Query query,
            snapshot.prepare("SELECT segment FROM object_segments ORDER BY segment"));
        std::vector<std::int64_t> numbers;
        for (;;) {
            TRY(const bool row, query.next());
            if (!row) return numbers;
            numbers.push_back(query.int64(0));
        }
    }

    /// Sealed segments with much dead space. Not the last one: its number would be given again,
    /// and backups know segments by their numbers.
    Result<std::map<std::int64_t, Sealed>> choose(double dead_min) {
        return database_.read(
            [&](db::Snapshot& snapshot) -> Result<std::map<std::int64_t, Sealed>> {
                std::map<std::int64_t, Sealed> sealed;
                {
                    TRY(db::Query query,
                        snapshot.prepare(
                            "SELECT segment, sealed_bytes FROM object_segments"
                            " WHERE sealed_bytes IS NOT NULL"
                            " AND segment < (SELECT max(segment) FROM object_segments)"));
                    for (;;) {
                        TRY(const bool row, query.next());
                        if (!row) break;
                        sealed[query.int64(0)].bytes =
                            static_cast<std::uint64_t>(query.int64(1));
                    }
                }
                TRY(db::Query query,
                    snapshot.prepare("SELECT id, segment, head_bytes + size_bytes FROM objects"
                                     " WHERE segment <> 0 ORDER BY id"));
                for (;;) {
                    TRY(const bool row, query.next());
                    if (!row) break;
                    const auto found = sealed.find(query.int64(1));
                    if (found == sealed.end()) continue;
                    found->second.live_bytes +=
                        align_up(static_cast<std::uint64_t>(query.int64(2)), 8);
                    found->second.objects.push_back(ObjectId{query.int64(0)});
                }
                std::erase_if(sealed, [&](const auto& entry) {
                    const Sealed& one = entry.second;
                    const auto dead = one.bytes - std::min(one.bytes, one.live_bytes);
                    return !one.objects.empty() &&
                           (dead == 0 || static_cast<double>(dead) <
                                             dead_min * static_cast<double>(one.bytes));
                });
                return sealed;
            });
    }

    /// False where something in it is damaged: then it stays.
    Result<bool> move_objects(const Sealed& segment) {
        std::vector<ObjectId> ids;
        std::vector<ObjectLocation> from;
        std::vector<ByteBuffer> bodies;
        std::uint64_t bytes = 0;
        const auto flush = [&]() -> Result<void> {
            TRY_VOID(move_batch(ids, from, bodies));
            ids.clear();
            from.clear();
            bodies.clear();
            bytes = 0;
            return {};
        };
        for (const ObjectId id : segment.objects) {
            TRY(const ObjectLocation location, store_.locate(id));
            auto body = store_.read_all(location, store_.small_max_bytes());
            if (body && sha256(*body) != location.sha256) {
                body = fail(ErrorCode::Corrupt, "the bytes have another hash");
            }
            if (!body) {
                if (body.error().code != ErrorCode::Corrupt) {
                    return tl::unexpected(body.error());
                }
                ++summary_.segments_damaged;
                observer_.damaged(place_of(location), body.error().message);
                return false;
            }
            bytes += body->size();
            ids.push_back(id);
            from.push_back(location);
            bodies.push_back(*std::move(body));
            if (bytes >= kBatchBytes || ids.size() == kBatchObjects) TRY_VOID(flush());
        }
        if (!ids.empty()) TRY_VOID(flush());
        return true;
    }

    Result<void> move_batch(const std::vector<ObjectId>& ids,
                            const std::vector<ObjectLocation>& from,
                            const std::vector<ByteBuffer>& bodies) {
        std::vector<StageRequest> requests;
        std::uint64_t bytes = 0;
        for (std::size_t i = 0; i < ids.size(); ++i) {
            StageRequest request;
            TRY(request.key, key_of(from[i]));
            request.body.push_back(bodies[i]);
            request.sha256 = from[i].sha256;
            requests.push_back(std::move(request));
            bytes += bodies[i].size();
        }
        TRY(const auto staged, async::sync_wait(store_.stage_all(std::move(requests))));
        TRY_VOID(step());
        TRY_VOID(database_.write_and_wait([&](db::Transaction& tx) -> Result<void> {
            for (std::size_t i = 0; i < ids.size(); ++i) {
                TRY_VOID(store_.relocate(tx, ids[i], from[i], staged[i]));
            }
            return {};
        }));
        summary_.objects_moved += ids.size();
        summary_.bytes_moved += bytes;
        return step();
    }

    /// The record has it, the row does not.
    Result<std::string> key_of(const ObjectLocation& location) {
        TRY(const FileSlice slice, store_.open_whole(location));
        TRY(const RecordHeader header,
            read_record_header(*slice.file, location.segment, location.record_offset));
        return header.key;
    }

    /// The row first: a file without one is in nobody's way.
    Result<void> remove(std::int64_t number) {
        TRY_VOID(database_.write_and_wait([&](db::Transaction& tx) -> Result<void> {
            {
                TRY(db::Query query, tx.prepare("SELECT count(*) FROM objects"
                                                " WHERE segment = ?1"));
                query.bind(number);
                TRY_VOID(query.next());
                if (query.int64(0) != 0) {
                    return fail(ErrorCode::Conflict,
                                "segment " + std::to_string(number) + " still holds objects");
                }
            }
            return remove_segment(tx, number);
        }));
        TRY_VOID(step());
        return remove_file(number);
    }

    Result<void> remove_file(std::int64_t number) {
        const fs::path path = segments_folder_ / segment_name(number);
        std::error_code error;
        const auto bytes = fs::file_size(path, error);
        if (::unlink(path.c_str()) != 0 && errno != ENOENT) {
            return system_failure("remove " + path.string(), errno);
        }
        TRY_VOID(sync_directory(segments_folder_));
        ++summary_.segments_removed;
        if (!error) summary_.bytes_freed += bytes;
        return step();
    }

    Result<void> step() {
        if (observer_.step(summary_)) return {};
        return fail(ErrorCode::Cancelled, "stopped before the end; what was done stays");
    }

    db::Database& database_;
    LocalStore& store_;
    const fs::path segments_folder_;
    CompactObserver& observer_;
    CompactSummary summary_;
};

}  // namespace

Result<CompactSummary> compact(db::Database& database, LocalStore& store,
                               const std::filesystem::path& directory, double dead_min,
                               CompactObserver& observer) {
    TRY(const auto hold, RemovalHold::try_exclusive(directory / "files"));
    if (!hold) {
        return fail(ErrorCode::Conflict,
                    "a backup of this library runs: compact it when that has ended");
    }
    return Compaction(database, store, directory, observer).run(dead_min);
}

}  // namespace larmor::objects::local
