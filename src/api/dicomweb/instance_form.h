#pragma once
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "api/media_choice.h"

namespace larmor::api {

/// The media type of uncompressed frames and of bulk data.
inline constexpr std::string_view kOctets = "application/octet-stream";

/// How an instance goes out as application/dicom.
enum class InstanceForm : std::uint8_t {
    AsStored,
    ExplicitLittle,  ///< written again in Explicit VR Little Endian
    Edited,          ///< as stored but for what was edited: pixels go on as they are
};

/// The form that the first fitting choice asks for, of an instance that is stored in these
/// transfer syntaxes, the primary encoding first: no `transfer-syntax` is Explicit VR Little
/// Endian, `*` is the primary as stored, a UID an encoding that is stored so. Explicit VR
/// Little Endian is written where no encoding has it; others can't be made (lossy is never
/// encoded again, and nothing here encodes). Nothing where no choice fits: 406. Source: PS3.18
/// section 8.7.3.5.
struct InstanceAnswer {
    std::size_t encoding = 0;  ///< index in the list of what is stored
    InstanceForm form = InstanceForm::AsStored;
    MediaChoice::Form body = MediaChoice::Form::Multipart;
    /// Asked for by `*`: whatever it is, a data set without file meta information too.
    bool any = false;
};
std::optional<InstanceAnswer> choose_instance_form(const std::vector<MediaChoice>& choices,
                                                   const std::vector<std::string_view>& stored);

/// How frames go out.
struct FrameAnswer {
    std::size_t encoding = 0;  ///< index in the list of what is stored
    bool native = false;       ///< Little Endian, decoded where `decode` says so
    bool decode = false;
    std::string media_type;  ///< of the part or the body
    std::string transfer_syntax;
    MediaChoice::Form body = MediaChoice::Form::Multipart;
};
/// The same for `frame_count` frames; a single body holds one frame only. What need not be
/// decoded is taken from any encoding before another one is decoded.
/// Source: PS3.18 section 8.7.3.3.2 and table 8.7.3-5.
std::optional<FrameAnswer> choose_frame_form(const std::vector<MediaChoice>& choices,
                                             const std::vector<std::string_view>& stored,
                                             std::size_t frame_count);

/// The media type of a compressed frame as stored: `image/jls`; application/octet-stream for
/// native ones. Source: PS3.18 table 8.7.3-5.
std::string_view media_type_of_frames(std::string_view transfer_syntax_uid);

}  // namespace larmor::api
