#include "objects/local/check.h"

#include <fcntl.h>

#include <algorithm>
#include <limits>
#include <map>
#include <optional>
#include <vector>

#include "objects/local/rows.h"
#include "objects/local/segment_format.h"
#include "objects/local/upload.h"
#include "objects/local/verify_object.h"

namespace larmor::objects::local {
namespace {

namespace fs = std::filesystem;

struct Segment {
    std::optional<std::uint64_t> sealed_bytes;
    std::uint64_t objects = 0;
    std::uint64_t live_bytes = 0;    ///< of records that have a row
    std::uint64_t end = kPageBytes;  ///< of the last of them
    bool has_row = false;
    bool readable = false;
    std::uint64_t file_bytes = 0;
};

struct Object {
    std::int64_t id = 0;
    ObjectLocation location;
};

class ObjectCheck {
public:
    ObjectCheck(db::Check& check, const fs::path& store) : check_(check), folder_(store) {}

    Result<void> run() {
        TRY_VOID(read_store_id());
        TRY_VOID(read_segment_rows());
        for (auto& [number, segment] : segments_) check_header(number, segment);
        TRY(const auto total,
            check_.number("SELECT coalesce(sum(size_bytes), 0) FROM objects"));
        total_bytes_ = static_cast<std::uint64_t>(total);
        TRY_VOID(check_bytes());
        for (const auto& [number, segment] : segments_) check_end(number, segment);
        check_segment_folder();
        TRY_VOID(check_files());
        return check_uploads();
    }

private:
    static std::string name(std::int64_t segment) {
        return "segment " + std::to_string(segment);
    }

    Result<void> read_store_id() {
        return check_.database().read([&](db::Snapshot& snapshot) -> Result<void> {
            TRY(db::Query query,
                snapshot.prepare("SELECT store_id FROM object_store WHERE id = 1"));
            TRY(const bool row, query.next());
            if (row && query.blob(0).size() == store_id_.size()) {
                std::ranges::copy(query.blob(0), store_id_.begin());
                has_store_id_ = true;
            } else if (row) {
                check_.error("object_store", "the store's id has a wrong length");
            }
            return {};
        });
    }

    Result<void> read_segment_rows() {
        return check_.for_each_row(
            "SELECT segment, sealed_bytes FROM object_segments WHERE segment > ?1"
            " ORDER BY segment LIMIT ?2",
            [&](const db::Query& row) {
                auto& segment = segments_[row.int64(0)];
                segment.has_row = true;
                if (!row.is_null(1)) {
                    segment.sealed_bytes = static_cast<std::uint64_t>(row.int64(1));
                }
                return true;
            });
    }

    /// What is wrong of a segment as a whole is told in check_end, when it is known what it
    /// held.
    void check_header(std::int64_t number, Segment& segment) {
        const auto file = open_file(folder_ / "segments" / segment_name(number), O_RDONLY);
        if (!file) return;
        segment.readable = true;
        if (const auto size = size_of(*file); size) segment.file_bytes = *size;
        ByteBuffer page(kPageBytes);
        auto header =
            read_at(*file, 0, page).and_then([&] { return decode_segment_header(page); });
        if (!header) {
            headers_[number] = header.error().message;
        } else if (header->segment != number) {
            headers_[number] =
                "its header is that of segment " + std::to_string(header->segment);
        } else if (has_store_id_ && header->store != store_id_) {
            headers_[number] = "it belongs to another store";
        }
    }

    /// Pages of objects as they were numbered, which is nearly the order of their bytes; within
    /// a page in that order.
    Result<void> check_bytes() {
        std::int64_t after = 0;
        for (;;) {
            TRY(auto page, objects_after(after));
            if (page.empty()) return {};
            after = page.back().id;
            std::ranges::sort(page, {}, [](const Object& object) {
                return std::pair(object.location.segment, object.location.record_offset);
            });
            for (const auto& object : page) check_object(object);
        }
    }

