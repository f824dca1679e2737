#include "api/dicomweb/picture.h"

#include "api/dicomweb/decode_stored.h"
#include "api/dicomweb/explicit_file.h"
#include "api/media_choice.h"
#include "http/conditional.h"
#include "http/media_type.h"
#include "pixels/decode.h"
#include "pixels/render.h"

namespace larmor::api {
namespace {

/// The types of parts that multipart entries name, as if they were entries of their own.
Result<std::vector<http::AcceptedType>> types_of_parts(
    const std::vector<http::AcceptedType>& accepted) {
    std::vector<http::AcceptedType> types;
    for (const http::AcceptedType& entry : accepted) {
        const std::string essence = entry.range.essence();
        if (essence != "multipart/related" && essence != "multipart/*") {
            continue;
        }
        http::AcceptedType type{{"*", "*", {}}, entry.quality};
        if (const auto named = entry.range.parameter("type")) {
            TRY(type.range, http::parse_media_type(*named));
        }
        types.push_back(std::move(type));
    }
    return types;
}

/// Everything that a picture follows from, besides the stored bytes.
std::string picture_tag(const http::Request& request, const LocatedInstance& located,
                        std::uint32_t frame, std::string_view media_type) {
    return http::etag_of(content_tag(located) + "-" + std::to_string(frame) + "-" +
                         std::to_string(xxh3(as_bytes(request.query))) + "-" +
                         std::string(media_type.substr(media_type.find('/') + 1)));
}

}  // namespace

Result<PictureForm> choose_picture_form(const http::Request& request, Pictures count) {
    const std::vector<std::string_view> offers = {kJpeg, kPng};
    TRY(const std::string accept, accept_of(request));
    TRY(const std::vector<http::AcceptedType> accepted, http::parse_accept(accept));
    TRY(const auto parts, types_of_parts(accepted));
    const auto alone = http::best_of(accepted, offers);
    const auto in_parts =
        parts.empty() ? std::optional<std::string_view>() : http::best_of(parts, offers);
    if (count == Pictures::One && alone) {
        return PictureForm{*alone, false};
    }
    if (in_parts || alone) {
        return PictureForm{in_parts ? *in_parts : *alone, true};
    }
    return fail(ErrorCode::Unsupported,
                "Accept takes none of what there is: image/jpeg and image/png, one picture "
                "alone or in multipart/related, several in multipart/related");
}

bool may_have_picture(const LocatedInstance& located) {
    const auto& instance = located.instance;
    if (instance.preprocess != catalog::PreprocessState::Pending) {
        return objects::to_int64(instance.prepared.thumbnail) != 0;
    }
    const auto* syntax = dicom::find_transfer_syntax(instance.file.transfer_syntax_uid);
    return instance.attributes.rows && instance.attributes.columns && syntax != nullptr &&
           pixels::can_decode(syntax->coding);
}

Error no_picture(std::string_view reason) {
    return {ErrorCode::Unsupported,
            "no picture can be made: " +
                (reason.empty() ? std::string("no frames") : std::string(reason))};
}

Result<std::string> draw_picture(const Context& context, const LocatedInstancePtr& located,
                                 std::uint32_t frame, const RenderQuery& query,
                                 std::string_view media_type) {
    TRY(const auto opened, OpenInstance::open(context.services.store, located));
    if (!opened->image || opened->frame_index.empty()) {
        return tl::unexpected(no_picture(located->instance.preprocess_reason));
    }
    TRY(const auto index, opened->index());
    if (frame >= index.frame_count()) {
        return fail(ErrorCode::NotFound, "there is no frame " + std::to_string(frame + 1));
    }
    pixels::RenderOptions options = query.options;
    const auto& prepared = located->instance.prepared;
    if (prepared.window_center && prepared.window_width) {
        // All frames of an instance look alike.
        options.default_window =
            pixels::Window{*prepared.window_center, *prepared.window_width};
    }
    TRY(const pixels::Frame pixels, decode_stored(opened->file, *opened->image, index, frame));
    TRY(const pixels::Picture picture,
        pixels::render_frame(*opened->image, pixels, frame, options));
    return media_type == kPng ? pixels::encode_png(picture)
                              : pixels::encode_jpeg(picture, query.quality);
}

http::Response picture_response(const http::Request& request, const LocatedInstance& located,
                                std::uint32_t frame, const RenderQuery& query,
                                std::string_view media_type, std::string picture) {
    http::Response response(200, media_type, std::move(picture));
    response.headers.add("ETag", picture_tag(request, located, frame, media_type));
    response.headers.add("Cache-Control", "private, max-age=3600");
    add_warnings(response.headers, query.warnings);
    return http::with_conditions(request.method, request.headers, std::move(response));
}

void add_warnings(http::Headers& headers, const std::vector<std::string>& warnings) {
    for (const std::string& warning : warnings) {
        headers.add("Warning", "299 larmor \"" + warning + "\"");
    }
}

}  // namespace larmor::api
