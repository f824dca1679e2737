#include "api/dicomweb/carried.h"

#include <algorithm>

#include "api/dicomweb/instance_form.h"
#include "api/dicomweb/locate.h"
#include "dicom/json_read.h"
#include "dicom/json_write.h"
#include "dicom/tags.h"
#include "dicom/values.h"
#include "http/conditional.h"
#include "http/media_type.h"
#include "objects/mapped_object.h"
#include "pixels/fragments.h"
#include "reports/report.h"

namespace larmor::api {
namespace {

namespace tags = dicom::tags;

/// Of all SOP classes of the Encapsulated Document IODs. Source: PS3.4 table B.5-1.
constexpr std::string_view kDocumentClasses = "1.2.840.10008.5.1.4.1.1.104.";
constexpr std::size_t kFragmentsMax = 65'536;
constexpr std::size_t kMediaTypeMaxBytes = 256;

constexpr std::string_view kPdf = "application/pdf";
constexpr std::string_view kHtml = "text/html";
constexpr std::string_view kPlainText = "text/plain";
/// Browsers show PDF by programs of their own, which `sandbox` would turn off.
constexpr std::string_view kDocumentPolicy =
    "sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'";

bool is_video(const LocatedInstance& located) {
    const auto* syntax = dicom::find_transfer_syntax(located.instance.file.transfer_syntax_uid);
    return syntax != nullptr && syntax->coding == dicom::PixelCoding::Video;
}

/// A stored file that stays open, read in place or inflated.
struct OpenFile {
    objects::MappedObject object;
    dicom::File file;
};

Result<std::shared_ptr<OpenFile>> open_stored(objects::ObjectStore& store,
                                              const LocatedInstance& located) {
    auto opened = std::make_shared<OpenFile>();
    TRY(opened->object, objects::map(store, located.file));
    TRY(opened->file, dicom::open_file(opened->object.bytes()));
    return opened;
}

/// A range of the data set, sent from the file unless it had to be inflated.
Result<http::Part> part_of_data_set(objects::ObjectStore& store, const LocatedInstance& located,
                                    const std::shared_ptr<OpenFile>& opened, ByteRange range) {
    const dicom::File& file = opened->file;
    if (file.inflated) {
        TRY(const Bytes bytes, slice(file.data_set, range.offset, range.count));
        return http::SharedBytes{opened, bytes};
    }
    TRY(http::FileSlice part,
        slice_of(store, located.file, {file.data_set_offset + range.offset, range.count}));
    return part;
}

/// MP4 says so behind the length of its first box, a transport stream at the start of each
/// packet of 188 bytes. Source: ISO/IEC 14496-12 section 4.3, 13818-1 section 2.4.3.2.
std::optional<std::string_view> container_of(Bytes video) {
    constexpr std::size_t kPacketBytes = 188;
    constexpr auto kSync = std::byte{0x47};
    if (video.size() >= 8 && as_text(video.subspan(4, 4)) == "ftyp") {
        return "video/mp4";
    }
    if (video.size() > kPacketBytes && video[0] == kSync && video[kPacketBytes] == kSync) {
        return "video/mp2t";
    }
    return std::nullopt;
}

/// By transfer syntax: MPEG2 is .100 and .101, HEVC .107 and .108, with `.1` behind where the
/// stream may be parted. Source: PS3.18 table 8.7.3-5.
std::string_view video_type_of(std::string_view transfer_syntax_uid) {
    constexpr std::string_view kMpeg = "1.2.840.10008.1.2.4.";
    const auto number = transfer_syntax_uid.substr(kMpeg.size()).substr(0, 3);
    if (number == "100" || number == "101") {
        return "video/mpeg";
    }
    return number == "107" || number == "108" ? "video/h265" : "video/mp4";
}

Result<Carried> find_video(const Context& context, const LocatedInstance& located) {
    auto& store = context.services.store;
    TRY(const auto opened, open_stored(store, located));
    TRY(const auto image, pixels::describe_image(opened->file));
    if (!image || !image->pixel_data || !image->pixel_data->encapsulated) {
        return fail(ErrorCode::Unsupported, "the instance has no video stream");
    }
    TRY(const auto fragments,
        pixels::read_fragments(opened->file.data_set, opened->file.encoding,
                               *image->pixel_data));
    if (fragments.items.empty() || fragments.items.size() > kFragmentsMax) {
        return fail(ErrorCode::Unsupported, "the video stream is in " +
                                                std::to_string(fragments.items.size()) +
                                                " fragments, at most 65536 are served");
    }
    Carried carried;
    carried.is_video = true;
    for (const auto& item : fragments.items) {
        TRY(http::Part part,
            part_of_data_set(store, located, opened, {item.offset, item.count}));
        carried.parts.push_back(std::move(part));
    }
    TRY(const Bytes beginning,
        slice(opened->file.data_set, fragments.items[0].offset, fragments.items[0].count));
    const auto by_syntax = video_type_of(located.instance.file.transfer_syntax_uid);
    if (const auto container = container_of(beginning)) {
        carried.media_types.emplace_back(*container);
    }
    if (carried.media_types.empty() || carried.media_types[0] != by_syntax) {
        carried.media_types.emplace_back(by_syntax);
    }
    return carried;
}

/// What the sender calls its document, where that is a media type at all.
std::string type_of_document(const dicom::Attributes& attributes) {
    const std::string declared = attributes.text(tags::MIMETypeOfEncapsulatedDocument);
    const auto type = http::parse_media_type(declared);
    const bool usable = type && declared.size() <= kMediaTypeMaxBytes && type->type != "*" &&
                        type->subtype != "*" && type->type != "multipart";
    return usable ? type->essence() : std::string(kOctets);
}

Result<Carried> find_document(const Context& context, const LocatedInstance& located) {
    auto& store = context.services.store;
    TRY(const auto opened, open_stored(store, located));
    const dicom::File& file = opened->file;
    TRY(const auto attributes, dicom::Attributes::read(file.data_set, file.encoding,
                                                       tags::EncapsulatedDocumentLength));
    const auto* document = attributes.find(tags::EncapsulatedDocument);
    if (document == nullptr || document->length == dicom::kUndefinedLength) {
        return fail(ErrorCode::Unsupported, "the instance has no encapsulated document");
    }
    std::uint64_t count = document->value.size();
    // Without it nobody knows whether the last byte pads the value to an even length.
    const auto length = attributes.integer(tags::EncapsulatedDocumentLength);
    if (length && *length >= 0 && static_cast<std::uint64_t>(*length) < count) {
        count = static_cast<std::uint64_t>(*length);
    }
    const auto offset =
        static_cast<std::uint64_t>(document->value.data() - file.data_set.data());
    Carried carried;
    carried.media_types.push_back(type_of_document(attributes));
    TRY(http::Part part, part_of_data_set(store, located, opened, {offset, count}));
    carried.parts.push_back(std::move(part));
    return carried;
}

/// Written anew first, in an encoding and a character set that every renderer knows.
Result<Carried> make_report(const Context& context, const LocatedInstance& located) {
    if (located.file.size_bytes > reports::kReportMaxBytes) {
        return fail(ErrorCode::Unsupported,
                    "a report of " + std::to_string(located.file.size_bytes) + " bytes");
    }
    TRY(const auto opened, open_stored(context.services.store, located));
    std::string json;
    TRY_VOID(dicom::write_json(json, opened->file.data_set, opened->file.encoding, {}));
    TRY(const ByteBuffer data_set, dicom::read_json(json));
    TRY(reports::Report report, reports::render_report(data_set));
    Carried carried;
    carried.media_types = {std::string(kHtml), std::string(kPlainText)};
    carried.parts.emplace_back(std::move(report.html));
    carried.as_text = std::move(report.text);
    return carried;
}

}  // namespace

std::string Carried::content_type(std::string_view media_type) const {
    return std::string(media_type).append(as_text.empty() ? "" : "; charset=utf-8");
}

std::vector<http::Part> Carried::take(std::string_view media_type) {
    std::vector<http::Part> taken;
    if (!as_text.empty() && media_type == kPlainText) {
        taken.emplace_back(std::move(as_text));
        return taken;
    }
    return std::move(parts);
}

bool may_carry(const LocatedInstance& located) {
    const auto& sop_class_uid = located.instance.attributes.sop_class_uid;
    return is_video(located) || sop_class_uid.starts_with(kDocumentClasses) ||
           reports::is_report(sop_class_uid);
}

Result<std::optional<Carried>> find_carried(const Context& context,
                                            LocatedInstancePtr located) {
    if (!may_carry(*located)) {
        return std::optional<Carried>();
    }
    const bool report = reports::is_report(located->instance.attributes.sop_class_uid);
    auto carried = report               ? make_report(context, *located)
                   : is_video(*located) ? find_video(context, *located)
                                        : find_document(context, *located);
    if (!carried && carried.error().code == ErrorCode::InvalidInput) {
        // Whoever asks now is not to blame for what was stored.
        return fail(ErrorCode::Unsupported,
                    "what the instance carries can't be read: " + carried.error().message);
    }
    TRY(Carried found, std::move(carried));
    return std::optional(std::move(found));
}

http::Response carried_response(const http::Request& request, const LocatedInstance& located,
                                Carried carried, std::string_view media_type) {
    http::Response response(200);
    response.headers.add("Content-Type", carried.content_type(media_type));
    const std::string_view form = media_type == kPlainText ? "-text" : "-carried";
    response.headers.add("ETag", http::etag_of(content_tag(located).append(form)));
    response.headers.add("Cache-Control", "private, max-age=3600");
    if (!carried.is_video && media_type != kPdf) {
        response.headers.add("Content-Security-Policy", kDocumentPolicy);
    }
    response.parts = carried.take(media_type);
    return http::with_conditions(request.method, request.headers, std::move(response));
}

}  // namespace larmor::api