    Result<std::vector<Object>> objects_after(std::int64_t after) {
        return check_.database().read(
            [&](db::Snapshot& snapshot) -> Result<std::vector<Object>> {
                TRY(db::Query query,
                    snapshot.prepare(
                        "SELECT id, segment, record_offset, head_bytes, size_bytes,"
                        " sha256, key FROM objects WHERE id > ?1 ORDER BY id"
                        " LIMIT 10000"));
                query.bind(after);
                std::vector<Object> page;
                for (;;) {
                    TRY(const bool row, query.next());
                    if (!row) return page;
                    Object object;
                    object.id = query.int64(0);
                    auto& location = object.location;
                    location.segment = query.int64(1);
                    location.record_offset = static_cast<std::uint64_t>(query.int64(2));
                    location.head_bytes = static_cast<std::uint32_t>(query.int64(3));
                    location.size_bytes = static_cast<std::uint64_t>(query.int64(4));
                    // A hash of another length stays zero, which nothing has.
                    if (query.blob(5).size() == location.sha256.size()) {
                        std::ranges::copy(query.blob(5), location.sha256.begin());
                    }
                    location.key = query.string(6);
                    page.push_back(std::move(object));
                }
            });
    }

    void check_object(const Object& object) {
        const auto& location = object.location;
        ++check_.summary().objects;
        check_.summary().bytes += location.size_bytes;
        checked_bytes_ += location.size_bytes;
        check_.observer().progress(checked_bytes_, total_bytes_);
        if (location.segment == 0) {
            const auto file = open_file(file_of(folder_, location), O_RDONLY);
            if (file) {
                tell(object, verify_object(*file, location), "");
            } else {
                tell(object, fail(ErrorCode::Corrupt, "the file is missing"), "");
            }
            return;
        }
        auto& segment = segments_[location.segment];
        ++segment.objects;
        const std::uint64_t bytes = location.head_bytes + location.size_bytes;
        segment.live_bytes += align_up(bytes, 8);
        segment.end = std::max(segment.end, location.record_offset + bytes);
        if (!segment.readable) return;  // told once for all, in check_end
        if (location.segment != open_number_) {
            auto file = open_file(file_of(folder_, location), O_RDONLY);
            if (!file) return tell(object, tl::unexpected(file.error()), "");
            ::posix_fadvise(file->get(), 0, 0, POSIX_FADV_SEQUENTIAL);
            open_file_ = *std::move(file);
            open_number_ = location.segment;
        }
        const auto verified = verify_object(open_file_, location);
        if (verified) return;
        // Where the header still says it: which object it was.
        const auto header =
            read_record_header(open_file_, location.segment, location.record_offset);
        tell(object, verified, header ? header->key : "");
    }

    void tell(const Object& object, const Result<void>& verified, const std::string& key) {
        if (verified) return;
        const std::string where = place_of(object.location);
        std::string what = verified.error().message;
        if (what.starts_with(where + ": ")) what.erase(0, where.size() + 2);
        what += ": object " + std::to_string(object.id);
        if (!key.empty()) what += " (" + key + ")";
        check_.error(where, what);
    }

    void check_end(std::int64_t number, const Segment& segment) {
        const std::string held = std::to_string(segment.objects) + " objects";
        if (!segment.has_row) {
            check_.error(name(number), "it has no row, but " + held + " lie in it");
        }
        if (!segment.readable) {
            if (segment.objects > 0) {
                check_.error(name(number),
                             "the file is missing or can't be opened: " + held + " are lost");
            } else if (segment.sealed_bytes) {
                check_.note(name(number), "the file is missing; nothing lay in it");
            }
            return;  // one without a file and objects was just being made
        }
        if (const auto wrong = headers_.find(number); wrong != headers_.end()) {
            if (segment.objects > 0 || segment.sealed_bytes) {
                check_.error(name(number) + " at byte 0", wrong->second);
            }
        }
        if (segment.end > segment.file_bytes) {
            check_.error(
                name(number) + " at byte " + std::to_string(segment.file_bytes),
                "the file ends here, its rows say at least " + std::to_string(segment.end));
        } else if (segment.sealed_bytes && segment.file_bytes != *segment.sealed_bytes) {
            check_.note(name(number) + " at byte " + std::to_string(segment.file_bytes),
                        "the file ends here, it was sealed at byte " +
                            std::to_string(*segment.sealed_bytes));
        }
        const std::uint64_t used = segment.sealed_bytes.value_or(segment.end);
        const std::uint64_t live = kPageBytes + segment.live_bytes;
        if (used > live) check_.summary().dead_bytes += used - live;
    }

