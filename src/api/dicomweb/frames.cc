#include <numeric>

#include "api/access.h"
#include "api/dicomweb/explicit_file.h"
#include "api/dicomweb/frame_answer.h"
#include "api/dicomweb/frame_source.h"
#include "api/dicomweb/instance_form.h"
#include "api/dicomweb/locate.h"
#include "api/dicomweb/routes.h"
#include "api/problem.h"
#include "http/conditional.h"
#include "http/multipart.h"

namespace larmor::api {
namespace {

using http::Part;
using http::Request;
using http::Response;
using http::Task;

std::string content_type_of_part(const FrameAnswer& answer) {
    return answer.media_type + "; transfer-syntax=" + answer.transfer_syntax;
}

/// Whether every frame is a part of its own, or all are the value of one part.
enum class Parts : std::uint8_t { PerFrame, Joined };

/// The frames of one request as a multipart body; decodes one when it is asked for.
class FramesBody {
public:
    FramesBody(ContextPtr context, FrameSource source, std::vector<std::uint32_t> frames,
               FrameAnswer answer, Parts parts)
        : context_(std::move(context)),
          source_(std::move(source)),
          frames_(std::move(frames)),
          answer_(std::move(answer)),
          parts_(parts),
          writer_("related", answer_.media_type) {}

    std::string content_type() const { return writer_.content_type(); }

    Task<Result<std::optional<Part>>> next() {
        if (pending_at_ == pending_.size() && at_ < frames_.size()) {
            CO_TRY_VOID(co_await load_frame());
        }
        if (pending_at_ < pending_.size()) {
            co_return std::optional<Part>(std::move(pending_[pending_at_++]));
        }
        if (std::exchange(closed_, true)) {
            co_return std::optional<Part>();
        }
        co_return std::optional<Part>(writer_.closing());
    }

private:
    Task<Result<void>> load_frame() {
        pending_.clear();
        pending_at_ = 0;
        if (parts_ == Parts::PerFrame || at_ == 0) {
            pending_.emplace_back(
                writer_.part_head({{"Content-Type", content_type_of_part(answer_)}}));
        }
        const std::uint32_t frame = frames_[at_++];
        if (source_.can_slice(answer_.native)) {
            co_return source_.slices(frame, pending_);
        }
        co_return co_await context_->work([&] { return source_.decoded(frame, pending_); });
    }

    ContextPtr context_;
    FrameSource source_;
    std::vector<std::uint32_t> frames_;
    FrameAnswer answer_;
    Parts parts_;
    http::MultipartWriter writer_;
    std::vector<Part> pending_;
    std::size_t pending_at_ = 0;
    std::size_t at_ = 0;
    bool closed_ = false;
};

Task<Response> single_frame(ContextPtr context, Request request, FrameSource source,
                            std::uint32_t frame, FrameAnswer answer) {
    Response response(200);
    response.headers.add("Content-Type", content_type_of_part(answer));
    response.headers.add("Cache-Control", "no-cache");
    response.headers.add(
        "ETag", http::etag_of(content_tag(source.located()) + "-" + std::to_string(frame) +
                              (answer.native ? "-native" : "-stored")));
    Result<void> made;
    if (source.can_slice(answer.native)) {
        made = source.slices(frame, response.parts);
    } else {
        made = co_await context->work(
            [&]() -> Result<void> { return source.decoded(frame, response.parts); });
    }
    if (!made) {
        co_return problem(request, made.error());
    }
    co_return http::with_conditions(request.method, request.headers, std::move(response));
}

Error nothing_acceptable(std::string_view stored) {
    return {
        ErrorCode::Unsupported,
        "Accept takes none of what there is: application/octet-stream in Explicit VR Little "
        "Endian where the pixels can be decoded, or " +
            std::string(media_type_of_frames(stored)) + "; transfer-syntax=" +
            std::string(stored) + ", in multipart/related, or alone for one frame"};
}

Task<Result<FrameSource>> source_for(ContextPtr context, LocatedInstancePtr located,
                                     bool native) {
    auto source = FrameSource::without_opening(*context, located);
    if (source && source->can_slice(native)) {
        co_return source;
    }
    co_return co_await context->work([&] { return FrameSource::open(*context, located); });
}

Task<Response> retrieve_frames(ContextPtr context, Request request) {
    const auto path = resource_path(request);
    if (!path) {
        co_return problem(request, path.error());
    }
    auto frames = parse_frame_list(request.path_parameter("frames"));
    if (!frames) {
        co_return problem(request, frames.error());
    }
    const auto accept = accept_of(request);
    if (!accept) {
        co_return problem(request, accept.error());
    }
    auto choices = parse_media_choices(*accept);
    if (!choices) {
        co_return problem(request, choices.error());
    }
    const auto located = co_await locate(context, *path);
    if (!located) {
        co_return problem(request, located.error());
    }
    co_return co_await answer_frames(context, std::move(request), *located, *std::move(choices),
                                     *std::move(frames));
}

}  // namespace

Task<Response> answer_frames(ContextPtr context, Request request, LocatedInstancePtr located,
                             std::vector<MediaChoice> choices,
                             std::optional<std::vector<std::uint32_t>> frames) {
    const std::string& stored = located->instance.file.transfer_syntax_uid;
    const std::size_t count =
        frames ? frames->size()
               : static_cast<std::size_t>(
                     located->instance.attributes.number_of_frames.value_or(1));
    const auto answer = choose_frame_form(choices, stored, count);
    if (!answer) {
        co_return problem(request, nothing_acceptable(stored));
    }
    auto source = co_await source_for(context, located, answer->native);
    if (!source) {
        co_return problem(request, source.error());
    }
    const Parts parts = !frames && answer->native ? Parts::Joined : Parts::PerFrame;
    if (!frames) {
        frames.emplace(source->frame_count());
        std::iota(frames->begin(), frames->end(), 0U);
    }
    for (const std::uint32_t frame : *frames) {
        if (const auto found = source->check(frame); !found) {
            co_return problem(request, found.error());
        }
    }
    if (answer->body == MediaChoice::Form::Single && frames->size() == 1) {
        co_return co_await single_frame(context, std::move(request), *std::move(source),
                                        frames->front(), *answer);
    }
    auto body = std::make_unique<FramesBody>(context, *std::move(source), *std::move(frames),
                                             *answer, parts);
    // The head and the first frame before the status: what can't be decoded is an answer then,
    // not a cut connection.
    auto first = co_await body->next();
    if (!first) {
        co_return problem(request, first.error());
    }
    Response response(200);
    response.headers.add("Content-Type", body->content_type());
    response.headers.add("Cache-Control", "no-cache");
    response.parts.push_back(**std::move(first));
    response.generator = [body = std::move(body)] { return body->next(); };
    co_return response;
}

void add_frame_routes(http::Router& router, const ContextPtr& context) {
    router.add({.method = http::Method::Get,
                .pattern = "/dicomweb/studies/{study}/series/{series}/instances/{instance}/"
                           "frames/{frames}",
                .name = "retrieve.frames",
                .right = right(auth::Right::ReadPixels),
                .handler = with_context(context, retrieve_frames)});
}

}  // namespace larmor::api
