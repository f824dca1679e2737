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

/// Of an answer that is remembered: a few frames with their heads.
constexpr std::size_t kKnownPiecesMax = 64;

std::string tag_of_single(const LocatedInstance& located, std::uint32_t frame,
                          const FrameAnswer& answer) {
    return http::etag_of(content_tag(located) + "-" + std::to_string(frame) +
                         (answer.native ? "-native" : "-stored"));
}

std::string tag_of_multipart(const LocatedInstance& located,
                             const std::vector<std::uint32_t>& frames,
                             const FrameAnswer& answer, Parts parts) {
    return weak_etag(
        content_tag(located) + "-" + std::to_string(xxh3(std::as_bytes(std::span(frames)))) +
        (parts == Parts::Joined ? "-joined-" : "-") + std::to_string(answer.native ? 1 : 0) +
        answer.media_type.substr(answer.media_type.find('/') + 1));
}

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
        if (!source_.can_slice(answer_.native)) {
            co_return co_await context_->work([&] { return source_.decoded(frame, pending_); });
        }
        if (context_->services.store.opens_at_once()) {
            co_return source_.slices(frame, pending_);
        }
        co_return co_await context_->work([&] { return source_.slices(frame, pending_); });
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

Task<Result<Response>> decoded_frame(ContextPtr context, Request request, FrameSource source,
                                     std::uint32_t frame, FrameAnswer answer) {
    Response response(200);
    response.headers.add("Content-Type", content_type_of_part(answer));
    response.headers.add("Cache-Control", "no-cache");
    response.headers.add("ETag", tag_of_single(source.located(), frame, answer));
    CO_TRY_VOID(co_await context->work(
        [&]() -> Result<void> { return source.decoded(frame, response.parts); }));
    co_return http::with_conditions(request.method, request.headers, std::move(response));
}

/// Frames as they lie in the file: the length is known, and they are sent without a turn for
/// each.
Result<KnownFrames> describe_stored(const FrameSource& source, MediaChoice::Form form,
                                    const std::vector<std::uint32_t>& frames,
                                    const FrameAnswer& answer, Parts parts) {
    KnownFrames known{.file = source.located().file, .form = form};
    const auto append_ranges = [&](std::uint32_t frame) -> Result<void> {
        TRY(const auto location, source.locate(frame));
        known.pieces.insert(known.pieces.end(), location.ranges.begin(), location.ranges.end());
        return {};
    };
    if (form == MediaChoice::Form::Single) {
        known.content_type = content_type_of_part(answer);
        known.etag = tag_of_single(source.located(), frames.front(), answer);
        TRY_VOID(append_ranges(frames.front()));
        return known;
    }
    http::MultipartWriter writer("related", answer.media_type);
    known.content_type = writer.content_type();
    known.etag = tag_of_multipart(source.located(), frames, answer, parts);
    http::Headers head;
    head.add("Content-Type", content_type_of_part(answer));
    const auto append_text = [&](std::string text) {
        known.pieces.emplace_back(std::make_shared<const std::string>(std::move(text)));
    };
    for (const std::uint32_t frame : frames) {
        if (parts == Parts::PerFrame || known.pieces.empty()) {
            append_text(writer.part_head(head));
        }
        TRY_VOID(append_ranges(frame));
    }
    append_text(writer.closing());
    return known;
}

Result<Response> answer_stored(const Context& context, const Request& request,
                               const KnownFrames& known) {
    const bool single = known.form == MediaChoice::Form::Single;
    if (!single) {
        if (auto unchanged = not_modified(request, known.etag)) {
            return *std::move(unchanged);
        }
    }
    Response response(200);
    response.headers.reserve(8);
    response.headers.add("Content-Type", known.content_type);
    response.headers.add("ETag", known.etag);
    response.headers.add("Cache-Control", "no-cache");
    response.parts.reserve(known.pieces.size());
    for (const auto& piece : known.pieces) {
        if (const auto* range = std::get_if<ByteRange>(&piece)) {
            TRY(http::FileSlice slice, slice_of(context.services.store, known.file, *range));
            response.parts.emplace_back(std::move(slice));
        } else {
            response.parts.emplace_back(std::get<std::shared_ptr<const std::string>>(piece));
        }
    }
    return single ? http::with_conditions(request.method, request.headers, std::move(response))
                  : std::move(response);
}

