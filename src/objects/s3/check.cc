#include "objects/s3/check.h"

#include <algorithm>
#include <atomic>
#include <limits>
#include <thread>
#include <vector>

#include "objects/s3/bucket_area.h"

namespace larmor::objects::s3 {
namespace {

struct CheckedObject {
    std::int64_t id = 0;
    ObjectLocation location;
    Result<void> verified{};
};

class BucketCheck {
public:
    BucketCheck(db::Check& check, Client& client, const S3StoreOptions& options)
        : check_(check),
          area_{check.database(), client, options.prefix, options.folder},
          threads_(std::max(1U, options.puts_max)) {}

    Result<void> run() {
        TRY_VOID(check_owner());
        TRY(const auto total,
            check_.number("SELECT coalesce(sum(size_bytes), 0) FROM objects"));
        total_bytes_ = static_cast<std::uint64_t>(total);
        TRY_VOID(check_bytes());
        TRY_VOID(check_names());
        return check_.for_each_row(
            "SELECT id, key FROM object_intents WHERE id > ?1 ORDER BY id LIMIT ?2",
            [&](const db::Query& row) {
                check_.note("upload " + std::to_string(row.int64(0)),
                            "was begun and never recorded: " + row.string(1),
                            db::Repair::Leftovers);
                return true;
            });
    }

private:
    Result<void> check_owner() {
        constexpr std::size_t kOwnerBytesMax = 4096;
        const auto name = area_.name_of(kOwnerKey);
        TRY(const StoreId store, open_store_id(area_.database));
        const auto there = area_.client.get_all(name, {}, kOwnerBytesMax);
        if (!there && there.error().code != ErrorCode::NotFound) {
            return tl::unexpected(there.error());
        }
        if (!there) {
            check_.error(name, "the object that says whose the others are is missing");
        } else if (as_text(*there) != to_hex(store) + '\n') {
            check_.error(name, "it says that the objects belong to another library");
        }
        return {};
    }

    Result<void> check_bytes() {
        std::int64_t after = 0;
        for (;;) {
            std::vector<CheckedObject> page;
            TRY_VOID(check_.for_each_row(
                "SELECT id, segment, size_bytes, sha256, key FROM objects WHERE id > ?1"
                " ORDER BY id LIMIT ?2",
                [&](const db::Query& row) {
                    page.push_back(object_of(row));
                    return page.size() < kPage;
                },
                after));
            if (page.empty()) return {};
            after = page.back().id;
            TRY_VOID(check_page(page));
        }
    }

    static CheckedObject object_of(const db::Query& row) {
        CheckedObject object;
        object.id = row.int64(0);
        object.location.segment = row.int64(1);
        object.location.size_bytes = static_cast<std::uint64_t>(row.int64(2));
        // A hash of another length stays zero, which nothing has.
        if (row.blob(3).size() == object.location.sha256.size()) {
            std::ranges::copy(row.blob(3), object.location.sha256.begin());
        }
        object.location.key = row.string(4);
        return object;
    }

    Result<void> check_page(std::vector<CheckedObject>& page) {
        std::atomic<std::size_t> next{0};
        const auto work = [&] {
            for (std::size_t i = next++; i < page.size(); i = next++) {
                auto& object = page[i];
                object.verified = object.location.segment == 0
                                      ? verify_object(area_, object.location)
                                      : fail(ErrorCode::Corrupt, "its row names a segment");
            }
        };
        {
            std::vector<std::jthread> threads;
            for (unsigned i = 0; i < threads_; ++i) threads.emplace_back(work);
        }
        for (const auto& object : page) TRY_VOID(tell(object));
        return {};
    }

    /// Errors: what says nothing about the object.
    Result<void> tell(const CheckedObject& object) {
        const auto& location = object.location;
        ++check_.summary().objects;
        check_.summary().bytes += location.size_bytes;
        checked_bytes_ += location.size_bytes;
        check_.observer().progress(checked_bytes_, total_bytes_);
        if (object.verified) return {};
        if (object.verified.error().code != ErrorCode::Corrupt) return object.verified;
        const std::string where = place_of(location);
        std::string what = object.verified.error().message;
        if (what.starts_with(where + ": ")) what.erase(0, where.size() + 2);
        check_.error(where, what + ": object " + std::to_string(object.id));
        return {};
    }

    Result<void> check_names() {
        ListOptions options;
        options.prefix = area_.prefix;
        for (;;) {
            TRY(const ListPage page, area_.client.list(options));
            for (const auto& listed : page.objects) {
                const auto key = listed.key.substr(area_.prefix.size());
                if (key == kOwnerKey) continue;
                TRY(const bool needed, area_.database.read([&](db::Snapshot& snapshot) {
                    return is_key_needed(snapshot, key, 0, 0);
                }));
                if (!needed) check_.note(listed.key, "no row names this object");
            }
            if (page.next.empty()) return {};
            options.token = page.next;
        }
    }

    static constexpr std::size_t kPage = 1000;
    db::Check& check_;
    const BucketArea area_;
    const unsigned threads_;
    std::uint64_t checked_bytes_ = 0;
    std::uint64_t total_bytes_ = 0;
};

}  // namespace

Result<void> check_store(db::Check& check, const S3StoreOptions& options) {
    TRY(const auto client, Client::open(options.client));
    return BucketCheck(check, *client, options).run();
}

Result<void> remove_leftovers(db::Database& database, const S3StoreOptions& options) {
    TRY(const auto client, Client::open(options.client));
    const BucketArea area{database, *client, options.prefix, options.folder};
    TRY_VOID(clean_up_intents(area, std::nullopt, std::numeric_limits<std::int64_t>::max()));
    return {};
}

}  // namespace larmor::objects::s3
