#include "events/fold_case.h"

#include <unicode/ucasemap.h>

#include <algorithm>
#include <memory>

namespace larmor::events {
namespace {

using CaseMap = std::unique_ptr<UCaseMap, decltype(&ucasemap_close)>;

CaseMap open_case_map() {
    UErrorCode status = U_ZERO_ERROR;
    return {ucasemap_open("", U_FOLD_CASE_DEFAULT, &status), &ucasemap_close};
}

}  // namespace

void fold_case(std::string_view text, std::string& out) {
    out.assign(text);
    bool is_ascii = true;
    for (char& c : out) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
        is_ascii = is_ascii && static_cast<unsigned char>(c) < 0x80;
    }
    if (is_ascii) return;
    static const CaseMap map = open_case_map();
    if (map == nullptr) return;
    // Folding makes a text at most three times as long.
    std::string folded(text.size() * 3 + 1, '\0');
    UErrorCode status = U_ZERO_ERROR;
    const auto size = ucasemap_utf8FoldCase(
        map.get(), folded.data(), static_cast<std::int32_t>(folded.size()), text.data(),
        static_cast<std::int32_t>(text.size()), &status);
    if (U_FAILURE(status)) return;
    out.assign(folded, 0, static_cast<std::size_t>(size));
}

}  // namespace larmor::events
