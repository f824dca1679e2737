#include "index/mysql/keys.h"

#include "base/hash.h"

namespace larmor::index::mysql {
namespace {

/// As the sample names it.
constexpr std::string_view kNoPatientId = "NO_PID";
constexpr std::size_t kKeyBytesMax = 64;

std::string key_text(std::string_view text) {
    constexpr std::size_t kKept = 30, kHashed = 32;
    if (text.size() <= kKeyBytesMax) return std::string(text);
    std::size_t kept = kKept;
    // Not inside of a character.
    while (kept > 0 && (static_cast<unsigned char>(text[kept]) & 0xc0U) == 0x80U) --kept;
    return std::string(text.substr(0, kept)) + "~" +
           to_hex(sha256(as_bytes(text))).substr(0, kHashed);
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

Values patient_values(const ImageSetDocument& document) {
    return document.patient_id.empty() ? Values(document.patient.size()) : document.patient;
}

}  // namespace larmor::index::mysql
