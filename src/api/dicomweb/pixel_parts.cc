#include "api/dicomweb/pixel_parts.h"

#include <algorithm>
#include <optional>

#include "api/dicomweb/instance_form.h"
#include "dicom/dictionary.h"
#include "dicom/tags.h"
#include "dicom/transfer_syntax.h"

namespace larmor::api {
namespace {

namespace tags = dicom::tags;

/// The largest even length that a fragment can have.
constexpr std::uint64_t kFragmentMaxBytes = 0xfffffffe;

struct VideoType {
    std::string_view type;
    std::string_view first_syntax;  ///< where the part names none; all of the type begin so
    std::string_view last_syntax;
};
/// Source: PS3.18 table 8.7.3-6.
constexpr VideoType kVideoTypes[] = {
    {"video/mpeg2", "1.2.840.10008.1.2.4.100", "1.2.840.10008.1.2.4.101"},
    {"video/mpeg", "1.2.840.10008.1.2.4.100", "1.2.840.10008.1.2.4.101"},
    {"video/mp4", "1.2.840.10008.1.2.4.102", "1.2.840.10008.1.2.4.106"},
    {"video/h265", "1.2.840.10008.1.2.4.107", "1.2.840.10008.1.2.4.108"},
};

bool is_between(const VideoType& video, std::string_view uid) {
    // Fragmentable ones end in .1 behind the UID of their kind.
    const auto kind = uid.substr(0, video.first_syntax.size());
    return kind >= video.first_syntax && kind <= video.last_syntax;
}

/// Of one part: what it says, or what its codestream shows.
struct PartSyntax {
    std::string uid;
    Bytes codestream;
    bool is_video = false;
    std::optional<pixels::CodestreamPixels> described{};
};

tl::unexpected<Error> misfit(std::string_view type, std::string_view uid) {
    return fail(ErrorCode::Unsupported, "Pixel Data of media type " + std::string(type) +
                                            " can't be in transfer syntax " + std::string(uid));
}

Result<PartSyntax> read_part(const BulkParts& parts, const BulkParts::Part& part) {
    const std::string type = part.type.essence();
    const std::string said(part.type.parameter("transfer-syntax").value_or(""));
    const Bytes bytes = parts.bytes_of(part);
    const auto* syntax = said.empty() ? nullptr : dicom::find_transfer_syntax(said);
    if (!said.empty() && syntax == nullptr) {
        return fail(ErrorCode::Unsupported,
                    "a part of Pixel Data is in a transfer syntax that is none of ours");
    }
    if (type == kOctets) {
        if (syntax == nullptr || (!syntax->encapsulated && !syntax->deflated &&
                                  syntax->encoding.order == dicom::ByteOrder::Little)) {
            return PartSyntax{std::string(dicom::kExplicitLittleUid), bytes, false, {}};
        }
        if (!syntax->encapsulated || syntax->coding == dicom::PixelCoding::Referenced) {
            return misfit(type, said);
        }
        return PartSyntax{said, bytes, syntax->coding == dicom::PixelCoding::Video, {}};
    }
    const auto* video = std::ranges::find(kVideoTypes, type, &VideoType::type);
    if (video != std::end(kVideoTypes)) {
        if (!said.empty() && !is_between(*video, said)) return misfit(type, said);
        return PartSyntax{
            said.empty() ? std::string(video->first_syntax) : said, bytes, true, {}};
    }
    TRY(const auto found, pixels::codestream_syntax(type, bytes));
    if (!said.empty() && media_type_of_frames(said) != type) return misfit(type, said);
    return PartSyntax{said.empty() ? std::string(found.transfer_syntax_uid) : said,
                      found.codestream, false, found.pixels};
}

/// How many bytes native pixels have; nothing where the data set does not say it.
std::optional<std::uint64_t> native_bytes(const dicom::Attributes& data_set) {
    const auto rows = data_set.integer(tags::Rows);
    const auto columns = data_set.integer(tags::Columns);
    const auto bits = data_set.integer(tags::BitsAllocated);
    if (!rows || !columns || !bits || *rows < 0 || *columns < 0 || *bits < 1) return {};
    const std::int64_t samples = data_set.integer(tags::SamplesPerPixel).value_or(1);
    const std::int64_t frames = data_set.integer(tags::NumberOfFrames).value_or(1);
    constexpr std::int64_t kManyMax = std::int64_t{1} << 31;
    if (samples < 1 || samples > 4 || frames < 1 || frames > kManyMax || *bits > 64) return {};
    // Two of the three samples are shared by two pixels.
    const bool is_422 = data_set.text(tags::PhotometricInterpretation) == "YBR_FULL_422";
    const auto per_pixel = static_cast<std::uint64_t>(is_422 ? 2 : samples * *bits);
    const auto frame_units =
        static_cast<std::uint64_t>(*rows) * static_cast<std::uint64_t>(*columns) * per_pixel;
    if (is_422) return frame_units * static_cast<std::uint64_t>(frames);
    if (frame_units > (std::uint64_t{1} << 62) / static_cast<std::uint64_t>(frames)) return {};
    return (frame_units * static_cast<std::uint64_t>(frames) + 7) / 8;
}

}  // namespace

Result<PixelParts> PixelParts::read(const BulkParts& parts,
                                    const std::vector<BulkParts::Part*>& found) {
    PixelParts pixels;
    for (const BulkParts::Part* part : found) {
        TRY(const PartSyntax one, read_part(parts, *part));
        if (!pixels.transfer_syntax_.empty() && one.uid != pixels.transfer_syntax_) {
            return fail(ErrorCode::InvalidInput,
                        "the frames of Pixel Data are in different transfer syntaxes: " +
                            pixels.transfer_syntax_ + " and " + one.uid);
        }
        if (one.codestream.size() > kFragmentMaxBytes) {
            return fail(ErrorCode::InvalidInput,
                        "a part of Pixel Data is over 4 GiB: no value and no fragment can be");
        }
        pixels.transfer_syntax_ = one.uid;
        pixels.is_video_ = one.is_video;
        if (!pixels.described_) pixels.described_ = one.described;
        pixels.fragments_.push_back(one.codestream);
    }
    const auto* syntax = dicom::find_transfer_syntax(pixels.transfer_syntax_);
    pixels.is_encapsulated_ = syntax != nullptr && syntax->encapsulated;
    if (!pixels.is_encapsulated_ && pixels.fragments_.size() > 1) {
        return fail(ErrorCode::InvalidInput, "native Pixel Data is in " +
                                                 std::to_string(pixels.fragments_.size()) +
                                                 " parts of one Content-Location");
    }
    return pixels;
}

Result<void> PixelParts::check(const dicom::Attributes& data_set) const {
    if (is_encapsulated_) {
        const std::int64_t frames = data_set.integer(tags::NumberOfFrames).value_or(1);
        if (!is_video_ && frames != static_cast<std::int64_t>(fragments_.size())) {
            return fail(ErrorCode::InvalidInput,
                        "NumberOfFrames is " + std::to_string(frames) + ", there are " +
                            std::to_string(fragments_.size()) +
                            " parts of Pixel Data: compressed frames are a part each");
        }
        return check_codestream(data_set);
    }
    const auto expected = native_bytes(data_set);
    if (!expected) return {};
    const std::uint64_t found = fragments_.front().size();
    if (found != *expected && found != *expected + *expected % 2) {
        return fail(ErrorCode::InvalidInput,
                    "Pixel Data has " + std::to_string(found) +
                        " bytes; rows, columns, frames, samples and bits make " +
                        std::to_string(*expected));
    }
    return {};
}

Result<void> PixelParts::check_codestream(const dicom::Attributes& data_set) const {
    if (!described_) return {};
    const std::pair<dicom::Tag, std::uint64_t> said[] = {
        {tags::Rows, described_->rows},
        {tags::Columns, described_->columns},
        {tags::SamplesPerPixel, described_->samples}};
    for (const auto& [tag, value] : said) {
        const auto stored = data_set.integer(tag);
        if (stored && *stored != static_cast<std::int64_t>(value)) {
            return fail(ErrorCode::InvalidInput,
                        std::string(dicom::keyword_of(tag)) + " is " + std::to_string(*stored) +
                            ", the codestream says " + std::to_string(value));
        }
    }
    return {};
}

std::vector<pixels::AttributeChange> PixelParts::missing(
    const dicom::Attributes& data_set) const {
    std::vector<pixels::AttributeChange> changes;
    if (!described_) return changes;
    const auto& said = *described_;
    const auto add = [&](dicom::Tag tag, dicom::Vr vr, std::string value) {
        if (data_set.find(tag) == nullptr) {
            changes.push_back({.tag = tag, .vr = vr, .value = std::move(value)});
        }
    };
    const auto number = [](std::uint64_t value) {
        return std::string{static_cast<char>(value & 0xff),
                           static_cast<char>(value >> 8 & 0xff)};
    };
    add(tags::SamplesPerPixel, dicom::vr::US, number(said.samples));
    add(tags::PhotometricInterpretation, dicom::vr::CS,
        std::string(said.photometric_interpretation));
    if (said.samples > 1) add(tags::PlanarConfiguration, dicom::vr::US, number(0));
    add(tags::Rows, dicom::vr::US, number(said.rows));
    add(tags::Columns, dicom::vr::US, number(said.columns));
    add(tags::BitsAllocated, dicom::vr::US, number(said.bits_allocated()));
    add(tags::BitsStored, dicom::vr::US, number(said.bits_stored));
    add(tags::HighBit, dicom::vr::US, number(said.bits_stored - 1));
    add(tags::PixelRepresentation, dicom::vr::US, number(said.is_signed ? 1 : 0));
    return changes;
}

dicom::OffsetTables PixelParts::offset_tables() const {
    if (is_video_) return {};
    std::vector<dicom::FrameFragments> frames(fragments_.size());
    for (std::size_t i = 0; i < frames.size(); ++i) frames[i].add(fragments_[i].size());
    return dicom::offset_tables(frames, dicom::OffsetTableForm::BasicIfItFits);
}

}  // namespace larmor::api
