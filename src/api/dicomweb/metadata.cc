#include "api/dicomweb/instance_metadata.h"
#include "api/dicomweb/locate.h"
#include "api/dicomweb/metadata_form.h"
#include "api/dicomweb/retrieval.h"
#include "api/dicomweb/routes.h"
#include "api/gzip_stream.h"
#include "api/remembered_body.h"
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

/// A piece of an answer about many instances.
constexpr std::size_t kPieceBytes = std::size_t{1} << 20;

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
    MetadataBody(ContextPtr context, InstanceLister lister, preprocess::ServiceUrls urls,
                 MetadataForm form, Gzip gzip)
        : context_(std::move(context)),
          lister_(std::move(lister)),
          urls_(std::move(urls)),
          form_(std::move(form)) {
        if (gzip == Gzip::Yes) {
            gzip_.emplace();
        }
    }

    std::string content_type() const {
        return form_.xml ? writer_.content_type() : form_.media_type;
    }

    /// The next piece, nothing at the end. Blocks.
    Result<std::optional<Part>> next() {
        if (done_) {
            return std::optional<Part>();
        }
        TRY(std::string made, make_piece());
        auto piece = std::make_shared<const std::string>(std::move(made));
        remembered_.add(*context_, piece, done_);
        return std::optional<Part>(std::move(piece));
    }
    bool done() const { return done_; }

    /// Has the whole body remembered under `key` when all of it was made. Of what was read
    /// since `generation`.
    void remember_as(std::string key, std::uint64_t generation) {
        remembered_.begin(std::move(key), generation);
    }

private:
    Result<std::string> make_piece() {
        std::string piece;
        // At once: growing step by step would copy it several times over.
        piece.reserve(kPieceBytes + kPieceBytes / 8);
        if (!std::exchange(begun_, true) && !form_.xml) {
            piece = "[";
        }
        while (piece.size() < kPieceBytes && !done_) {
            if (at_ == page_.size()) {
                TRY(page_, lister_.next());
                at_ = 0;
                done_ = page_.empty();
                continue;
            }
            TRY_VOID(append_instance(*page_[at_++], piece));
        }
        if (done_) {
            piece += form_.xml ? writer_.closing() : "]";
        }
        if (gzip_) {
            return gzip_->add(piece, done_ ? GzipStream::Last::Yes : GzipStream::Last::No);
        }
        return piece;
    }

    Result<void> append_instance(const LocatedInstance& located, std::string& piece) {
        if (form_.xml) {
            std::string json = "[";
            append_json(located, json);
            json += ']';
            return append_xml_parts(writer_, json, piece);
        }
        if (std::exchange(some_, true)) {
            piece += ',';
        }
        append_json(located, piece);
        return {};
    }

    void append_json(const LocatedInstance& located, std::string& piece) {
        const std::size_t before = piece.size();
        const bool as_prepared = located.metadata && located.changes.empty();
        const auto appended = as_prepared
                                  ? append_prepared(located, piece)
                                  : append_instance_metadata(*context_, located.instance,
                                                             located.changes, urls_, piece);
        if (!appended) {
            observe::log_warning(
                "metadata can not be made",
                {{"sop_instance_uid", located.instance.attributes.sop_instance_uid},
                 {"reason", appended.error().message}});
            piece.resize(before);
            append_identity(located, piece);
            remembered_.forget();  // the next one who asks may get more
        }
    }

    Result<void> append_prepared(const LocatedInstance& located, std::string& piece) {
        const auto& location = *located.metadata;
        const auto& instance = located.instance;
        if (location.size_bytes > kMetadataMaxBytes) {
            return fail(ErrorCode::LimitExceeded, "the metadata of one instance has " +
                                                      std::to_string(location.size_bytes) +
                                                      " bytes, the limit is " +
                                                      std::to_string(kMetadataMaxBytes));
        }
        text_.resize(location.size_bytes);
        TRY_VOID(context_->services.store.read(location, 0, text_));
        preprocess::append_with_urls(
            piece, as_text(text_), urls_,
            preprocess::instance_path(instance.study_instance_uid, instance.series_instance_uid,
                                      instance.attributes.sop_instance_uid));
        if (text_.size() > kPieceBytes) text_ = {};
        return {};
    }

    ContextPtr context_;
    InstanceLister lister_;
    preprocess::ServiceUrls urls_;
    MetadataForm form_;
    http::MultipartWriter writer_ = xml_writer();
    ByteBuffer text_;  ///< of one instance; kept for its capacity
    std::optional<GzipStream> gzip_;
    std::vector<LocatedInstancePtr> page_;
    std::size_t at_ = 0;
    bool begun_ = false;
    bool some_ = false;
    bool done_ = false;
    RememberedBody remembered_;
};

/// What both requests for metadata begin with.
struct MetadataRequest {
    ResourcePath path;
    MetadataForm form;
    preprocess::ServiceUrls urls;
    /// The URLs in the metadata depend on where the client sees us, and on whether it named an
    /// image set.
    std::string around_urls() const { return urls.base + urls.query; }
};

std::string etag_for(std::string_view version, const MetadataRequest& wanted, bool gzip) {
    std::string text(version);
    text += "-" + std::to_string(xxh3(as_bytes(wanted.around_urls()))) + (gzip ? "-gzip" : "");
    // The boundary of a multipart is another one each time.
    return wanted.form.xml ? weak_etag(text + "-xml") : http::etag_of(text);
}