/// Where the store's bytes come over a network, on a thread that may wait for them.
Task<Result<Response>> answer_fetched(ContextPtr context, Request request, KnownFrames known) {
    auto response = co_await context->work(
        [&]() -> Result<Response> { return answer_stored(*context, request, known); });
    co_return response;
}

/// What is pending changes soon: it is not remembered.
void remember(Context& context, const LocatedInstance& located, FramesWanted wanted,
              KnownFrames known) {
    if (wanted.key.empty() || known.pieces.size() > kKnownPiecesMax ||
        located.instance.preprocess == catalog::PreprocessState::Pending) {
        return;
    }
    const std::size_t size_bytes = sizeof known + wanted.key.size() + known.file.key.size() +
                                   known.content_type.size() + known.etag.size() +
                                   known.pieces.size() * 256;
    context.frames.remember(std::move(wanted.key),
                            std::make_shared<const KnownFrames>(std::move(known)), size_bytes,
                            wanted.generation);
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

/// Everything of a request that its answer follows from, but conditions and ranges.
std::string key_of(const Request& request) {
    const std::string accept = request.headers.joined("Accept");
    std::string key;
    key.reserve(request.target.size() + 1 + accept.size());
    return key.append(request.target).append("\n").append(accept);
}

Task<Result<Response>> retrieve_frames(ContextPtr context, Request request) {
    FramesWanted wanted{.key = key_of(request), .generation = context->frames.generation()};
    if (const auto known = context->frames.find(wanted.key)) {
        if (context->services.store.opens_at_once()) {
            co_return answer_stored(*context, request, *known);
        }
        co_return co_await answer_fetched(context, std::move(request), *known);
    }
    CO_TRY(Retrieval named, read_retrieval(request));
    wanted.choices = std::move(named.choices);
    CO_TRY(wanted.frames, parse_frame_list(request.path_parameter("frames")));
    CO_TRY(auto located, co_await locate(context, named.path));
    co_return co_await answer_frames(context, std::move(request), std::move(located),
                                     std::move(wanted));
}

}  // namespace

Task<Result<Response>> answer_frames(ContextPtr context, Request request,
                                     LocatedInstancePtr located, FramesWanted wanted) {
    const std::size_t count =
        wanted.frames ? wanted.frames->size()
                      : static_cast<std::size_t>(
                            located->instance.attributes.number_of_frames.value_or(1));
    CO_TRY(ChosenFrames chosen,
           co_await choose_frames(context, located, wanted.choices, count));
    const FrameAnswer& answer = chosen.answer;
    CO_TRY(auto source, co_await source_for(context, chosen.located, answer.native));
    const Parts parts = !wanted.frames && answer.native ? Parts::Joined : Parts::PerFrame;
    std::vector<std::uint32_t> frames;
    if (wanted.frames) {
        frames = *std::move(wanted.frames);
    } else {
        frames.resize(source.frame_count());
        std::iota(frames.begin(), frames.end(), 0U);
    }
    for (const std::uint32_t frame : frames) {
        CO_TRY_VOID(source.check(frame));
    }
    const auto form = frames.size() == 1 ? answer.body : MediaChoice::Form::Multipart;
    const bool at_once = context->services.store.opens_at_once();
    // What has to be fetched is fetched a frame at a time, as it is sent.
    if (source.can_slice(answer.native) && frames.size() <= (at_once ? kFramesMax : 1)) {
        CO_TRY(KnownFrames known, describe_stored(source, form, frames, answer, parts));
        Response response;
        if (at_once) {
            CO_TRY(response, answer_stored(*context, request, known));
        } else {
            CO_TRY(response, co_await answer_fetched(context, std::move(request), known));
        }
        remember(*context, *chosen.located, std::move(wanted), std::move(known));
        co_return response;
    }
    if (form == MediaChoice::Form::Single) {
        co_return co_await decoded_frame(context, std::move(request), std::move(source),
                                         frames.front(), answer);
    }
    const std::string etag = tag_of_multipart(*chosen.located, frames, answer, parts);
    if (auto unchanged = not_modified(request, etag)) {
        co_return *std::move(unchanged);
    }
    auto body = std::make_unique<FramesBody>(context, std::move(source), std::move(frames),
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
