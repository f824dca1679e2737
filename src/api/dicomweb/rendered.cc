#include "api/dicomweb/animation.h"
#include "api/dicomweb/frame_source.h"
#include "api/dicomweb/rendered_body.h"
#include "api/dicomweb/routes.h"
#include "api/media_choice.h"

namespace larmor::api {
namespace {

using http::Request;
using http::Response;
using http::Task;

struct Rendering {
    ResourcePath path;
    std::vector<std::uint32_t> frames = {0};  ///< of an instance: the first unless named
    bool names_frames = false;
    RenderQuery query;
    std::vector<std::string> accepts;  ///< what there is depends on the instance
};

Result<Rendering> read_rendering(const Request& request) {
    Rendering wanted;
    TRY(wanted.path, resource_path(request));
    for (const auto& [name, value] : request.path_parameters) {
        if (name == "frames") {
            TRY(wanted.frames, parse_frame_list(value));
            wanted.names_frames = true;
        }
    }
    TRY(const http::Query query, http::parse_query(request.query));
    TRY(wanted.query, parse_render_query(query));
    TRY(wanted.accepts, accepts_of(request));
    return wanted;
}

Task<Result<Response>> answer_multipart(ContextPtr context, Request request, Subjects subjects,
                                        RenderQuery query, std::string part_type, int status) {
    Response response(status);
    add_warnings(response.headers, query.warnings);
    auto body =
        std::make_unique<RenderedBody>(context, std::move(subjects), std::move(query),
                                       part_type, context->service_base(request), request.id);
    CO_TRY(auto first, co_await body->first());
    if (body->lacks_profile()) {
        add_warnings(response.headers, {std::string(kNoProfile)});
    }
    response.headers.add("Content-Type", body->content_type());
    response.headers.add("Cache-Control", "no-cache");
    response.parts.push_back(*std::move(first));
    response.generator = [body = std::move(body)] { return body->next(); };
    co_return response;
}

/// A video or a document as its sender made it, or a report: nothing is drawn into it.
Task<Result<Response>> answer_carried(ContextPtr context, Request request, Rendering wanted,
                                      LocatedInstancePtr located, Carried carried) {
    CO_TRY(PictureForm form,
           choose_picture_form(wanted.accepts, Pictures::One, carried.offers()));
    drop_annotation(wanted.query);
    if (!form.multipart) {
        Response response =
            carried_response(request, *located, std::move(carried), form.media_type);
        add_warnings(response.headers, wanted.query.warnings);
        co_return response;
    }
    std::vector<Subject> subjects;
    subjects.push_back({std::move(located), 0, form.media_type, std::move(carried)});
    co_return co_await answer_multipart(context, std::move(request),
                                        Subjects(std::move(subjects)), std::move(wanted.query),
                                        std::move(form.media_type), 200);
}

/// One frame or several of an instance; without a list the first, or all as an animation.
Task<Result<Response>> answer_pictures(ContextPtr context, Request request, Rendering wanted,
                                       LocatedInstancePtr located) {
    const auto count = wanted.frames.size() == 1 ? Pictures::One : Pictures::Several;
    CO_TRY(PictureForm form, choose_picture_form(wanted.accepts, count, picture_types()));
    const auto frame_count = located->instance.attributes.number_of_frames.value_or(1);
    if (form.multipart) {
        std::vector<Subject> subjects;
        for (const std::uint32_t frame : wanted.frames) {
            if (frame >= frame_count) {
                co_return fail(ErrorCode::NotFound,
                               "there is no frame " + std::to_string(frame + 1));
            }
            subjects.push_back({located, frame, form.media_type});
        }
        co_return co_await answer_multipart(
            context, std::move(request), Subjects(std::move(subjects)), std::move(wanted.query),
            std::move(form.media_type), 200);
    }
    if (form.media_type == kGif && !wanted.names_frames && frame_count > 1) {
        co_return co_await answer_animation(context, std::move(request), located,
                                            std::move(wanted.query));
    }
    const std::uint32_t frame = wanted.frames.front();
    CO_TRY(auto picture, co_await context->work([&] {
        return draw_picture(*context, located, frame, wanted.query, form.media_type);
    }));
    co_return picture_response(request, *located, frame, wanted.query, form.media_type,
                               std::move(picture));
}

Task<Result<Response>> rendered_instance(ContextPtr context, Request request) {
    CO_TRY(Rendering wanted, read_rendering(request));
    CO_TRY(auto located, co_await locate(context, wanted.path));
    if (!wanted.names_frames && may_carry(*located)) {
        CO_TRY(auto carried,
               co_await context->work([&] { return find_carried(*context, located); }));
        co_return co_await answer_carried(context, std::move(request), std::move(wanted),
                                          std::move(located), *std::move(carried));
    }
    co_return co_await answer_pictures(context, std::move(request), std::move(wanted),
                                       std::move(located));
}

/// How many instances of a study or series can be rendered as asked for, and how many can't;
/// why, where none can. Blocks.
struct Counted {
    std::size_t with = 0;
    std::size_t without = 0;
    std::string first_type;
};
Result<Counted> count_renderings(const Context& context, const Rendering& wanted) {
    TRY(InstanceLister lister, InstanceLister::open(context, wanted.path));
    Counted count;
    Error reason = no_picture({});
    for (;;) {
        TRY(const auto page, lister.next());
        for (const auto& located : page) {
            auto subject = choose_subject(context, located, wanted.accepts);
            if (subject) {
                if (count.with++ == 0) {
                    count.first_type = std::move(subject->media_type);
                }
            } else if (subject.error().code == ErrorCode::Unsupported) {
                ++count.without;
                reason = std::move(subject).error();
            } else {
                return tl::unexpected(std::move(subject).error());
            }
        }
        if (page.empty()) {
            return count.with > 0 ? Result<Counted>(count) : tl::unexpected(std::move(reason));
        }
    }
}

/// Every instance by what it carries or its first frame, as it is rendered alone. Source:
/// PS3.18 sections 10.4.1.1.3 and 10.4.3.1 (206 where some have no picture).
Task<Result<Response>> rendered_many(ContextPtr context, Request request) {
    CO_TRY(Rendering wanted, read_rendering(request));
    CO_TRY(auto count,
           co_await context->work([&] { return count_renderings(*context, wanted); }));
    CO_TRY(auto lister,
           co_await context->work([&] { return InstanceLister::open(*context, wanted.path); }));
    if (count.without > 0) {
        wanted.query.warnings.push_back(std::to_string(count.without) +
                                        " instances have no picture and are left out");
    }
    co_return co_await answer_multipart(
        context, std::move(request), Subjects(std::move(lister), std::move(wanted.accepts)),
        std::move(wanted.query), std::move(count.first_type), count.without == 0 ? 200 : 206);
}

}  // namespace

void add_rendered_routes(http::Router& router, const ContextPtr& context) {
    const auto add = [&](std::string_view path, std::string_view below, std::string name,
                         GetHandler handler) {
        add_get(router, context,
                {path, below, std::move(name), auth::Right::ReadPixels, audit::Action::Render,
                 std::move(handler)});
    };
    add(kStudyPath, "/rendered", "rendered.study", rendered_many);
    add(kSeriesPath, "/rendered", "rendered.series", rendered_many);
    add(kInstancePath, "/rendered", "rendered.instance", rendered_instance);
    add(kInstancePath, "/frames/{frames}/rendered", "rendered.frame", rendered_instance);
    add_thumbnail_routes(router, context);
}

}  // namespace larmor::api
