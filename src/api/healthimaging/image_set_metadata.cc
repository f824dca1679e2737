#include <algorithm>

#include "api/access.h"
#include "api/audited.h"
#include "api/gzip_stream.h"
#include "api/handler.h"
#include "api/healthimaging/answering.h"
#include "api/healthimaging/routes.h"
#include "api/healthimaging/service_request.h"
#include "api/image_set_acts.h"
#include "api/image_set_json.h"
#include "api/remembered_body.h"
#include "async/sync_wait.h"
#include "edits/apply_json.h"
#include "healthimaging/instance_pages.h"
#include "healthimaging/metadata_document.h"
#include "http/conditional.h"
#include "observe/log.h"
#include "preprocess/make_image_frames.h"

namespace larmor::api {
namespace {

using healthimaging::ListedInstance;
using http::Part;
using http::Request;
using http::Response;
using http::Task;

/// A piece of the document before it is compressed.
constexpr std::size_t kDocumentPieceBytes = std::size_t{1} << 20;
/// There is none, but for what a client may send all the same.
constexpr std::uint64_t kDocumentBodyMaxBytes = 4096;
/// Of one instance.
constexpr std::uint64_t kDocumentInstanceMaxBytes = std::uint64_t{256} << 20;

struct WithFrames {
    ListedInstance listed;
    preprocess::ImageFrames frames;
    std::optional<objects::StagedObject> staged;  ///< made now
};

/// What is known of an instance whose data set can't be read to its end.
std::string identity_of(const catalog::StoredInstance& instance) {
    const auto uid = [](std::string_view tag, const std::string& value) {
        return '"' + std::string(tag) + R"(":{"vr":"UI","Value":[")" + value + "\"]}";
    };
    return '{' + uid("00080016", instance.attributes.sop_class_uid) + ',' +
           uid("00080018", instance.attributes.sop_instance_uid) + ',' +
           uid("0020000D", instance.study_instance_uid) + ',' +
           uid("0020000E", instance.series_instance_uid) + '}';
}

/// The document as gzip, piece by piece.
class DocumentBody {
public:
    DocumentBody(ContextPtr context, const catalog::ImageSet& set, std::int64_t version)
        : context_(std::move(context)),
          pages_(context_->services.database, context_->services.store,
                 context_->services.catalog, set.row, version),
          document_(context_->services.catalog.datastore_id(), set.id),
          urls_{.base = "/dicomweb", .query = "?imageSetId=" + set.id} {}

    /// Has the whole body remembered when all of it was made.
    void remember_as(std::string key, std::uint64_t generation) {
        remembered_.begin(std::move(key), generation);
    }

    bool done() const { return done_; }

    /// Nothing at the end. Errors: NotFound where there is no instance.
    Task<Result<std::optional<Part>>> next() {
        if (done_) co_return std::optional<Part>();
        std::string text;
        while (text.size() < kDocumentPieceBytes && !done_) {
            CO_TRY(auto page, co_await load_page());
            if (page.empty() && !some_) {
                co_return fail(ErrorCode::NotFound, "the version has no instances");
            }
            done_ = page.empty();
            some_ = true;
            CO_TRY_VOID(co_await context_->work([&] { return write(page, text); }));
        }
        std::string made;
        CO_TRY_VOID(co_await context_->work([&]() -> Result<void> {
            if (done_) document_.end(text);
            made = gzip_.add(text, done_ ? GzipStream::Last::Yes : GzipStream::Last::No);
            return {};
        }));
        auto piece = std::make_shared<const std::string>(std::move(made));
        remembered_.add(*context_, piece, done_);
        co_return std::optional<Part>(std::move(piece));
    }

private:
    /// The next instances with their frames, which are made and kept where they are not there
    /// yet.
    Task<Result<std::vector<WithFrames>>> load_page() {
        CO_TRY(auto listed, co_await context_->work([&] { return pages_.next(); }));
        std::vector<WithFrames> page(listed.size());
        std::vector<Task<Result<void>>> tasks;
        for (std::size_t i = 0; i < listed.size(); ++i) {
            page[i].listed = std::move(listed[i]);
            tasks.push_back(load_frames(&page[i]));
        }
        auto all = co_await async::when_all(std::move(tasks));
        for (auto& loaded : all) {
            CO_TRY_VOID(std::move(loaded));
        }
        co_await keep_frames(&page);
        co_return page;
    }

    Task<Result<void>> load_frames(WithFrames* one) {
        // Not before those who wait for a frame.
        co_return co_await context_->services.pool.run(
            async::Priority::Normal, [&] { return read_or_make(*one); }, async::WhenFull::Wait);
    }

    Result<void> read_or_make(WithFrames& one) const {
        auto& store = context_->services.store;
        const ListedInstance& listed = one.listed;
        if (listed.frames) {
            TRY(one.frames, preprocess::ImageFramesReader(store, *listed.frames).read_all());
            return {};
        }
        if (context_->services.admission.check(kImageFramesRoomBytes)) {
            auto staged = preprocess::stage_image_frames(
                store, listed.file, preprocess::image_frames_key(listed.instance));
            if (staged) {
                one.frames = std::move(staged->frames);
                one.staged = std::move(staged->object);
                return {};
            }
        }
        auto described = preprocess::describe_image_frames(store, listed.file);
        if (described) {
            one.frames = *std::move(described);
        } else if (described.error().code != ErrorCode::InvalidInput) {
            return tl::unexpected(std::move(described).error());
        }
        return {};
    }

    /// The answer does not depend on it: where they can't be kept they are made again.
    Task<void> keep_frames(const std::vector<WithFrames>* page) {
        const auto& services = context_->services;
        if (std::ranges::none_of(*page,
                                 [](const auto& one) { return one.staged.has_value(); })) {
            co_return;
        }
        const auto kept =
            co_await services.database.write([&](db::Transaction& tx) -> Result<void> {
                for (const WithFrames& one : *page) {
                    if (!one.staged) continue;
                    TRY_VOID(preprocess::record_image_frames(
                        tx, services.store, services.catalog, one.listed.instance.file.object,
                        *one.staged));
                }
                return {};
            });
        if (!kept) {
            observe::log_warning("image frames can not be kept",
                                 {{"reason", kept.error().message}});
        }
    }

    Result<void> write(const std::vector<WithFrames>& page, std::string& out) {
        for (const WithFrames& one : page) {
            const auto& instance = one.listed.instance;
            auto json = metadata_of(one.listed);
            if (json && document_.add(instance, *json, one.frames, out)) continue;
            observe::log_warning("metadata can not be made",
                                 {{"sop_instance_uid", instance.attributes.sop_instance_uid}});
            remembered_.forget();  // the next one who asks may get more
            std::string identity = identity_of(instance);
            TRY_VOID(document_.add(instance, identity, one.frames, out));
        }
        return {};
    }

    Result<std::string> metadata_of(const ListedInstance& listed) const {
        std::string json;
        TRY_VOID(preprocess::append_stored_metadata(context_->services.store, listed.metadata,
                                                    listed.instance, urls_,
                                                    kDocumentInstanceMaxBytes, json));
        if (listed.changes.empty()) return json;
        // The service's history is in its versions.
        return edits::apply_to_json(json, listed.changes, edits::OriginalAttributes::Leave);
    }

    ContextPtr context_;
    healthimaging::InstancePages pages_;
    healthimaging::MetadataDocument document_;
    const preprocess::ServiceUrls urls_;
    GzipStream gzip_;
    bool some_ = false;
    bool done_ = false;
    RememberedBody remembered_;
};

/// `?version=`
Result<std::optional<std::int64_t>> document_version_in(const Request& request) {
    TRY(const auto query, http::parse_query(request.query));
    const auto text = query.find("version");
    if (!text) return std::nullopt;
    TRY(const std::int64_t version, parse_version("version", *text));
    return version;
}

struct FoundDocument {
    catalog::PlacedImageSet placed;
    std::int64_t version = 0;
};
Result<FoundDocument> find_document(const catalog::Catalog& catalog, db::Snapshot& snapshot,
                                    const std::string& id, std::optional<std::int64_t> wanted) {
    TRY(auto placed, catalog.place_image_set(snapshot, id));
    const std::int64_t version = wanted.value_or(placed.image_set.latest_version);
    if (version < 1 || version > placed.image_set.latest_version) {
        return fail(ErrorCode::NotFound,
                    "the image set has no version " + std::to_string(version));
    }
    return FoundDocument{std::move(placed), version};
}

Task<Result<Response>> get_image_set_metadata(ContextPtr context, Request request) {
    CO_TRY(const std::string id, image_set_in(*context, request));
    CO_TRY(const auto wanted, document_version_in(request));
    const auto generation = context->metadata.generation();
    CO_TRY(const FoundDocument found, co_await context->read([&](db::Snapshot& snapshot) {
        return find_document(context->services.catalog, snapshot, id, wanted);
    }));
    // A version never changes, but where its bulk data are served: by the UIDs of the latest
    // one.
    const std::string etag =
        http::etag_of("healthimaging-" + id + '-' + std::to_string(found.version) + '-' +
                      std::to_string(found.placed.image_set.edited_version));
    Response response(200);
    response.headers.add("Content-Type", "application/json");
    response.headers.add("Content-Encoding", "gzip");
    response.headers.add("ETag", etag);
    response.headers.add("Cache-Control", "no-cache");
    response.context = note_of(found.placed);
    if (const auto pieces = context->metadata.find(etag)) {
        response.parts.assign(pieces->begin(), pieces->end());
        co_return response;
    }
    auto body = std::make_shared<DocumentBody>(context, found.placed.image_set, found.version);
    body->remember_as(etag, generation);
    // Before the status: what can't be made at all is an answer then, not a cut connection.
    CO_TRY(auto first, co_await body->next());
    response.parts.push_back(*std::move(first));
    if (!body->done()) {
        response.generator = [body = std::move(body)] { return body->next(); };
    }
    co_return response;
}

}  // namespace

void add_image_set_metadata_route(http::Router& router, const ContextPtr& context) {
    router.add({.method = http::Method::Post,
                .pattern = std::string(kImageSetOperations) + "getImageSetMetadata",
                .name = "healthimaging.get_image_set_metadata",
                .right = right(auth::Right::ReadMetadata, audit::Action::ReadMetadata),
                .handler = answering(context, get_image_set_metadata),
                .body_max = kDocumentBodyMaxBytes});
}

}  // namespace larmor::api
