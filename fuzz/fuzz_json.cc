// Any bytes as DICOM JSON, or (first byte 00 to 02) as a data set in one of three encodings.
// What is read can be written, what is written is UTF-8 and JSON and can be read, and from
// there on nothing changes any more.
#include <simdjson.h>

#include <array>

#include "base/json_text.h"
#include "dicom/charset.h"
#include "dicom/json_read.h"
#include "dicom/json_write.h"
#include "dicom/values.h"

namespace {

using namespace larmor;
using namespace larmor::dicom;

JsonReadOptions reading() {
    JsonReadOptions options;
    options.bulk_data = [](std::string_view uri, Tag, Vr vr) -> Result<BulkData> {
        const bool pixels = vr == vr::OB || vr == vr::OW;
        if (uri == "fragments" && pixels) {
            constexpr std::array kEmptyTable{std::byte{0xfe}, std::byte{0xff}, std::byte{0x00},
                                             std::byte{0xe0}, std::byte{},     std::byte{},
                                             std::byte{},     std::byte{}};
            return BulkData{{kEmptyTable.begin(), kEmptyTable.end()}, true};
        }
        return BulkData{ByteBuffer(2), false};
    };
    return options;
}

JsonWriteOptions writing() {
    JsonWriteOptions options;
    options.inline_max_bytes = 16;
    options.bulk_data_uri = [](std::string& out, const BulkValue& value) {
        if (value.encapsulated) {
            out += "fragments";
        } else {
            append_bulk_data_path(out, value);
        }
    };
    return options;
}

std::string written(Bytes data_set) {
    std::string json;
    LARMOR_CHECK(write_json(json, data_set, kExplicitLittle, writing()).has_value());
    LARMOR_CHECK(is_utf8(json));
    simdjson::dom::parser parser;
    LARMOR_CHECK(parser.parse(json).error() == simdjson::SUCCESS);
    return json;
}

ByteBuffer read_own(const std::string& json) {
    auto bytes = read_json(json, reading());
    LARMOR_CHECK(bytes.has_value());
    return *std::move(bytes);
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
    if (size > 0 && data[0] < kEncodings.size()) {
        std::string json;
        if (!write_json(json, input.subspan(1), kEncodings[data[0]], writing())) return 0;
        LARMOR_CHECK(is_utf8(json));
        // Odd values get their padding here.
        const std::string once = written(read_own(json));
        LARMOR_CHECK(written(read_own(once)) == once);
        return 0;
    }
    if (size > 0 && data[0] == 3) {
        check_character_sets(input.subspan(1));
        return 0;
    }
    const auto accepted = read_json(as_text(input), reading());
    if (!accepted) {
        LARMOR_CHECK(!accepted.error().message.empty());
        return 0;
    }
    const std::string once = written(*accepted);
    LARMOR_CHECK(written(read_own(once)) == once);
    return 0;
}
