#include "api/access.h"
#include "api/dicomweb/locate.h"
#include "api/dicomweb/routes.h"
#include "api/gzip_stream.h"
#include "api/media_choice.h"
#include "api/problem.h"
#include "base/json_text.h"
#include "http/compress.h"
#include "http/conditional.h"
#include "http/media_type.h"
#include "observe/log.h"
#include "preprocess/prepare.h"

namespace larmor::api {
namespace {

using http::Part;
using http::Request;
using http::Response;
using http::Task;

constexpr std::string_view kDicomJson = "application/dicom+json";
/// Of one instance: thousands of frames with functional groups of their own.
constexpr std::uint64_t kMetadataMaxBytes = std::uint64_t{1} << 30;
/// A piece of an answer about many instances.
constexpr std::size_t kPieceBytes = std::size_t{1} << 20;

/// The prepared metadata of an instance, or made now where preprocess has not come to it.
/// Blocks.
Result<void> append_metadata(const Context& context, const LocatedInstance& located,
                             std::string_view base, std::string& out) {
    auto& services = context.services;
    const auto object = located.instance.prepared.metadata;
    if (objects::to_int64(object) != 0) {
        TRY(const ByteBuffer text, services.store.read_all(object, kMetadataMaxBytes));
        preprocess::append_with_base(out, as_text(text), base);
        return {};
    }
    TRY(const auto prepared, services.preprocessor.prepare_now(located.file));
    preprocess::append_with_base(out, prepared.metadata, base);
    return {};
}

/// What is known of an instance whose data set can't be read to its end: it must not hide the
/// others of its series.
void append_identity(const LocatedInstance& located, std::string& out) {
    const auto& instance = located.instance;
    const auto add = [&](std::string_view key, std::string_view uid) {
        out += out.back() == '{' ? "\"" : ",\"";
        out += key;
        out += R"(":{"vr":"UI","Value":[)";
        append_json_string(out, uid);
        out += "]}";
    };
    out += '{';
    add("00080016", instance.attributes.sop_class_uid);
    add("00080018", instance.attributes.sop_instance_uid);
    add("0020000D", instance.study_instance_uid);
    add("0020000E", instance.series_instance_uid);
    out += '}';
}

/// The metadata of all instances of a study or series as one array, piece by piece.
class MetadataBody {
public:
    enum class Gzip : bool { No, Yes };
    MetadataBody(ContextPtr context, InstanceLister lister, std::string base, Gzip gzip)
        : context_(std::move(context)), lister_(std::move(lister)), base_(std::move(base)) {
        if (gzip == Gzip::Yes) {
            gzip_.emplace();
        }
    }

    /// The next piece, nothing at the end. Blocks.
    Result<std::optional<Part>> next() {
        if (done_) {
            return std::optional<Part>();
        }
        std::string piece;
        if (!std::exchange(begun_, true)) {
            piece = "[";
        }
        while (piece.size() < kPieceBytes && !done_) {
            if (at_ == page_.size()) {
                TRY(page_, lister_.next());
                at_ = 0;
                done_ = page_.empty();
                continue;
            }
            append_instance(*page_[at_++], piece);
        }
        if (done_) {
            piece += ']';
        }
        if (gzip_) {
            return gzip_->add(piece, done_ ? GzipStream::Last::Yes : GzipStream::Last::No);
        }
        return piece;
    }
    bool done() const { return done_; }

private:
    void append_instance(const LocatedInstance& located, std::string& piece) {
        if (std::exchange(some_, true)) {
            piece += ',';
        }
        const std::size_t before = piece.size();
        const auto appended = append_metadata(*context_, located, base_, piece);
        if (!appended) {
            observe::log_warning(
                "metadata can not be made",
                {{"sop_instance_uid", located.instance.attributes.sop_instance_uid},
                 {"reason", appended.error().message}});
            piece.resize(before);
            append_identity(located, piece);
        }
    }

    ContextPtr context_;
    InstanceLister lister_;
    std::string base_;
    std::optional<GzipStream> gzip_;
    std::vector<LocatedInstancePtr> page_;
    std::size_t at_ = 0;
    bool begun_ = false;
    bool some_ = false;
    bool done_ = false;
};

/// URLs in the metadata depend on where the client sees us.
std::string etag_for(std::string_view version, std::string_view base, bool gzip) {
    const std::string base_tag = std::to_string(xxh3(as_bytes(base)));
    return http::etag_of(std::string(version) + "-" + base_tag + (gzip ? "-gzip" : ""));
}

struct Started {
    std::unique_ptr<MetadataBody> body;
    std::optional<Part> first;
    std::string etag;
};

Task<Response> metadata_of_many(ContextPtr context, Request request) {
    const auto path = resource_path(request);
    if (!path) {
        co_return problem(request, path.error());
    }
    const auto media = negotiate(request, {kDicomJson, "application/json"});
    if (!media) {
        co_return problem(request, media.error());
    }
    const std::string base = context->service_base(request);
    const bool gzip = http::accepts_encoding(request.headers.joined("Accept-Encoding"), "gzip");
    const std::string known = request.headers.joined("If-None-Match");
    auto started = co_await context->work([&]() -> Result<Started> {
        TRY(auto lister, InstanceLister::open(*context, *path));
        Started result;
        result.etag = etag_for(lister.version(), base, gzip);
        if (!known.empty() && http::etag_matches_weakly(known, result.etag)) {
            return result;
        }
        result.body = std::make_unique<MetadataBody>(
            context, std::move(lister), base,
            gzip ? MetadataBody::Gzip::Yes : MetadataBody::Gzip::No);
        TRY(result.first, result.body->next());
        return result;
    });
    if (!started) {
        co_return problem(request, started.error());
    }
    Response response(started->body ? 200 : 304);
    response.headers.add("ETag", started->etag);
    response.headers.add("Cache-Control", "no-cache");
    response.headers.add("Vary", "Accept-Encoding");
    if (!started->body) {
        co_return response;
    }
    response.headers.add("Content-Type", *media);
    if (gzip) {
        response.headers.add("Content-Encoding", "gzip");
    }
    response.parts.push_back(*std::move(started->first));
    if (!started->body->done()) {
        response.generator = [context, body = std::shared_ptr(std::move(started->body))] {
            return async::as_task(context->work([body] { return body->next(); }));
        };
    }
    co_return response;
}

Task<Response> metadata_of_one(ContextPtr context, Request request) {
    const auto path = resource_path(request);
    if (!path) {
        co_return problem(request, path.error());
    }
    const auto media = negotiate(request, {kDicomJson, "application/json"});
    if (!media) {
        co_return problem(request, media.error());
    }
    const auto located = co_await locate(context, *path);
    if (!located) {
        co_return problem(request, located.error());
    }
    const std::string base = context->service_base(request);
    auto response = co_await context->work([&]() -> Result<Response> {
        std::string json = "[";
        TRY_VOID(append_metadata(*context, **located, base, json));
        json += ']';
        Response whole(200, *media, std::move(json));
        whole.headers.add("ETag", etag_for(content_tag(**located), base, false));
        whole.headers.add("Cache-Control", "no-cache");
        return http::compress_if_accepted(request.headers, std::move(whole));
    });
    if (!response) {
        co_return problem(request, response.error());
    }
    co_return http::with_conditions(request.method, request.headers, *std::move(response));
}

}  // namespace

void add_metadata_routes(http::Router& router, const ContextPtr& context) {
    const auto add = [&](std::string pattern, std::string name, auto handler) {
        router.add({.method = http::Method::Get,
                    .pattern = "/dicomweb/studies/{study}" + pattern + "/metadata",
                    .name = std::move(name),
                    .right = right(auth::Right::ReadMetadata),
                    .handler = with_context(context, handler)});
    };
    add("", "metadata.study", metadata_of_many);
    add("/series/{series}", "metadata.series", metadata_of_many);
    add("/series/{series}/instances/{instance}", "metadata.instance", metadata_of_one);
}

}  // namespace larmor::api
