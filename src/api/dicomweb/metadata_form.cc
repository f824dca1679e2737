#include "api/dicomweb/metadata_form.h"

#include "api/media_choice.h"
#include "dicom/native_xml.h"
#include "http/media_type.h"

namespace larmor::api {
namespace {

constexpr std::string_view kDicomXml = "application/dicom+xml";

/// The weight of XML in a multipart; 0 where no multipart that holds it is accepted.
double xml_weight(const std::vector<http::AcceptedType>& accepted) {
    for (const http::AcceptedType& entry : accepted) {
        const std::string essence = entry.range.essence();
        if (essence != "multipart/related" && essence != "multipart/*") {
            continue;
        }
        const auto type = http::parse_media_type(entry.range.parameter("type").value_or("*/*"));
        const bool holds = type && (type->type == "*" || type->type == "application") &&
                           (type->subtype == "*" || type->subtype == "dicom+xml");
        if (holds) {
            return entry.quality;  // the entries come best first
        }
    }
    return 0;
}

}  // namespace

Result<MetadataForm> choose_metadata_form(const http::Request& request) {
    TRY(const auto accepts, accepts_of(request));
    for (const std::string& accept : accepts) {
        TRY(const auto accepted, http::parse_accept(accept));
        const double xml = xml_weight(accepted);
        const auto json =
            http::best_of(accepted, {"application/dicom+json", "application/json"});
        if (json && http::quality_of(accepted, *json) >= xml) {
            return MetadataForm{std::string(*json), false};
        }
        if (xml > 0) {
            return MetadataForm{std::string(kDicomXml), true};
        }
    }
    return fail(ErrorCode::Unsupported,
                "Accept takes none of what there is: application/dicom+json, application/json, "
                "multipart/related; type=\"application/dicom+xml\"");
}

http::MultipartWriter xml_writer() {
    return {"related", std::string(kDicomXml)};
}

Result<void> append_xml_parts(http::MultipartWriter& writer, std::string_view json_array,
                              std::string& out) {
    TRY(const auto documents, dicom::native_xml_of(json_array));
    for (const std::string& document : documents) {
        out += writer.part_head({{"Content-Type", std::string(kDicomXml)}});
        out += document;
    }
    return {};
}

}  // namespace larmor::api
