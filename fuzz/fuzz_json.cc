// Any bytes as DICOM JSON, or (first byte 00 to 02) as a data set in one of three encodings.
// What is read can be written, what is written is UTF-8 and JSON and can be read, and from
// there on nothing changes any more.
#include <simdjson.h>

#include <array>
#include <map>

#include "base/json_text.h"
#include "dicom/charset.h"
#include "dicom/json_read.h"
#include "dicom/json_write.h"
#include "dicom/values.h"

namespace {

using namespace larmor;
using namespace larmor::dicom;

/// What went out by URI, so that it comes back as it was.
using Values = std::map<std::string, BulkData, std::less<>>;

JsonReadOptions reading(const Values& values) {
    JsonReadOptions options;
    options.bulk_data = [&values](const BulkDataReference& at) -> Result<BulkData> {
        const auto value = values.find(at.uri);
        if (value != values.end()) return value->second;
        return BulkData{ByteBuffer(2), false};
    };
    return options;
}

JsonWriteOptions writing(Values& values) {
    JsonWriteOptions options;
    options.inline_max_bytes = 16;
    options.bulk_data_uri = [&values](std::string& out, const BulkValue& value) {
        std::string uri;
        append_bulk_data_path(uri, value);
        values[uri] = {{value.value.begin(), value.value.end()}, value.encapsulated};
        out += uri;
    };
    return options;
}

std::string written(Bytes data_set, Encoding encoding, Values& values) {
    std::string json;
    LARMOR_CHECK(write_json(json, data_set, encoding, writing(values)).has_value());
    LARMOR_CHECK(is_utf8(json));
    simdjson::dom::parser parser;
    LARMOR_CHECK(parser.parse(json).error() == simdjson::SUCCESS);
    return json;
}

/// Our own JSON can be read, and gives itself again.
void check_own(const std::string& json, const Values& values) {
    const auto data_set = read_json(json, reading(values));
    LARMOR_CHECK(data_set.has_value());
    Values again;
    LARMOR_CHECK(written(*data_set, kExplicitLittle, again) == json);
}

void check_character_sets(Bytes input) {
    const std::string_view text = as_text(input);
    const auto end = std::min<std::size_t>(text.find('\n'), text.size());
    const CharacterSet character_set(text.substr(0, end));
    for (const Vr vr : {vr::LO, vr::LT, vr::PN}) {
        std::string utf8;
        character_set.decode(text.substr(end), vr, utf8);
        LARMOR_CHECK(is_utf8(utf8));
        std::string back;
        if (!character_set.encode(utf8, vr, back)) continue;
        std::string again;
        character_set.decode(back, vr, again);
        LARMOR_CHECK(again == utf8);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const Bytes input = std::as_bytes(std::span(data, size));
    constexpr std::array kEncodings{kExplicitLittle, kImplicitLittle, kExplicitBig};
    Values values;
    if (size > 0 && data[0] < kEncodings.size()) {
        std::string json;
        const Encoding encoding = kEncodings[data[0]];
        if (!write_json(json, input.subspan(1), encoding, writing(values))) return 0;
        const auto data_set = read_json(json, reading(values));
        LARMOR_CHECK(data_set.has_value());
        // What is odd or in Big Endian is so no more.
        Values padded;
        const std::string once = written(*data_set, kExplicitLittle, padded);
        check_own(once, padded);
        return 0;
    }
    if (size > 0 && data[0] == 3) {
        check_character_sets(input.subspan(1));
        return 0;
    }
    const auto accepted = read_json(as_text(input), reading(values));
    if (!accepted) {
        LARMOR_CHECK(!accepted.error().message.empty());
        return 0;
    }
    const std::string once = written(*accepted, kExplicitLittle, values);
    check_own(once, values);
    return 0;
}
