#include "objects/s3/object_source.h"

#include <algorithm>
#include <cstring>

namespace larmor::objects::s3 {

ObjectSource::ObjectSource(Client& client, std::string key, ObjectInfo info,
                           ObjectSourceOptions options)
    : client_(client), key_(std::move(key)), info_(std::move(info)), options_(options) {}

ObjectSource::~ObjectSource() = default;  // a window that is under way is waited for

Result<std::unique_ptr<ObjectSource>> ObjectSource::open(Client& client, std::string key,
                                                         ObjectSourceOptions options) {
    LARMOR_CHECK(options.window_bytes > 0);
    TRY(ObjectInfo info, client.head(key));
    if (!info.is_readable()) {
        return fail(ErrorCode::Unavailable, "S3 object " + key + " is in the storage class " +
                                                info.storage_class +
                                                ": it has to be restored first");
    }
    std::unique_ptr<ObjectSource> source(
        new ObjectSource(client, std::move(key), std::move(info), options));
    source->ask_for_next();
    return source;
}

void ObjectSource::ask_for_next() {
    const auto count =
        std::min<std::uint64_t>(options_.window_bytes, info_.size_bytes - asked_);
    if (count == 0) return;
    next_ = std::async(std::launch::async, [this, offset = asked_, count] {
        GetOptions options;
        options.range = ByteRange{offset, count};
        options.etag = info_.etag;
        return client_.get_all(key_, options, count);
    });
    asked_ += count;
    under_way_ = count;
}

Result<void> ObjectSource::take_next() {
    auto window = next_.get();
    if (!window) return tl::unexpected(std::move(window).error());
    window_ = *std::move(window);
    position_ = 0;
    under_way_ = 0;
    ask_for_next();
    if (!info_.sha256) return {};
    hash_.update(window_);
    if (!next_.valid() && hash_.finish() != *info_.sha256) {
        return fail(ErrorCode::Corrupt,
                    "S3 object " + key_ + " has another SHA-256 than what was stored");
    }
    return {};
}

Result<std::size_t> ObjectSource::read(std::span<std::byte> out) {
    if (failed_) return tl::unexpected(*failed_);
    if (position_ == window_.size()) {
        if (!next_.valid()) return 0;
        auto taken = take_next();
        if (!taken) {
            failed_ = taken.error();
            return tl::unexpected(std::move(taken).error());
        }
    }
    const auto count = std::min(out.size(), window_.size() - position_);
    std::memcpy(out.data(), window_.data() + position_, count);
    position_ += count;
    return count;
}

Result<archive::Source::Passed> ObjectSource::pass(std::uint64_t count) {
    if (failed_) return tl::unexpected(*failed_);
    const auto come = window_.size() - position_ + under_way_;
    if (info_.sha256 || count < come + options_.window_bytes) return Passed{};
    const auto at = asked_ - come;
    const Passed passed{.bytes = std::min(count, info_.size_bytes - at), .read = come};
    if (next_.valid()) {
        const auto window = next_.get();
        if (!window) {
            failed_ = window.error();
            return tl::unexpected(window.error());
        }
    }
    window_.clear();
    position_ = 0;
    under_way_ = 0;
    asked_ = at + passed.bytes;
    ask_for_next();
    return passed;
}

Result<void> ObjectSource::read_at(std::uint64_t offset, std::span<std::byte> out) {
    if (offset > info_.size_bytes || out.size() > info_.size_bytes - offset) {
        return invalid_at(offset, "range ends beyond the object");
    }
    GetOptions options;
    options.range = ByteRange{offset, out.size()};
    options.etag = info_.etag;
    std::size_t filled = 0;
    TRY_VOID(client_.get(key_, options, [&](Bytes piece) -> Result<void> {
        std::memcpy(out.data() + filled, piece.data(), piece.size());
        filled += piece.size();
        return {};
    }));
    return {};
}

}  // namespace larmor::objects::s3
