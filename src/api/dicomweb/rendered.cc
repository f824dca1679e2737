#include "api/dicomweb/animation.h"
#include "api/dicomweb/frame_source.h"
#include "api/dicomweb/picture.h"
#include "api/dicomweb/routes.h"
#include "api/problem.h"
#include "http/multipart.h"
#include "observe/log.h"
#include "preprocess/prepare.h"

namespace larmor::api {
namespace {

using http::Part;
using http::Request;
using http::Response;
using http::Task;

struct Rendering {
    ResourcePath path;
    std::vector<std::uint32_t> frames = {0};  ///< of an instance: the first unless named
    bool names_frames = false;
    RenderQuery query;
    PictureForm form;
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
    const bool one = !wanted.path.instance.empty() && wanted.frames.size() == 1;
    TRY(wanted.form, choose_picture_form(request, one ? Pictures::One : Pictures::Several));
    return wanted;
}

/// A frame of an instance, to be drawn.
struct Subject {
    LocatedInstancePtr located;
    std::uint32_t frame = 0;
};

/// The frames of one instance, or the first ones of all instances of a study or series that
/// have pictures.
class Subjects {
public:
    explicit Subjects(std::vector<Subject> subjects) : page_(std::move(subjects)) {}
    explicit Subjects(InstanceLister lister) : lister_(std::move(lister)) {}

    /// The next one, nothing at the end. Blocks.
    Result<std::optional<Subject>> next() {
        while (at_ == page_.size() && lister_) {
            TRY(const auto listed, lister_->next());
            page_.clear();
            at_ = 0;
            if (listed.empty()) {
                lister_.reset();
            }
            for (const auto& located : listed) {
                if (may_have_picture(*located)) {
                    page_.push_back({located, 0});
                }
            }
        }
        if (at_ == page_.size()) {
            return std::optional<Subject>();
        }
        return std::optional<Subject>(page_[at_++]);
    }

private:
    std::optional<InstanceLister> lister_;
    std::vector<Subject> page_;
    std::size_t at_ = 0;
};

/// Pictures as a multipart body; each is drawn when it is asked for. One that can't be drawn
/// against expectation is a problem document in its place, since the status has gone out.
class PicturesBody {
public:
    PicturesBody(ContextPtr context, Subjects subjects, Rendering wanted, std::string base,
                 std::string request_id)
        : context_(std::move(context)),
          subjects_(std::move(subjects)),
          wanted_(std::move(wanted)),
          base_(std::move(base)),
          request_id_(std::move(request_id)),
          writer_("related", std::string(wanted_.form.media_type)) {}

    std::string content_type() const { return writer_.content_type(); }

    /// The first picture, whose error is an answer still.
    Task<Result<std::optional<Part>>> first() {
        return async::as_task(
            context_->work([this] { return draw_next(Failures::AreErrors); }));
    }
    Task<Result<std::optional<Part>>> next() {
        return async::as_task(context_->work([this] { return draw_next(Failures::AreParts); }));
    }

private:
    enum class Failures : std::uint8_t { AreErrors, AreParts };

    Result<std::optional<Part>> draw_next(Failures failures) {
        TRY(const auto subject, subjects_.next());
        if (!subject) {
            if (std::exchange(closed_, true)) {
                return std::optional<Part>();
            }
            return std::optional<Part>(writer_.closing());
        }
        auto picture = draw_picture(*context_, subject->located, subject->frame, wanted_.query,
                                    wanted_.form.media_type);
        if (!picture && failures == Failures::AreErrors) {
            return tl::unexpected(std::move(picture).error());
        }
        http::Headers head;
        head.add("Content-Type", picture ? wanted_.form.media_type
                                         : std::string_view("application/problem+json"));
        head.add("Content-Location", url_of(*subject));
        std::string part = writer_.part_head(head);
        part += picture ? *picture : problem_json(picture.error(), request_id_);
        return std::optional<Part>(std::move(part));
    }

