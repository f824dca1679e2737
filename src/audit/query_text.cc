#include "audit/query_text.h"

#include <algorithm>
#include <array>

namespace larmor::audit {
namespace {

/// Keys whose values go on record: keyword and tag.
constexpr std::array kRecordedKeys = {std::string_view("StudyInstanceUID"),
                                      std::string_view("0020000D"),
                                      std::string_view("SeriesInstanceUID"),
                                      std::string_view("0020000E"),
                                      std::string_view("SOPInstanceUID"),
                                      std::string_view("00080018"),
                                      std::string_view("SOPClassUID"),
                                      std::string_view("00080016"),
                                      std::string_view("PatientID"),
                                      std::string_view("00100020"),
                                      std::string_view("IssuerOfPatientID"),
                                      std::string_view("00100021"),
                                      std::string_view("AccessionNumber"),
                                      std::string_view("00080050"),
                                      std::string_view("StudyDate"),
                                      std::string_view("00080020"),
                                      std::string_view("StudyTime"),
                                      std::string_view("00080030"),
                                      std::string_view("StudyID"),
                                      std::string_view("00200010"),
                                      std::string_view("Modality"),
                                      std::string_view("00080060"),
                                      std::string_view("ModalitiesInStudy"),
                                      std::string_view("00080061"),
                                      std::string_view("SeriesNumber"),
                                      std::string_view("00200011"),
                                      std::string_view("InstanceNumber"),
                                      std::string_view("00200013"),
                                      std::string_view("includefield"),
                                      std::string_view("fuzzymatching"),
                                      std::string_view("limit"),
                                      std::string_view("offset")};

}  // namespace

void append_query_key(std::string& text, std::string_view key, std::string_view value) {
    if (!text.empty()) text += '&';
    text += key;
    if (value.empty()) return;
    const bool recorded =
        std::find(kRecordedKeys.begin(), kRecordedKeys.end(), key) != kRecordedKeys.end();
    text += '=';
    text += recorded ? value : std::string_view("(not recorded)");
}

}  // namespace larmor::audit
