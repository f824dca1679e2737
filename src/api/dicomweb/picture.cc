#include "api/dicomweb/picture.h"

#include "api/dicomweb/annotation_text.h"
#include "api/dicomweb/decode_stored.h"
#include "api/dicomweb/edited_head.h"
#include "api/media_choice.h"
#include "dicom/tags.h"
#include "dicom/values.h"
#include "http/conditional.h"
#include "http/media_type.h"
#include "pixels/colour_profile.h"
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

/// What one Accept field asks for; nothing where it takes none of `offers`.
Result<std::optional<PictureForm>> form_of(std::string_view accept, Pictures count,
                                           const std::vector<std::string_view>& offers) {
    TRY(const std::vector<http::AcceptedType> accepted, http::parse_accept(accept));
    TRY(const auto parts, types_of_parts(accepted));
    const auto alone = http::best_of(accepted, offers);
    const auto in_parts =
        parts.empty() ? std::optional<std::string_view>() : http::best_of(parts, offers);
    if (count == Pictures::One && alone) {
        return std::optional(PictureForm{std::string(*alone), false});
    }
    if (in_parts || alone) {
        return std::optional(PictureForm{std::string(in_parts ? *in_parts : *alone), true});
    }
    return std::optional<PictureForm>();
}

Result<std::string> encode_picture(pixels::Picture picture, std::string_view media_type,
                                   int quality) {
    if (media_type == kPng) {
        return pixels::encode_png(picture);
    }
    if (media_type == kGif) {
        return pixels::encode_gif(std::move(picture));
    }
    return media_type == kWebp ? pixels::encode_webp(picture, quality)
                               : pixels::encode_jpeg(picture, quality);
}

/// Of an RGB image, where it has a profile: its own, or that of its first optical path. Source:
/// PS3.3 sections C.11.15 and C.8.12.5.
Result<Bytes> profile_of(const dicom::File& file) {
    constexpr dicom::Tag kOpticalPathSequence{0x0048, 0x0105};
    TRY(const auto attributes,
        dicom::Attributes::read(file.data_set, file.encoding, kOpticalPathSequence));
    if (const auto* own = attributes.find(dicom::tags::ICCProfile)) {
        return own->value;
    }
    TRY(const auto paths, attributes.items(kOpticalPathSequence));
    const auto* first = paths.empty() ? nullptr : paths[0].find(dicom::tags::ICCProfile);
    return first == nullptr ? Bytes() : first->value;
}

/// Puts the profile that is asked for into the picture, and its colours into that space; leaves
/// it without one where nothing says what its colours are.
Result<void> set_profile(const dicom::File& file, RenderQuery::Profile wanted,
                         pixels::Picture& picture) {
    if (wanted == RenderQuery::Profile::None || picture.samples != 3) {
        return {};
    }
    TRY(const Bytes own, profile_of(file));
    if (!pixels::is_rgb_profile(own)) {
        return {};
    }
    switch (wanted) {
        case RenderQuery::Profile::None:
            break;
        case RenderQuery::Profile::Own:
            pixels::attach_profile(picture, own);
            break;
        case RenderQuery::Profile::Srgb:
            return pixels::convert_colours(picture, own, pixels::ColourSpace::Srgb);
        case RenderQuery::Profile::AdobeRgb:
            return pixels::convert_colours(picture, own, pixels::ColourSpace::AdobeRgb);
        case RenderQuery::Profile::RommRgb:
            return pixels::convert_colours(picture, own, pixels::ColourSpace::RommRgb);
    }
    return {};
}

/// Everything that a picture follows from, besides the stored bytes.
std::string picture_tag(const http::Request& request, const LocatedInstance& located,
                        std::uint32_t frame, std::string_view media_type) {
    return http::etag_of(edited_tag(located) + "-" + std::to_string(frame) + "-" +
                         std::to_string(xxh3(as_bytes(request.query))) + "-" +
                         std::string(media_type.substr(media_type.find('/') + 1)));
}

}  // namespace

