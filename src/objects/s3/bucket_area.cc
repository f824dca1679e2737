#include "objects/s3/bucket_area.h"

#include "objects/s3/key_hold.h"

namespace larmor::objects::s3 {
namespace {

constexpr std::size_t kOwnerBytesMax = 4096;
/// Larger ones go in parts of this size.
constexpr std::size_t kPartBytes = 8 << 20;

Result<void> put_in_parts(const BucketArea& area, const std::string& name, Bytes body,
                          const PutOptions& options) {
    // Seen before all is sent, not only after.
    const auto there = area.client.head(name);
    if (there) {
        if (there->size_bytes == body.size() && there->sha256 == options.sha256) return {};
        return fail(ErrorCode::Conflict,
                    "other bytes stand under the key of this object: " + name);
    }
    if (there.error().code != ErrorCode::NotFound) return tl::unexpected(there.error());
    StreamedPutOptions with;
    with.put = options;
    // 10,000 parts are the most.
    while (with.part_bytes < body.size() / 9'000) with.part_bytes *= 2;
    const auto put = area.client.begin_put(name, std::move(with));
    TRY_VOID(put->write(body));
    TRY_VOID(put->finish());
    return {};
}

/// Of a whole object more is known than of a range: what its hash must be.
GetOptions options_of(const ObjectLocation& location, ByteRange range) {
    GetOptions options;
    if (range.offset == 0 && range.count == location.size_bytes) {
        options.sha256 = location.sha256;
    } else {
        options.range = range;
    }
    return options;
}

/// What a client says of an object that a row names: that it is not there, or shorter, is
/// damage.
Error as_of_stored(const ObjectLocation& location, const std::string& name, Error error) {
    if (error.code == ErrorCode::NotFound) {
        return {ErrorCode::Corrupt,
                place_of(location) + ": there is no object " + name + " in S3"};
    }
    if (error.code == ErrorCode::InvalidInput || error.code == ErrorCode::Corrupt) {
        return {ErrorCode::Corrupt, place_of(location) + ": " + error.message};
    }
    return error;
}

}  // namespace

Result<void> claim_area(const BucketArea& area, const StoreId& store) {
    const std::string ours = to_hex(store) + '\n';
    PutOptions options;
    options.if_absent = IfAbsent::Yes;
    options.content_type = "text/plain";
    const auto name = area.name_of(kOwnerKey);
    const auto put = area.client.put(name, as_bytes(ours), options);
    if (put) return {};
    if (put.error().code != ErrorCode::Conflict) return tl::unexpected(put.error());
    TRY(const ByteBuffer theirs, area.client.get_all(name, {}, kOwnerBytesMax));
    if (as_text(theirs) == ours) return {};
    return fail(ErrorCode::Conflict,
                "what lies in S3 there belongs to another library, says " + name);
}

Result<void> put_object(const BucketArea& area, const std::string& key, Bytes body,
                        const Sha256& sha256) {
    TRY(const KeyHold hold, KeyHold::take(area.folder, key));
    PutOptions options;
    options.if_absent = IfAbsent::Yes;
    options.sha256 = sha256;
    const auto name = area.name_of(key);
    if (body.size() > kPartBytes) return put_in_parts(area, name, body, options);
    TRY_VOID(area.client.put(name, body, options));
    return {};
}

Result<std::uint64_t> remove_unneeded(const BucketArea& area, const std::string& key,
                                      std::int64_t but_intent, std::int64_t but_garbage) {
    TRY(const KeyHold hold, KeyHold::take(area.folder, key));
    TRY(const bool needed, area.database.read([&](db::Snapshot& snapshot) {
        return is_key_needed(snapshot, key, but_intent, but_garbage);
    }));
    if (needed) return 0;
    const auto name = area.name_of(key);
    const auto there = area.client.head(name);
    if (!there && there.error().code != ErrorCode::NotFound) {
        return tl::unexpected(there.error());
    }
    if (!there) return 0;
    TRY_VOID(area.client.remove(name));
    return there->size_bytes;
}

Result<std::uint64_t> clean_up_intent(const BucketArea& area, const Intent& intent) {
    {
        TRY(const KeyHold hold, KeyHold::take(area.folder, intent.key));
        TRY_VOID(area.client.abort_uploads_of(area.name_of(intent.key)));
    }
    TRY(const std::uint64_t freed, remove_unneeded(area, intent.key, intent.id, 0));
    // Last: until here a crash leaves the intent, and the next start does the rest.
    auto removed = area.database.write_and_wait(
        [&](db::Transaction& tx) { return remove_intent(tx, intent.id); });
    if (!removed && removed.error().code != ErrorCode::Conflict) {
        return tl::unexpected(removed.error());
    }
    return freed;
}

Result<std::uint64_t> clean_up_intents(const BucketArea& area,
                                       std::optional<std::string_view> writer,
                                       std::int64_t until_us) {
    constexpr std::size_t kPage = 100;
    std::uint64_t freed = 0;
    for (;;) {
        TRY(const auto intents, area.database.read([&](db::Snapshot& snapshot) {
            return old_intents(snapshot, writer, until_us, kPage);
        }));
        for (const auto& intent : intents) {
            TRY(const std::uint64_t bytes, clean_up_intent(area, intent));
            freed += bytes;
        }
        if (intents.size() < kPage) return freed;
    }
}

Result<void> read_object(const BucketArea& area, const ObjectLocation& location,
                         ByteRange range, const PieceSink& sink) {
    if (range.offset > location.size_bytes ||
        range.count > location.size_bytes - range.offset) {
        return invalid_at(range.offset, "range ends beyond the object");
    }
    const auto name = area.name_of(location.key);
    const auto given = area.client.get(name, options_of(location, range), sink);
    if (!given) return tl::unexpected(as_of_stored(location, name, given.error()));
    if (given->size_bytes == location.size_bytes) return {};
    return fail(ErrorCode::Corrupt,
                place_of(location) + ": it has " + std::to_string(given->size_bytes) +
                    " bytes in S3, its row says " + std::to_string(location.size_bytes));
}

Result<void> verify_object(const BucketArea& area, const ObjectLocation& location) {
    return read_object(area, location, {0, location.size_bytes},
                       [](Bytes) { return Result<void>(); });
}

}  // namespace larmor::objects::s3
