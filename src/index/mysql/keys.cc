#include "index/mysql/keys.h"

#include "base/hash.h"
#include "index/mysql/sql_value.h"

namespace larmor::index::mysql {
namespace {

/// As the sample names it.
constexpr std::string_view kNoPatientId = "NO_PID";
constexpr std::size_t kKeyBytesMax = 64;

const Column kLabelColumn{.name = "value", .tag = {}, .characters_max = 256};
const Column kImageTypeColumn{.name = "type", .tag = {}, .characters_max = 16};

std::string key_text(std::string_view text) {
    constexpr std::size_t kKept = 30, kHashed = 32;
    if (text.size() <= kKeyBytesMax) return std::string(text);
    std::size_t kept = kKept;
    // Not inside of a character.
    while (kept > 0 && (static_cast<unsigned char>(text[kept]) & 0xc0U) == 0x80U) --kept;
    return std::string(text.substr(0, kept)) + "~" +
           to_hex(sha256(as_bytes(text))).substr(0, kHashed);
}

std::string_view without_padding(std::string_view text) {
    const auto from = std::min(text.find_first_not_of(' '), text.size());
    return text.substr(from, text.find_last_not_of(' ') + 1 - from);
}

}  // namespace

std::string issuer_key(const ImageSetDocument& document) {
    return document.issuer_of_patient_id.empty() ? std::string(kDefaultIssuer)
                                                 : key_text(document.issuer_of_patient_id);
}

std::string patient_key(const ImageSetDocument& document) {
    return document.patient_id.empty() ? std::string(kNoPatientId)
                                       : key_text(document.patient_id);
}

std::string label_text(const std::string& text) {
    return column_text(kLabelColumn, text).value_or("");
}

std::set<std::string> image_types(const InstanceDocument& instance,
                                  std::optional<std::size_t> at) {
    std::set<std::string> types;
    if (!at || !instance.values[*at]) return types;
    std::string_view values = *instance.values[*at];
    while (!values.empty()) {
        const auto end = std::min(values.find('\\'), values.size());
        // Again where it was cut: the server takes spaces at the end for none.
        const auto cut =
            column_text(kImageTypeColumn, std::string(without_padding(values.substr(0, end))))
                .value_or("");
        if (const auto one = without_padding(cut); !one.empty()) types.emplace(one);
        values.remove_prefix(std::min(end + 1, values.size()));
    }
    return types;
}

Values patient_values(const ImageSetDocument& document) {
    return document.patient_id.empty() ? Values(document.patient.size()) : document.patient;
}

}  // namespace larmor::index::mysql