std::vector<std::string_view> picture_types() {
    return {kJpeg, kPng, kGif, kWebp};
}

Result<PictureForm> choose_picture_form(const std::vector<std::string>& accepts, Pictures count,
                                        const std::vector<std::string_view>& offers) {
    for (const std::string& accept : accepts) {
        TRY(const auto form, form_of(accept, count, offers));
        if (form) {
            return *form;
        }
    }
    std::string message = "Accept takes none of what there is:";
    for (const auto offer : offers) {
        message.append(" ").append(offer);
    }
    message += count == Pictures::One ? ", alone or in multipart/related"
                                      : ", several in multipart/related";
    return fail(ErrorCode::Unsupported, std::move(message));
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

Result<PictureSource> PictureSource::open(const Context& context, LocatedInstancePtr located) {
    TRY(OpenInstancePtr opened, OpenInstance::open(context.services.store, std::move(located)));
    if (!opened->image || opened->frame_index.empty()) {
        return tl::unexpected(no_picture(opened->located->instance.preprocess_reason));
    }
    TRY(const auto index, opened->index());
    return PictureSource(std::move(opened), index);
}

Result<pixels::Picture> PictureSource::draw(std::uint32_t frame,
                                            const RenderQuery& query) const {
    if (frame >= frame_count()) {
        return fail(ErrorCode::NotFound, "there is no frame " + std::to_string(frame + 1));
    }
    pixels::RenderOptions options = query.options;
    const auto& prepared = opened_->located->instance.prepared;
    if (prepared.window_center && prepared.window_width) {
        // All frames of an instance look alike.
        options.default_window =
            pixels::Window{*prepared.window_center, *prepared.window_width};
    }
    TRY(const pixels::Frame pixels,
        decode_stored(opened_->file, *opened_->image, index_, frame));
    TRY(pixels::Picture picture, pixels::render_frame(*opened_->image, pixels, frame, options));
    TRY_VOID(set_profile(opened_->file, query.profile, picture));
    if (query.annotate_patient || query.annotate_technique) {
        dicom::File file = opened_->file;
        ByteBuffer edited;
        if (!opened_->located->changes.empty()) {
            TRY(edited, edited_head(file, dicom::kExplicitLittle, opened_->located->changes));
            file.data_set = edited;
            file.encoding = dicom::kExplicitLittle;
        }
        TRY(const auto text, annotation_of(file, {.patient = query.annotate_patient,
                                                  .technique = query.annotate_technique}));
        TRY_VOID(pixels::burn_in(picture, text));
    }
    return picture;
}

Result<DrawnPicture> draw_picture(const Context& context, const LocatedInstancePtr& located,
                                  std::uint32_t frame, const RenderQuery& query,
                                  std::string_view media_type) {
    TRY(const auto source, PictureSource::open(context, located));
    TRY(pixels::Picture picture, source.draw(frame, query));
    DrawnPicture drawn;
    drawn.lacks_profile = query.profile != RenderQuery::Profile::None &&
                          (picture.icc_profile.empty() || media_type == kGif);
    TRY(drawn.bytes, encode_picture(std::move(picture), media_type, query.quality));
    return drawn;
}

http::Response picture_response(const http::Request& request, const LocatedInstance& located,
                                std::uint32_t frame, const RenderQuery& query,
                                std::string_view media_type, DrawnPicture picture) {
    http::Response response(200, media_type, std::move(picture.bytes));
    response.headers.add("ETag", picture_tag(request, located, frame, media_type));
    response.headers.add("Cache-Control", "private, max-age=3600");
    add_warnings(response.headers, query.warnings);
    if (picture.lacks_profile) {
        add_warnings(response.headers, {std::string(kNoProfile)});
    }
    return http::with_conditions(request.method, request.headers, std::move(response));
}

void add_warnings(http::Headers& headers, const std::vector<std::string>& warnings) {
    for (const std::string& warning : warnings) {
        headers.add("Warning", "299 larmor \"" + warning + "\"");
    }
}

}  // namespace larmor::api