struct Started {
    std::string etag;
    std::string content_type;
    bool known_to_client = false;
    std::vector<Part> parts;             ///< all of it, or the first
    std::unique_ptr<MetadataBody> body;  ///< makes the others
};

Result<MetadataRequest> read_metadata_request(const Context& context, const Request& request) {
    MetadataRequest wanted;
    TRY(wanted.path, resource_path(request));
    TRY(wanted.form, choose_metadata_form(request));
    wanted.urls.base = context.service_base(request);
    if (!wanted.path.image_set.empty()) {
        wanted.urls.query = "?imageSetId=" + wanted.path.image_set;
    }
    return wanted;
}

/// Blocks, up to the first piece.
Result<Started> start(const ContextPtr& context, const MetadataRequest& wanted,
                      MetadataBody::Gzip gzip, std::string_view if_none_match) {
    const auto generation = context->metadata.generation();
    TRY(auto lister,
        InstanceLister::open(*context, wanted.path, InstanceLister::Wanted::Metadata));
    Started result;
    result.etag = etag_for(lister.version(), wanted, gzip == MetadataBody::Gzip::Yes);
    if (!if_none_match.empty() && http::etag_matches_weakly(if_none_match, result.etag)) {
        result.known_to_client = true;
        return result;
    }
    // With the URLs themselves: a hash that somebody made fit would give others his.
    std::string key = result.etag + '\n' + wanted.around_urls();
    if (!wanted.form.xml) {
        if (const auto pieces = context->metadata.find(key)) {
            result.content_type = wanted.form.media_type;
            result.parts.assign(pieces->begin(), pieces->end());
            return result;
        }
    }
    auto body = std::make_unique<MetadataBody>(context, std::move(lister), wanted.urls,
                                               wanted.form, gzip);
    result.content_type = body->content_type();
    if (!wanted.form.xml) body->remember_as(std::move(key), generation);
    TRY(auto first, body->next());
    result.parts.push_back(*std::move(first));
    if (!body->done()) result.body = std::move(body);
    return result;
}

/// Blocks.
Result<Response> whole_metadata(const Context& context, const MetadataRequest& wanted,
                                const LocatedInstance& located,
                                const http::Headers& request_headers) {
    std::string json = "[";
    TRY_VOID(append_instance_metadata(context, located.instance, located.changes, wanted.urls,
                                      json));
    json += ']';
    Response whole(200);
    std::string content_type = wanted.form.media_type;
    if (wanted.form.xml) {
        auto writer = xml_writer();
        std::string parts;
        TRY_VOID(append_xml_parts(writer, json, parts));
        json = parts + writer.closing();
        content_type = writer.content_type();
    }
    whole.headers.add("Content-Type", content_type);
    whole.parts.emplace_back(std::move(json));
    whole.headers.add("ETag", etag_for(edited_tag(located), wanted, false));
    whole.headers.add("Cache-Control", "no-cache");
    return http::compress_if_accepted(request_headers, std::move(whole));
}

Task<Result<Response>> metadata_of_many(ContextPtr context, Request request) {
    CO_TRY(const MetadataRequest wanted, read_metadata_request(*context, request));
    const auto gzip = http::accepts_encoding(request.headers.joined("Accept-Encoding"), "gzip")
                          ? MetadataBody::Gzip::Yes
                          : MetadataBody::Gzip::No;
    const std::string known = request.headers.joined("If-None-Match");
    CO_TRY(auto started,
           co_await context->work([&] { return start(context, wanted, gzip, known); }));
    Response response(started.known_to_client ? 304 : 200);
    response.headers.add("ETag", started.etag);
    response.headers.add("Cache-Control", "no-cache");
    response.headers.add("Vary", "Accept-Encoding");
    if (started.known_to_client) {
        co_return response;
    }
    response.headers.add("Content-Type", started.content_type);
    if (gzip == MetadataBody::Gzip::Yes) {
        response.headers.add("Content-Encoding", "gzip");
    }
    response.parts = std::move(started.parts);
    if (started.body) {
        response.generator = [context, body = std::shared_ptr(std::move(started.body))] {
            return async::as_task(context->work([body] { return body->next(); }));
        };
    }
    co_return response;
}

Task<Result<Response>> metadata_of_one(ContextPtr context, Request request) {
    CO_TRY(const MetadataRequest wanted, read_metadata_request(*context, request));
    CO_TRY(const auto located, co_await locate(context, wanted.path));
    CO_TRY(auto response, co_await context->work([&] {
        return whole_metadata(*context, wanted, *located, request.headers);
    }));
    co_return http::with_conditions(request.method, request.headers, std::move(response));
}

}  // namespace

void add_metadata_routes(http::Router& router, const ContextPtr& context) {
    const auto add = [&](std::string_view path, std::string name, GetHandler handler) {
        add_get(router, context,
                {path, "/metadata", std::move(name), auth::Right::ReadMetadata,
                 audit::Action::ReadMetadata, std::move(handler)});
    };
    add(kStudyPath, "metadata.study", metadata_of_many);
    add(kSeriesPath, "metadata.series", metadata_of_many);
    add(kInstancePath, "metadata.instance", metadata_of_one);
}

}  // namespace larmor::api
