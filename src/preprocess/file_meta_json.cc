#include "preprocess/file_meta_json.h"

#include "base/base64.h"
#include "base/json_text.h"
#include "dicom/dictionary.h"
#include "dicom/values.h"

namespace larmor::preprocess {
namespace {

/// Far more than any file has: the meta group is kept beside the frames.
constexpr std::size_t kTextMaxBytes = 16 * 1024;

void append_value(std::string& out, const dicom::Token& token) {
    if (token.value.empty()) {
        out += "null";
    } else if (const auto number =
                   dicom::integer(token.value, token.vr, dicom::ByteOrder::Little);
               token.vr == dicom::vr::UL && number) {
        out += std::to_string(*number);
    } else if (token.vr == dicom::vr::OB || token.vr == dicom::vr::UN) {
        out += '"';
        append_base64(out, token.value);
        out += '"';
    } else {
        std::string text(dicom::trimmed(token.value, token.vr));
        // Of the default repertoire (PS3.10 section 7.1).
        if (!is_utf8(text)) text.clear();
        append_json_string(out, text);
    }
}

}  // namespace

std::string file_meta_json(const dicom::File& file) {
    std::string out;
    dicom::Reader reader(file.meta, file.meta_encoding);
    for (dicom::Token token;
         reader.advance(token) && token.kind == dicom::TokenKind::Element;) {
        const auto keyword = dicom::keyword_of(token.tag);
        if (token.tag.group != 0x0002 || keyword.empty()) continue;
        if (out.size() + token.value.size() > kTextMaxBytes) break;
        if (!out.empty()) out += ',';
        append_json_string(out, keyword);
        out += ':';
        append_value(out, token);
    }
    return out;
}

}  // namespace larmor::preprocess
