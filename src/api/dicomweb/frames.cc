#include <numeric>

#include "api/dicomweb/frame_answer.h"
#include "api/dicomweb/frame_source.h"
#include "api/dicomweb/retrieval.h"
#include "api/dicomweb/routes.h"
#include "http/conditional.h"
#include "http/multipart.h"

namespace larmor::api {
namespace {

using http::Part;
using http::Request;
using http::Response;
using http::Task;

std::string content_type_of_part(const FrameAnswer& answer) {
    return with_transfer_syntax(answer.media_type, answer.transfer_syntax);
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

Task<Result<Response>> single_frame(ContextPtr context, Request request, FrameSource source,
                                    std::uint32_t frame, FrameAnswer answer) {
    Response response(200);
    response.headers.add("Content-Type", content_type_of_part(answer));
    response.headers.add("Cache-Control", "no-cache");
    response.headers.add(
        "ETag", http::etag_of(content_tag(source.located()) + "-" + std::to_string(frame) +
                              (answer.native ? "-native" : "-stored")));
    if (source.can_slice(answer.native)) {
        CO_TRY_VOID(source.slices(frame, response.parts));
    } else {
        CO_TRY_VOID(co_await context->work(
            [&]() -> Result<void> { return source.decoded(frame, response.parts); }));
    }
    co_return http::with_conditions(request.method, request.headers, std::move(response));
}

/// Frames as they lie in the file: the length is known, and they are sent without a turn for
/// each.
Result<Response> sliced_frames(const FrameSource& source,
                               const std::vector<std::uint32_t>& frames,
                               const FrameAnswer& answer, Parts parts) {
    http::MultipartWriter writer("related", answer.media_type);
    http::Headers head;
    head.add("Content-Type", content_type_of_part(answer));
    Response response(200);
    response.headers.add("Content-Type", writer.content_type());
    for (const std::uint32_t frame : frames) {
        if (parts == Parts::PerFrame || response.parts.empty()) {
            response.parts.emplace_back(writer.part_head(head));
        }
        TRY_VOID(source.slices(frame, response.parts));
    }
    writer.finish(response.parts);
    return response;
}

Error no_acceptable_frames(const std::vector<std::string_view>& stored) {
    std::string message =
        "Accept takes none of what there is: application/octet-stream in Explicit VR Little "
        "Endian where the pixels can be decoded";
    for (const auto uid : stored) {
        message += ", " + with_transfer_syntax(media_type_of_frames(uid), uid);
    }
    return {ErrorCode::Unsupported, message + "; in multipart/related, or alone for one frame"};
}

/// The encoding to take the frames from, and how they go out. Alternates are looked for only
/// where the primary would have to be decoded or does not fit.
struct ChosenFrames {
    LocatedInstancePtr located;
    FrameAnswer answer;
};
Task<Result<ChosenFrames>> choose_frames(ContextPtr context, LocatedInstancePtr primary,
                                         std::vector<MediaChoice> choices, std::size_t count) {
    auto answer =
        choose_frame_form(choices, {primary->instance.file.transfer_syntax_uid}, count);
    if (answer && !answer->decode) {
        co_return ChosenFrames{std::move(primary), *std::move(answer)};
    }
    CO_TRY(const auto encodings,
           co_await context->work([&] { return stored_encodings(*context, primary); }));
    const auto syntaxes = syntaxes_of(encodings);
    answer = choose_frame_form(choices, syntaxes, count);
    if (!answer) {
        co_return tl::unexpected(no_acceptable_frames(syntaxes));
    }
    co_return ChosenFrames{encodings[answer->encoding], *std::move(answer)};
}

Task<Result<FrameSource>> source_for(ContextPtr context, LocatedInstancePtr located,
                                     bool native) {
    auto source = FrameSource::without_opening(*context, located);
    if (source && source->can_slice(native)) {
        co_return source;
    }
    co_return co_await context->work([&] { return FrameSource::open(*context, located); });
}

Task<Result<Response>> retrieve_frames(ContextPtr context, Request request) {
    CO_TRY(Retrieval wanted, read_retrieval(request));
    CO_TRY(auto frames, parse_frame_list(request.path_parameter("frames")));
    CO_TRY(auto located, co_await locate(context, wanted.path));
    co_return co_await answer_frames(context, std::move(request), std::move(located),
                                     std::move(wanted.choices), std::move(frames));
}

}  // namespace

Task<Result<Response>> answer_frames(ContextPtr context, Request request,
                                     LocatedInstancePtr located,
                                     std::vector<MediaChoice> choices,
                                     std::optional<std::vector<std::uint32_t>> frames) {
    const std::size_t count =
        frames ? frames->size()
               : static_cast<std::size_t>(
                     located->instance.attributes.number_of_frames.value_or(1));
    CO_TRY(ChosenFrames chosen, co_await choose_frames(context, located, choices, count));
    const FrameAnswer& answer = chosen.answer;
    CO_TRY(auto source, co_await source_for(context, chosen.located, answer.native));
    const Parts parts = !frames && answer.native ? Parts::Joined : Parts::PerFrame;
    if (!frames) {
        frames.emplace(source.frame_count());
        std::iota(frames->begin(), frames->end(), 0U);
    }
    for (const std::uint32_t frame : *frames) {
        CO_TRY_VOID(source.check(frame));
    }
    if (answer.body == MediaChoice::Form::Single && frames->size() == 1) {
        co_return co_await single_frame(context, std::move(request), std::move(source),
                                        frames->front(), answer);
    }
    const std::string etag = weak_etag(
        content_tag(*chosen.located) + "-" +
        std::to_string(xxh3(std::as_bytes(std::span(*frames)))) +
        (parts == Parts::Joined ? "-joined-" : "-") + std::to_string(answer.native ? 1 : 0) +
        answer.media_type.substr(answer.media_type.find('/') + 1));
    if (auto known = not_modified(request, etag)) {
        co_return *std::move(known);
    }
    if (source.can_slice(answer.native) && frames->size() <= kFramesMax) {
        CO_TRY(Response response, sliced_frames(source, *frames, answer, parts));
        response.headers.add("ETag", etag);
        response.headers.add("Cache-Control", "no-cache");
        co_return response;
    }
    auto body = std::make_unique<FramesBody>(context, std::move(source), *std::move(frames),
                                             answer, parts);
    // The head and the first frame before the status: what can't be decoded is an answer then,
    // not a cut connection.
    CO_TRY(auto first, co_await body->next());
    Response response(200);
    response.headers.add("ETag", etag);
    response.headers.add("Content-Type", body->content_type());
    response.headers.add("Cache-Control", "no-cache");
    response.parts.push_back(*std::move(first));
    response.generator = [body = std::move(body)] { return body->next(); };
    co_return response;
}

void add_frame_routes(http::Router& router, const ContextPtr& context) {
    add_get(router, context,
            {kInstancePath, "/frames/{frames}", "retrieve.frames", auth::Right::ReadPixels,
             audit::Action::Retrieve, retrieve_frames});
}

}  // namespace larmor::api
