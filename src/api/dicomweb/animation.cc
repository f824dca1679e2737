#include "api/dicomweb/animation.h"

#include <array>
#include <cmath>

#include "api/dicomweb/retrieval.h"
#include "dicom/tags.h"
#include "dicom/values.h"
#include "pixels/gif.h"

namespace larmor::api {
namespace {

namespace tags = dicom::tags;
using http::Part;
using http::Task;

constexpr double kFrameTimeMs = 100;
/// No cine loop shows a frame for longer than a minute.
constexpr double kFrameTimeMaxMs = 60'000;
constexpr std::uint32_t kDelayMinCs = 2;

class AnimationBody {
public:
    AnimationBody(ContextPtr context, LocatedInstancePtr located, RenderQuery query)
        : context_(std::move(context)),
          located_(std::move(located)),
          query_(std::move(query)),
          writer_(pixels::GifWriter::Kind::Animation) {}

    Task<Result<std::optional<Part>>> next() {
        return async::as_task(context_->work([this] { return make_next(); }));
    }

private:
    Result<std::optional<Part>> make_next() {
        if (!source_) {
            TRY(source_, PictureSource::open(*context_, located_));
            TRY(frame_time_ms_, frame_time_ms(source_->file()));
        }
        if (frame_ == source_->frame_count()) {
            if (std::exchange(closed_, true)) {
                return std::optional<Part>();
            }
            TRY(std::string end, writer_.finish());
            return std::optional<Part>(std::move(end));
        }
        TRY(pixels::Picture picture, source_->draw(frame_, query_));
        TRY(std::string bytes,
            writer_.add(std::move(picture), delay_cs(frame_time_ms_, frame_)));
        ++frame_;
        return std::optional<Part>(std::move(bytes));
    }

    ContextPtr context_;
    LocatedInstancePtr located_;
    RenderQuery query_;
    pixels::GifWriter writer_;
    std::optional<PictureSource> source_;
    double frame_time_ms_ = kFrameTimeMs;
    std::uint32_t frame_ = 0;
    bool closed_ = false;
};

}  // namespace

Result<double> frame_time_ms(const dicom::File& file) {
    TRY(const auto attributes,
        dicom::Attributes::read(file.data_set, file.encoding, tags::FrameTime));
    const auto usable = [](std::optional<double> ms) {
        return ms && *ms > 0 && *ms <= kFrameTimeMaxMs;
    };
    const auto of_rate = [&](dicom::Tag tag) -> std::optional<double> {
        const auto rate = attributes.decimal(tag);
        return rate && *rate > 0 ? std::optional(1000 / *rate) : std::nullopt;
    };
    for (const auto& candidate :
         std::array{of_rate(tags::RecommendedDisplayFrameRate),
                    attributes.decimal(tags::FrameTime), of_rate(tags::CineRate)}) {
        if (usable(candidate)) {
            return *candidate;
        }
    }
    return kFrameTimeMs;
}

std::uint32_t delay_cs(double frame_time_ms, std::uint32_t frame) {
    const auto from = std::llround(frame * frame_time_ms / 10);
    const auto to = std::llround((frame + 1.0) * frame_time_ms / 10);
    return std::max(kDelayMinCs, static_cast<std::uint32_t>(to - from));
}

Task<Result<http::Response>> answer_animation(ContextPtr context, http::Request request,
                                              LocatedInstancePtr located, RenderQuery query) {
    http::Response response(200);
    const std::string etag =
        weak_etag(edited_tag(*located) + "-" + std::to_string(xxh3(as_bytes(request.query))) +
                  "-animation");
    if (auto known = not_modified(request, etag)) {
        co_return *std::move(known);
    }
    add_warnings(response.headers, query.warnings);
    if (query.profile != RenderQuery::Profile::None) {
        add_warnings(response.headers, {std::string(kNoProfile)});
        query.profile = RenderQuery::Profile::None;
    }
    auto body = std::make_unique<AnimationBody>(context, std::move(located), std::move(query));
    CO_TRY(auto first, co_await body->next());
    response.headers.add("Content-Type", kGif);
    response.headers.add("ETag", etag);
    response.headers.add("Cache-Control", "private, max-age=3600");
    response.parts.push_back(*std::move(first));
    response.generator = [body = std::move(body)] { return body->next(); };
    co_return response;
}

}  // namespace larmor::api
