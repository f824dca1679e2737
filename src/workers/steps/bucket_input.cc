#include "workers/steps/bucket_input.h"

#include <deque>
#include <future>

#include "ingest/walk_content.h"
#include "objects/s3/object_source.h"

namespace larmor::workers {
namespace {

namespace s3 = objects::s3;

/// Of objects that are asked for ahead: a way to a server far away holds them up alike.
constexpr std::size_t kAheadMax = 16;
constexpr std::uint64_t kWholeMaxBytes = 1 << 20;

/// What a folder's walk does not come to either: where folders were made by hand, there may be
/// empty objects that stand for them; a DICOMDIR says only where instances are.
bool is_passed_over(const s3::ListedObject& object) {
    const bool is_folder = object.key.ends_with('/') && object.size_bytes == 0;
    return is_folder || ingest::is_dicomdir_name(object.key);
}

/// Not this object alone.
bool ends_the_walk(ErrorCode code) {
    return code == ErrorCode::Unavailable || code == ErrorCode::Unauthenticated ||
           code == ErrorCode::Cancelled;
}

}  // namespace

/// The listing, with what is asked for ahead of it.
class BucketInput::Objects {
public:
    struct Found {
        s3::ListedObject listed;
        std::future<Result<ByteBuffer>> whole{};  ///< of a small one
    };
    Objects(s3::Client& client, std::string prefix, std::string after) : client_(client) {
        options_.prefix = std::move(prefix);
        options_.start_after = std::move(after);
    }

    /// Nothing behind the last one.
    Result<std::optional<Found>> next() {
        while (ahead_.size() < kAheadMax && (at_ < page_.objects.size() || !is_over_)) {
            if (at_ == page_.objects.size()) {
                TRY_VOID(list_more());
                continue;
            }
            ask_for(std::move(page_.objects[at_++]));
        }
        if (ahead_.empty()) return std::nullopt;
        Found found = std::move(ahead_.front());
        ahead_.pop_front();
        return found;
    }

private:
    Result<void> list_more() {
        TRY(page_, client_.list(options_));
        at_ = 0;
        options_.token = page_.next;
        options_.start_after.clear();
        is_over_ = page_.next.empty();
        return {};
    }
    void ask_for(s3::ListedObject listed) {
        Found& found = ahead_.emplace_back();
        found.listed = std::move(listed);
        const auto& object = found.listed;
        const bool is_asked_for = object.size_bytes <= kWholeMaxBytes &&
                                  !is_passed_over(object) && !s3::is_cold(object.storage_class);
        if (!is_asked_for) return;
        found.whole =
            std::async(std::launch::async, [this, key = object.key, size = object.size_bytes] {
                return client_.get_all(key, {}, std::max<std::uint64_t>(size, kWholeMaxBytes));
            });
    }

    s3::Client& client_;
    s3::ListOptions options_;
    s3::ListPage page_;
    std::size_t at_ = 0;
    bool is_over_ = false;
    std::deque<Found> ahead_;  ///< last: its tasks are waited for before the rest is gone
};

Result<ingest::WalkTotal> BucketInput::total(const std::function<bool()>& go_on) {
    ingest::WalkTotal total;
    s3::ListOptions options;
    options.prefix = prefix_;
    do {
        TRY(const auto page, client_->list(options));
        for (const auto& object : page.objects) {
            if (is_passed_over(object)) continue;
            ++total.files;
            total.bytes += object.size_bytes;
        }
        options.token = page.next;
    } while (!options.token.empty() && go_on());
    return total;
}

namespace {

/// One object's bytes, in memory or as a stream.
struct Content {
    ByteBuffer whole;
    std::unique_ptr<archive::Source> source;
};

Result<Content> open_content(s3::Client& client, const s3::ListedObject& object,
                             std::future<Result<ByteBuffer>>& asked_for) {
    Content content;
    if (asked_for.valid()) {
        TRY(content.whole, asked_for.get());
        content.source = std::make_unique<archive::MemorySource>(content.whole);
        return content;
    }
    TRY(content.source, s3::ObjectSource::open(client, object.key, {}));
    return content;
}

/// Why this object alone is not imported; what keeps all from being is no reason for one. A
/// listing does not tell of each cold object that it is, or tells too early.
Error of_one_object(s3::Client& client, const std::string& key, Error error) {
    if (error.code == ErrorCode::Denied) error.code = ErrorCode::Unsupported;
    if (error.code != ErrorCode::Unavailable) return error;
    const auto info = client.head(key);
    if (!info || info->is_readable()) return error;
    return {ErrorCode::Unsupported, "the object is in a cold tier of the storage class " +
                                        info->storage_class +
                                        ": it has to be restored before it is imported"};
}

Result<std::unique_ptr<archive::Reader>> open_archive(std::unique_ptr<archive::Source> source) {
    return archive::open(std::move(source));
}

}  // namespace

Result<void> BucketInput::walk(ingest::WalkVisitor& visitor, const ingest::WalkPosition& from) {
    ingest::ContentWalker walker(visitor, from);
    Objects objects(*client_, prefix_, from.file);
    for (;;) {
        TRY(auto found, objects.next());
        if (!found) return {};
        const auto& object = found->listed;
        if (is_passed_over(object)) continue;
        const auto content = open_content(*client_, object, found->whole);
        if (content) {
            TRY_VOID(
                walker.walk(object.key, object.size_bytes, *content->source, open_archive));
        } else {
            Error error = of_one_object(*client_, object.key, content.error());
            if (ends_the_walk(error.code)) return tl::unexpected(std::move(error));
            walker.refuse(object.key, error);
        }
        walker.passed(object.key, object.size_bytes);
    }
}

}  // namespace larmor::workers