    void foreign(const fs::path& path, std::string what, db::Repair repair = db::Repair::None) {
        check_.note(path.lexically_relative(folder_).string(), std::move(what), repair);
    }

    /// A folder that is missing held nothing: what rows name in it was told of on its own, and
    /// the store makes it again.
    void check_read(const std::string& folder, const std::error_code& error) {
        if (!error || error == std::errc::no_such_file_or_directory) return;
        check_.error(folder, "the folder can't be read: " + error.message());
    }

    void check_segment_folder() {
        std::error_code error;
        for (const auto& entry : fs::directory_iterator(folder_ / "segments", error)) {
            const std::string file_name = entry.path().filename().string();
            const std::int64_t number = std::strtoll(file_name.c_str(), nullptr, 10);
            if (number > 0 && file_name == segment_name(number)) {
                const auto found = segments_.find(number);
                if (found == segments_.end())
                    foreign(entry.path(), "no row names this segment");
            } else {
                foreign(entry.path(), "not a file of the store");
            }
        }
        check_read("objects/segments", error);
    }

    Result<void> check_files() {
        const fs::path files = folder_ / "files";
        std::error_code error;
        for (auto entry = fs::recursive_directory_iterator(files, error);
             !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
            if (entry->is_directory(error) && !entry->is_symlink(error)) continue;
            const std::string key = entry->path().lexically_relative(files).string();
            TRY(const bool needed, is_needed(key));
            if (!needed) foreign(entry->path(), "no row names this file");
        }
        check_read("objects/files", error);
        return {};
    }
    /// By an object, by an upload that is told of on its own, or until its grace period ends.
    Result<bool> is_needed(const std::string& key) {
        return check_.database().read([&](db::Snapshot& snapshot) -> Result<bool> {
            TRY(db::Query query,
                snapshot.prepare("SELECT EXISTS (SELECT 1 FROM objects WHERE key = ?1) OR"
                                 " EXISTS (SELECT 1 FROM object_intents WHERE key = ?1) OR"
                                 " EXISTS (SELECT 1 FROM object_garbage WHERE key = ?1)"));
            query.bind(key);
            TRY(const bool row, query.next());
            return row && query.int64(0) != 0;
        });
    }

    Result<void> check_uploads() {
        TRY_VOID(check_.for_each_row(
            "SELECT id, key FROM object_intents WHERE id > ?1 ORDER BY id LIMIT ?2",
            [&](const db::Query& row) {
                check_.note("upload " + std::to_string(row.int64(0)),
                            "was begun and never recorded: " + row.string(1),
                            db::Repair::Leftovers);
                return true;
            }));
        std::error_code error;
        for (const auto& entry : fs::directory_iterator(folder_ / "incoming", error)) {
            const std::string file_name = entry.path().filename().string();
            const auto upload = std::strtoll(file_name.c_str(), nullptr, 10);
            const bool ours = upload > 0 && file_name == std::to_string(upload) + ".part";
            foreign(entry.path(), ours ? "what an upload left" : "not a file of the store",
                    ours ? db::Repair::Leftovers : db::Repair::None);
        }
        check_read("objects/incoming", error);
        return {};
    }

    db::Check& check_;
    const fs::path folder_;
    StoreId store_id_{};
    bool has_store_id_ = false;
    std::map<std::int64_t, Segment> segments_;
    std::map<std::int64_t, std::string> headers_;  ///< what is wrong with them
    std::int64_t open_number_ = 0;
    UniqueFd open_file_;
    std::uint64_t checked_bytes_ = 0;
    std::uint64_t total_bytes_ = 0;
};

}  // namespace

Result<void> check_store(db::Check& check, const std::filesystem::path& store) {
    return ObjectCheck(check, store).run();
}

/// One process has the library: whoever began these uploads is gone.
Result<void> remove_leftovers(db::Database& database, const std::filesystem::path& store) {
    FileArea area{database, store / "incoming", store / "files", system_clock()};
    for (;;) {
        TRY(const auto intents, database.read([](db::Snapshot& snapshot) {
            return old_intents(snapshot, std::nullopt, std::numeric_limits<std::int64_t>::max(),
                               100);
        }));
        if (intents.empty()) break;
        for (const auto& intent : intents) {
            TRY_VOID(clean_up_intent(area, intent.id, intent.key));
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

}  // namespace larmor::objects::local