    std::string url_of(const Subject& subject) const {
        const auto& instance = subject.located->instance;
        return base_ +
               preprocess::instance_path(instance.study_instance_uid,
                                         instance.series_instance_uid,
                                         instance.attributes.sop_instance_uid) +
               "/frames/" + std::to_string(subject.frame + 1) + "/rendered";
    }

    ContextPtr context_;
    Subjects subjects_;
    Rendering wanted_;
    std::string base_;
    std::string request_id_;
    http::MultipartWriter writer_;
    bool closed_ = false;
};

Task<Result<Response>> answer_multipart(ContextPtr context, Request request, Subjects subjects,
                                        Rendering wanted, int status) {
    Response response(status);
    add_warnings(response.headers, wanted.query.warnings);
    auto body = std::make_unique<PicturesBody>(context, std::move(subjects), std::move(wanted),
                                               context->service_base(request), request.id);
    CO_TRY(auto first, co_await body->first());
    response.headers.add("Content-Type", body->content_type());
    response.headers.add("Cache-Control", "no-cache");
    response.parts.push_back(*std::move(first));
    response.generator = [body = std::move(body)] { return body->next(); };
    co_return response;
}

/// One frame or several of an instance; without a list the first, or all as an animation.
Task<Result<Response>> rendered_instance(ContextPtr context, Request request) {
    CO_TRY(Rendering wanted, read_rendering(request));
    CO_TRY(const auto located, co_await locate(context, wanted.path));
    if (wanted.form.multipart) {
        std::vector<Subject> subjects;
        for (const std::uint32_t frame : wanted.frames) {
            if (frame >= located->instance.attributes.number_of_frames.value_or(1)) {
                co_return fail(ErrorCode::NotFound,
                               "there is no frame " + std::to_string(frame + 1));
            }
            subjects.push_back({located, frame});
        }
        co_return co_await answer_multipart(
            context, std::move(request), Subjects(std::move(subjects)), std::move(wanted), 200);
    }
    if (wanted.form.media_type == kGif && !wanted.names_frames &&
        located->instance.attributes.number_of_frames.value_or(1) > 1) {
        co_return co_await answer_animation(context, std::move(request), located,
                                            std::move(wanted.query));
    }
    const std::uint32_t frame = wanted.frames.front();
    CO_TRY(auto picture, co_await context->work([&] {
        return draw_picture(*context, located, frame, wanted.query, wanted.form.media_type);
    }));
    co_return picture_response(request, *located, frame, wanted.query, wanted.form.media_type,
                               std::move(picture));
}

/// How many instances of a study or series have pictures, and how many have none. Blocks.
struct Counted {
    std::size_t with = 0;
    std::size_t without = 0;
};
Result<Counted> count_pictures(const Context& context, const ResourcePath& path) {
    TRY(InstanceLister lister, InstanceLister::open(context, path));
    Counted count;
    std::string reason;
    for (;;) {
        TRY(const auto page, lister.next());
        for (const auto& located : page) {
            if (may_have_picture(*located)) {
                ++count.with;
            } else {
                ++count.without;
                reason = located->instance.preprocess_reason;
            }
        }
        if (page.empty()) {
            return count.with > 0 ? Result<Counted>(count) : tl::unexpected(no_picture(reason));
        }
    }
}

/// Every instance by its first frame, as it is rendered alone. Source: PS3.18 sections
/// 10.4.1.1.3 and 10.4.3.1 (206 where some have no picture).
Task<Result<Response>> rendered_many(ContextPtr context, Request request) {
    CO_TRY(Rendering wanted, read_rendering(request));
    CO_TRY(const auto count,
           co_await context->work([&] { return count_pictures(*context, wanted.path); }));
    CO_TRY(auto lister,
           co_await context->work([&] { return InstanceLister::open(*context, wanted.path); }));
    if (count.without > 0) {
        wanted.query.warnings.push_back(std::to_string(count.without) +
                                        " instances have no picture and are left out");
    }
    co_return co_await answer_multipart(context, std::move(request),
                                        Subjects(std::move(lister)), std::move(wanted),
                                        count.without == 0 ? 200 : 206);
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
