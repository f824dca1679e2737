#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "api/context.h"
#include "api/dicomweb/explicit_file.h"
#include "api/dicomweb/locate.h"
#include "api/dicomweb/render_query.h"

namespace larmor::api {

inline constexpr std::string_view kJpeg = "image/jpeg";
inline constexpr std::string_view kPng = "image/png";
inline constexpr std::string_view kGif = "image/gif";
inline constexpr std::string_view kWebp = "image/webp";
/// What there is of pictures, the default first. Source: PS3.18 table 8.7.4-1.
std::vector<std::string_view> picture_types();

/// What a picture is asked to be: `multipart/related` of them, or one alone.
struct PictureForm {
    std::string media_type{kJpeg};
    bool multipart = false;
};
/// The best of `offers` (essences) that the client accepts: for one picture alone rather than
/// in a multipart, for several always a multipart, whose parts may also be named by their own
/// type. `accepts` are tried in their order: accepts_of. Errors: Unsupported (406), those of
/// the Accept field.
enum class Pictures : std::uint8_t { One, Several };
Result<PictureForm> choose_picture_form(const std::vector<std::string>& accepts, Pictures count,
                                        const std::vector<std::string_view>& offers);

/// Whether a frame can be drawn, as far as it is known without decoding one.
bool may_have_picture(const LocatedInstance& located);
/// The error for an instance that has none: it is there, but no picture can be made of it
/// (406).
Error no_picture(std::string_view reason);

/// An instance opened for drawing its frames.
class PictureSource {
public:
    /// Blocks. Errors: Unsupported (406) for an instance without frames, those of the store.
    static Result<PictureSource> open(const Context& context, LocatedInstancePtr located);

    std::uint32_t frame_count() const { return index_.frame_count(); }
    const dicom::File& file() const { return opened_->file; }
    /// Decodes, draws and annotates one frame (from 0). Computes. Errors: those of
    /// draw_picture.
    Result<pixels::Picture> draw(std::uint32_t frame, const RenderQuery& query) const;

private:
    PictureSource(OpenInstancePtr opened, pixels::FrameIndexView index)
        : opened_(std::move(opened)), index_(index) {}

    OpenInstancePtr opened_;
    pixels::FrameIndexView index_;
};

/// What an answer says where a profile was asked for and none is in its pictures.
inline constexpr std::string_view kNoProfile =
    "The iccprofile parameter is not supported for this picture: no profile is in it.";

struct DrawnPicture {
    std::string bytes;
    bool lacks_profile = false;  ///< one was asked for
};
/// Decodes and draws one frame (from 0). Blocks. Errors: NotFound for a frame that there is
/// not, Unsupported (406) for an instance without frames or pixels that can't be decoded,
/// InvalidInput for a window or a region that does not fit.
Result<DrawnPicture> draw_picture(const Context& context, const LocatedInstancePtr& located,
                                  std::uint32_t frame, const RenderQuery& query,
                                  std::string_view media_type);

/// One picture as a response, with the tag of everything that it follows from.
http::Response picture_response(const http::Request& request, const LocatedInstance& located,
                                std::uint32_t frame, const RenderQuery& query,
                                std::string_view media_type, DrawnPicture picture);

/// `299 larmor "..."` for each.
void add_warnings(http::Headers& headers, const std::vector<std::string>& warnings);

}  // namespace larmor::api
