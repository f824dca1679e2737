// Any text as a query or as the value of a header field: reading ends, and what was read holds
// what its type promises.
#include <cstdint>

#include "base/json_text.h"
#include "http/conditional.h"
#include "http/media_type.h"
#include "http/multipart.h"
#include "http/origin.h"
#include "http/query.h"

using namespace larmor;
using namespace larmor::http;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    if (const auto query = parse_query(text)) {
        for (const auto& [name, value] : query->parameters) {
            LARMOR_CHECK(is_utf8(name) && is_utf8(value));
            LARMOR_CHECK(value.find('\0') == std::string::npos);
        }
    }
    if (const auto type = parse_media_type(text)) {
        const auto again = parse_media_type(to_string(*type));
        LARMOR_CHECK(again && again->parameters == type->parameters);
    }
    if (const auto accepted = parse_accept(text)) {
        for (const auto& entry : *accepted)
            LARMOR_CHECK(entry.quality >= 0 && entry.quality <= 1);
        best_of(*accepted, {"application/dicom", "image/jpeg"});
    }
    const auto range = parse_range(text, 1000);
    if (const auto* bytes = std::get_if<ByteRange>(&range)) {
        LARMOR_CHECK(bytes->count > 0 && bytes->offset + bytes->count <= 1000);
    }
    if (const auto boundary = boundary_of(text)) LARMOR_CHECK(!boundary->empty());
    etag_matches_weakly(text, "\"a\"");
    accepts_encoding(text, "gzip");
    disposition_parameter(text, "name");
    static const auto trusted = TrustedProxies::parse({"10.0.0.1"});
    LARMOR_CHECK(trusted.has_value());
    Request request;
    request.peer = "10.0.0.1";
    request.headers = {{"Host", "pacs.example"}, {"Forwarded", std::string(text)}};
    LARMOR_CHECK(is_host(origin_of(request, *trusted).host));
    return 0;
}
