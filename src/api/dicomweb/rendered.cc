#include <algorithm>

#include "api/access.h"
#include "api/dicomweb/decode_stored.h"
#include "api/dicomweb/frame_source.h"
#include "api/dicomweb/locate.h"
#include "api/dicomweb/render_query.h"
#include "api/dicomweb/routes.h"
#include "api/media_choice.h"
#include "api/problem.h"
#include "http/conditional.h"
#include "pixels/decode.h"
#include "pixels/render.h"

namespace larmor::api {
namespace {

using http::Request;
using http::Response;
using http::Task;

constexpr std::string_view kJpeg = "image/jpeg";
constexpr std::string_view kPng = "image/png";
constexpr std::uint32_t kThumbnailSidePx = 128;

/// Everything that a picture follows from, besides the stored bytes.
std::string picture_tag(const Request& request, const LocatedInstance& located,
                        std::uint32_t frame, std::string_view media_type) {
    return http::etag_of(content_tag(located) + "-" + std::to_string(frame) + "-" +
                         std::to_string(xxh3(as_bytes(request.query))) + "-" +
                         std::string(media_type.substr(media_type.find('/') + 1)));
}

/// Decodes and draws one frame. Computes.
Result<std::string> draw(const Context& context, const LocatedInstancePtr& located,
                         std::uint32_t frame, RenderQuery query, std::string_view media_type) {
    TRY(const auto opened, OpenInstance::open(context.services.store, located));
    TRY(const auto index, opened->index());
    if (frame >= index.frame_count()) {
        return fail(ErrorCode::NotFound, "there is no frame " + std::to_string(frame + 1));
    }
    const auto& prepared = located->instance.prepared;
    if (prepared.window_center && prepared.window_width) {
        // All frames of an instance look alike.
        query.options.default_window =
            pixels::Window{*prepared.window_center, *prepared.window_width};
    }
    TRY(const pixels::Frame pixels, decode_stored(opened->file, *opened->image, index, frame));
    TRY(const pixels::Picture picture,
        pixels::render_frame(*opened->image, pixels, frame, query.options));
    return media_type == kPng ? pixels::encode_png(picture)
                              : pixels::encode_jpeg(picture, query.quality);
}

Response picture_response(const Request& request, const LocatedInstance& located,
                          std::uint32_t frame, std::string_view media_type,
                          std::string picture) {
    Response response(200, media_type, std::move(picture));
    response.headers.add("ETag", picture_tag(request, located, frame, media_type));
    response.headers.add("Cache-Control", "private, max-age=3600");
    response.headers.add("Vary", "Accept");
    return http::with_conditions(request.method, request.headers, std::move(response));
}

struct PictureRequest {
    ResourcePath path;
    std::uint32_t frame = 0;  ///< from 0
    RenderQuery query;
    std::string media_type;
};

Result<PictureRequest> read_picture_request(const Request& request) {
    PictureRequest wanted;
    TRY(wanted.path, resource_path(request));
    for (const auto& [name, value] : request.path_parameters) {
        if (name == "frames") {
            TRY(const auto frames, parse_frame_list(value));
            if (frames.size() != 1) {
                return fail(ErrorCode::Unsupported,
                            "a picture shows one frame: ask for them one by one");
            }
            wanted.frame = frames.front();
        }
    }
    TRY(const http::Query query, http::parse_query(request.query));
    TRY(wanted.query, parse_render_query(query));
    TRY(wanted.media_type, negotiate(request, {kJpeg, kPng}));
    return wanted;
}

Task<Response> answer_picture(ContextPtr context, Request request, PictureRequest wanted) {
    const auto located = co_await locate(context, wanted.path);
    if (!located) {
        co_return problem(request, located.error());
    }
    auto picture = co_await context->work([&] {
        return draw(*context, *located, wanted.frame, wanted.query, wanted.media_type);
    });
    if (!picture) {
        co_return problem(request, picture.error());
    }
    co_return picture_response(request, **located, wanted.frame, wanted.media_type,
                               *std::move(picture));
}

/// Of an instance with several frames the first one.
Task<Response> rendered(ContextPtr context, Request request) {
    auto wanted = read_picture_request(request);
    if (!wanted) {
        co_return problem(request, wanted.error());
    }
    co_return co_await answer_picture(context, std::move(request), *std::move(wanted));
}

Task<Response> frame_thumbnail(ContextPtr context, Request request) {
    auto wanted = read_picture_request(request);
    if (!wanted) {
        co_return problem(request, wanted.error());
    }
    if (!wanted->query.has_viewport) {
        wanted->query.options.rows_max = kThumbnailSidePx;
        wanted->query.options.columns_max = kThumbnailSidePx;
    }
    co_return co_await answer_picture(context, std::move(request), *std::move(wanted));
}

/// A thumbnail that was made before: sent from its file. Blocks.
Result<Response> stored_thumbnail(const Context& context, objects::ObjectId object) {
    auto& store = context.services.store;
    TRY(const auto location, store.locate(object));
    TRY(http::FileSlice slice, slice_of(store, location));
    Response response(200, kJpeg, std::move(slice));
    response.headers.add("ETag", http::etag_of(to_hex(Bytes(location.sha256).first(16))));
    // It changes when a better one is made; asking costs a 304.
    response.headers.add("Cache-Control", "private, no-cache");
    return response;
}

tl::unexpected<Error> no_picture(std::string_view reason) {
    return fail(ErrorCode::NotFound,
                "there is no picture: " +
                    (reason.empty() ? std::string("no frames") : std::string(reason)));
}

/// The thumbnail of an instance: the prepared one, or made now. Blocks.
Result<Response> instance_thumbnail(const Context& context, const LocatedInstance& located) {
    const auto& instance = located.instance;
    if (objects::to_int64(instance.prepared.thumbnail) != 0) {
        return stored_thumbnail(context, instance.prepared.thumbnail);
    }
    if (instance.preprocess != catalog::PreprocessState::Pending) {
        return no_picture(instance.preprocess_reason);
    }
    TRY(auto prepared, context.services.preprocessor.prepare_now(located.file));
    if (prepared.thumbnail.empty()) {
        return no_picture(prepared.no_picture_because);
    }
    Response response(200, kJpeg, std::move(prepared.thumbnail));
    response.headers.add("Cache-Control", "no-store");
    return response;
}

/// The thumbnail of a study or series: the prepared one, else that of the first instance that
/// has one. Blocks.
Result<Response> parent_thumbnail(const Context& context, const ResourcePath& path) {
    const auto& services = context.services;
    TRY(const objects::ObjectId prepared,
        services.database.read([&](db::Snapshot& snapshot) -> Result<objects::ObjectId> {
            if (path.series.empty()) {
                TRY(const auto study, services.catalog.find_study(snapshot, path.study));
                return study.thumbnail;
            }
            TRY(const auto series,
                services.catalog.find_series(snapshot, path.study, path.series));
            return series.thumbnail;
        }));
    if (objects::to_int64(prepared) != 0) {
        return stored_thumbnail(context, prepared);
    }
    TRY(InstanceLister lister, InstanceLister::open(context, path));
    TRY(const auto page, lister.next());
    std::string reason;
    // Of a page at most: a study without any picture costs no more than that.
    for (const auto& located : page) {
        auto response = instance_thumbnail(context, *located);
        if (response) {
            return response;
        }
        reason = located->instance.preprocess_reason;
    }
    return no_picture(reason);
}

Task<Response> thumbnail(ContextPtr context, Request request) {
    const auto path = resource_path(request);
    if (!path) {
        co_return problem(request, path.error());
    }
    // Another size or form of an instance's is drawn like any other picture.
    const auto query = http::parse_query(request.query);
    const auto media = negotiate(request, {kJpeg, kPng});
    if (!query || !media) {
        co_return problem(request, !query ? query.error() : media.error());
    }
    if (!path->instance.empty() && (query->has("viewport") || *media == kPng)) {
        co_return co_await frame_thumbnail(context, std::move(request));
    }
    if (*media != kJpeg) {
        co_return problem(request, {ErrorCode::Unsupported,
                                    "the thumbnail of a study or series is image/jpeg"});
    }
    auto response = co_await context->work([&]() -> Result<Response> {
        if (path->instance.empty()) {
            return parent_thumbnail(*context, *path);
        }
        TRY(const auto located, locate_now(*context, *path));
        return instance_thumbnail(*context, *located);
    });
    if (!response) {
        co_return problem(request, response.error());
    }
    co_return http::with_conditions(request.method, request.headers, *std::move(response));
}

}  // namespace

void add_rendered_routes(http::Router& router, const ContextPtr& context) {
    const auto add = [&](std::string pattern, std::string name, auto handler) {
        router.add({.method = http::Method::Get,
                    .pattern = "/dicomweb/studies/{study}" + pattern,
                    .name = std::move(name),
                    .right = right(auth::Right::ReadPixels),
                    .handler = with_context(context, handler)});
    };
    const std::string instance = "/series/{series}/instances/{instance}";
    add(instance + "/rendered", "rendered.instance", rendered);
    add(instance + "/frames/{frames}/rendered", "rendered.frame", rendered);
    add("/thumbnail", "thumbnail.study", thumbnail);
    add("/series/{series}/thumbnail", "thumbnail.series", thumbnail);
    add(instance + "/thumbnail", "thumbnail.instance", thumbnail);
    add(instance + "/frames/{frames}/thumbnail", "thumbnail.frame", frame_thumbnail);
}

}  // namespace larmor::api
