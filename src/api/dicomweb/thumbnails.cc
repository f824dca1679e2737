#include "api/dicomweb/frame_source.h"
#include "api/dicomweb/picture.h"
#include "api/dicomweb/routes.h"
#include "api/media_choice.h"
#include "http/conditional.h"
#include "preprocess/prepare_stored.h"

namespace larmor::api {
namespace {

using http::Request;
using http::Response;
using http::Task;

constexpr std::uint32_t kThumbnailSidePx = 128;

struct ThumbnailRequest {
    ResourcePath path;
    std::optional<std::uint32_t> frame;  ///< of a list the first: a thumbnail is one picture
    RenderQuery query;
    std::string media_type;
    /// What was prepared will do: no other size and no other form is asked for.
    bool as_prepared = false;
};

/// Errors: InvalidInput for a viewport of more than width and height (PS3.18 section 8.3.5.2).
Result<ThumbnailRequest> read_thumbnail_request(const Request& request) {
    ThumbnailRequest wanted;
    TRY(wanted.path, resource_path(request));
    for (const auto& [name, value] : request.path_parameters) {
        if (name == "frames") {
            TRY(const auto frames, parse_frame_list(value));
            wanted.frame = frames.front();
        }
    }
    TRY(const http::Query query, http::parse_query(request.query));
    TRY(wanted.query, parse_render_query(query));
    drop_annotation(wanted.query);
    if (wanted.query.options.region) {
        return fail(ErrorCode::InvalidInput,
                    "the viewport of a thumbnail has a width and a height only");
    }
    TRY(const auto accepts, accepts_of(request));
    TRY(PictureForm form, choose_picture_form(accepts, Pictures::One, picture_types()));
    if (form.multipart) {
        return fail(ErrorCode::Unsupported, "a thumbnail is one picture, in no multipart");
    }
    wanted.media_type = std::move(form.media_type);
    wanted.as_prepared =
        !wanted.frame && !wanted.query.has_viewport && wanted.media_type == kJpeg;
    if (!wanted.query.has_viewport) {
        wanted.query.options.rows_max = kThumbnailSidePx;
        wanted.query.options.columns_max = kThumbnailSidePx;
    }
    return wanted;
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

/// The thumbnail of an instance: the prepared one, or made now. Blocks.
Result<Response> prepared_thumbnail(const Context& context, const LocatedInstance& located) {
    const auto& instance = located.instance;
    if (objects::to_int64(instance.prepared.thumbnail) != 0) {
        return stored_thumbnail(context, instance.prepared.thumbnail);
    }
    if (instance.preprocess != catalog::PreprocessState::Pending) {
        return tl::unexpected(no_picture(instance.preprocess_reason));
    }
    TRY(auto prepared, preprocess::prepare_stored(context.services.store, located.file));
    if (prepared.thumbnail.empty()) {
        return tl::unexpected(no_picture(prepared.no_picture_because));
    }
    Response response(200, kJpeg, std::move(prepared.thumbnail));
    response.headers.add("Cache-Control", "no-store");
    return response;
}

/// The prepared thumbnail of a study or series; zero where there is none. Blocks.
Result<objects::ObjectId> thumbnail_of_parent(const Context& context,
                                              const ResourcePath& path) {
    const auto& services = context.services;
    return services.database.read([&](db::Snapshot& snapshot) -> Result<objects::ObjectId> {
        if (path.series.empty()) {
            TRY(const auto study, services.catalog.find_study(snapshot, path.study));
            return study.thumbnail;
        }
        TRY(const auto series, services.catalog.find_series(snapshot, path.study, path.series));
        return series.thumbnail;
    });
}

/// Of a study or series the first instance that has a picture. Blocks. Errors: Unsupported.
Result<LocatedInstancePtr> instance_with_picture(const Context& context,
                                                 const ResourcePath& path) {
    TRY(InstanceLister lister, InstanceLister::open(context, path));
    TRY(const auto page, lister.next());
    std::string reason;
    // Of a page at most: a study without any picture costs no more than that.
    for (const auto& located : page) {
        if (may_have_picture(*located)) {
            return located;
        }
        reason = located->instance.preprocess_reason;
    }
    return tl::unexpected(no_picture(reason));
}

/// Blocks.
Result<Response> make_thumbnail(const Context& context, const ThumbnailRequest& wanted,
                                const Request& request) {
    const bool of_parent = wanted.path.instance.empty();
    if (of_parent && wanted.as_prepared) {
        TRY(const objects::ObjectId prepared, thumbnail_of_parent(context, wanted.path));
        if (objects::to_int64(prepared) != 0) {
            TRY(Response response, stored_thumbnail(context, prepared));
            return http::with_conditions(request.method, request.headers, std::move(response));
        }
    }
    TRY(const auto located, of_parent ? instance_with_picture(context, wanted.path)
                                      : locate_now(context, wanted.path));
    if (wanted.as_prepared) {
        TRY(Response response, prepared_thumbnail(context, *located));
        return http::with_conditions(request.method, request.headers, std::move(response));
    }
    // The middle one of several, as preprocess takes it.
    const std::uint32_t frame = wanted.frame.value_or(static_cast<std::uint32_t>(
        located->instance.attributes.number_of_frames.value_or(1) / 2));
    TRY(auto picture, draw_picture(context, located, frame, wanted.query, wanted.media_type));
    return picture_response(request, *located, frame, wanted.query, wanted.media_type,
                            std::move(picture));
}

Task<Result<Response>> thumbnail(ContextPtr context, Request request) {
    CO_TRY(const ThumbnailRequest wanted, read_thumbnail_request(request));
    co_return co_await context->work([&] { return make_thumbnail(*context, wanted, request); });
}

}  // namespace

void add_thumbnail_routes(http::Router& router, const ContextPtr& context) {
    const auto add = [&](std::string_view path, std::string_view below, std::string name) {
        add_get(router, context,
                {path, below, std::move(name), auth::Right::ReadPixels, audit::Action::Render,
                 thumbnail});
    };
    add(kStudyPath, "/thumbnail", "thumbnail.study");
    add(kSeriesPath, "/thumbnail", "thumbnail.series");
    add(kInstancePath, "/thumbnail", "thumbnail.instance");
    add(kInstancePath, "/frames/{frames}/thumbnail", "thumbnail.frame");
}

}  // namespace larmor::api
