#include "api/dicomweb/instance_form.h"

#include "api/dicomweb/explicit_file.h"
#include "dicom/transfer_syntax.h"
#include "pixels/decode.h"

namespace larmor::api {
namespace {

bool is_native(std::string_view transfer_syntax_uid) {
    const auto* syntax = dicom::find_transfer_syntax(transfer_syntax_uid);
    return syntax != nullptr && !syntax->encapsulated;
}

bool can_be_native(std::string_view transfer_syntax_uid) {
    const auto* syntax = dicom::find_transfer_syntax(transfer_syntax_uid);
    return syntax != nullptr && pixels::can_decode(syntax->coding);
}

/// What one choice asks of frames stored in `stored`, where they can go out as they lie there.
std::optional<FrameAnswer> answer_as_stored(const MediaChoice& choice,
                                            std::string_view stored) {
    const std::string_view stored_type = media_type_of_frames(stored);
    const bool takes_octets = choice.takes(kOctets);
    const bool takes_stored_type = choice.takes(stored_type);
    const std::string_view wanted = choice.transfer_syntax;
    if (is_native(stored)) {
        // Native frames have one form: what is Big Endian or deflated in the file goes out in
        // Explicit Little Endian whether `*` is asked for or not.
        const bool fits = wanted.empty() || wanted == dicom::kExplicitLittleUid ||
                          wanted == "*" || wanted == stored;
        if (!takes_octets || !fits) {
            return std::nullopt;
        }
        return FrameAnswer{.native = true,
                           .media_type = std::string(kOctets),
                           .transfer_syntax = std::string(dicom::kExplicitLittleUid),
                           .body = choice.form};
    }
    const bool fits = wanted == "*" || wanted == stored ||
                      (wanted.empty() && takes_stored_type && !takes_octets);
    if ((!takes_octets && !takes_stored_type) || !fits) {
        return std::nullopt;
    }
    // Who names application/octet-stream gets it named so, with the transfer syntax.
    return FrameAnswer{.native = false,
                       .media_type = std::string(takes_stored_type ? stored_type : kOctets),
                       .transfer_syntax = std::string(stored),
                       .body = choice.form};
}

/// The same where they must be decoded.
std::optional<FrameAnswer> answer_decoded(const MediaChoice& choice, std::string_view stored) {
    const std::string_view wanted = choice.transfer_syntax;
    if (!choice.takes(kOctets) || !can_be_native(stored) ||
        (!wanted.empty() && wanted != dicom::kExplicitLittleUid)) {
        return std::nullopt;
    }
    return FrameAnswer{.native = true,
                       .decode = true,
                       .media_type = std::string(kOctets),
                       .transfer_syntax = std::string(dicom::kExplicitLittleUid),
                       .body = choice.form};
}

}  // namespace

std::optional<InstanceAnswer> choose_instance_form(
    const std::vector<MediaChoice>& choices, const std::vector<std::string_view>& stored) {
    for (const MediaChoice& choice : choices) {
        if (!choice.takes("application/dicom")) {
            continue;
        }
        const std::string_view wanted =
            choice.transfer_syntax.empty() ? dicom::kExplicitLittleUid : choice.transfer_syntax;
        for (std::size_t i = 0; i < stored.size(); ++i) {
            if (wanted == "*" || wanted == stored[i]) {
                return InstanceAnswer{i, InstanceForm::AsStored, choice.form, wanted == "*"};
            }
        }
        for (std::size_t i = 0; i < stored.size(); ++i) {
            if (wanted == dicom::kExplicitLittleUid && can_be_explicit(stored[i])) {
                return InstanceAnswer{i, InstanceForm::ExplicitLittle, choice.form};
            }
        }
    }
    return std::nullopt;
}

std::optional<FrameAnswer> choose_frame_form(const std::vector<MediaChoice>& choices,
                                             const std::vector<std::string_view>& stored,
                                             std::size_t frame_count) {
    for (const MediaChoice& choice : choices) {
        if (choice.form == MediaChoice::Form::Single && frame_count != 1) {
            continue;
        }
        for (const auto answer_for : {answer_as_stored, answer_decoded}) {
            for (std::size_t i = 0; i < stored.size(); ++i) {
                if (auto answer = answer_for(choice, stored[i])) {
                    answer->encoding = i;
                    return answer;
                }
            }
        }
    }
    return std::nullopt;
}

std::string_view media_type_of_frames(std::string_view transfer_syntax_uid) {
    const auto* syntax = dicom::find_transfer_syntax(transfer_syntax_uid);
    if (syntax == nullptr) {
        return kOctets;
    }
    switch (syntax->coding) {
        case dicom::PixelCoding::Rle:
            return "image/dicom-rle";
        case dicom::PixelCoding::JpegBaseline:
        case dicom::PixelCoding::JpegExtended:
        case dicom::PixelCoding::JpegLossless:
            return "image/jpeg";
        case dicom::PixelCoding::JpegLs:
            return "image/jls";
        case dicom::PixelCoding::Jpeg2000:
            // Part 2, multi-component.
            return syntax->uid == "1.2.840.10008.1.2.4.92" ||
                           syntax->uid == "1.2.840.10008.1.2.4.93"
                       ? "image/jpx"
                       : "image/jp2";
        case dicom::PixelCoding::Htj2k:
            return "image/jphc";
        case dicom::PixelCoding::JpegXl:
            return "image/jxl";
        case dicom::PixelCoding::Native:
        case dicom::PixelCoding::DeflatedFrame:
        case dicom::PixelCoding::Video:
        case dicom::PixelCoding::Referenced:
            break;
    }
    return kOctets;
}

}  // namespace larmor::api
