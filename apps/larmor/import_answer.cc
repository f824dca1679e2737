#include <simdjson.h>

#include "ingest/result_json.h"
#include "larmor/remote_importer.h"

namespace larmor {
namespace {

constexpr std::size_t kQuotedMax = 500;

struct Answer {
    ingest::ImportResult result;
    bool judged = false;  ///< it has an outcome
    std::string code;     ///< of a problem document
    std::string detail;
};

/// As far as it is what our server writes.
Answer parse(const std::string& body) {
    Answer answer;
    const simdjson::padded_string padded(body);
    simdjson::ondemand::parser parser;
    simdjson::ondemand::document document;
    simdjson::ondemand::object object;
    if (parser.iterate(padded).get(document) != simdjson::SUCCESS ||
        document.get_object().get(object) != simdjson::SUCCESS) {
        return answer;
    }
    std::string outcome;
    const std::pair<const char*, std::string*> texts[] = {
        {"code", &answer.code},
        {"detail", &answer.detail},
        {"outcome", &outcome},
        {"study_instance_uid", &answer.result.study_instance_uid},
        {"series_instance_uid", &answer.result.series_instance_uid},
        {"sop_class_uid", &answer.result.sop_class_uid},
        {"sop_instance_uid", &answer.result.sop_instance_uid},
        {"image_set_id", &answer.result.image_set_id}};
    for (const auto& [key, value] : texts) {
        std::string_view text;
        if (object.find_field_unordered(key).get(text) == simdjson::SUCCESS) *value = text;
    }
    std::uint64_t size = 0;
    if (object.find_field_unordered("size_bytes").get(size) == simdjson::SUCCESS) {
        answer.result.size_bytes = size;
    }
    if (const auto known = ingest::parse_outcome(outcome)) {
        answer.result.outcome = *known;
        answer.judged = true;
    }
    return answer;
}

/// Of a problem document about an instance.
ErrorCode parse_code(std::string_view name) {
    for (auto i = 0; i <= static_cast<int>(ErrorCode::Cancelled); ++i) {
        const auto code = static_cast<ErrorCode>(i);
        if (name_of(code) == name) return code;
    }
    return ErrorCode::InvalidInput;
}

/// Of an answer that is not about the instance.
ErrorCode code_of_refusal(int status) {
    switch (status) {
        case 400:
        case 415:
            return ErrorCode::InvalidInput;
        case 401:
            return ErrorCode::Unauthenticated;
        case 403:
            return ErrorCode::Denied;
        case 408:  // we were too slow with this one: its file stalled, or we were stopped
            return ErrorCode::Cancelled;
        case 413:
            return ErrorCode::LimitExceeded;
        case 500:
            return ErrorCode::Corrupt;
        case 507:
            return ErrorCode::NoSpace;
        default:
            return ErrorCode::Unavailable;
    }
}

}  // namespace

ingest::ImportResult read_import_answer(int status, const std::string& body) {
    Answer answer = parse(body);
    auto& result = answer.result;
    const bool is_success = status >= 200 && status < 300;
    const bool is_rejected = result.outcome == ingest::Outcome::Rejected;
    if (answer.judged && is_success != is_rejected) {
        if (is_rejected) result.error = Error{parse_code(answer.code), answer.detail};
        return std::move(answer.result);
    }
    ingest::ImportResult refused;
    refused.error =
        Error{code_of_refusal(status),
              "the server answered " + std::to_string(status) + ": " +
                  (answer.detail.empty() ? body.substr(0, kQuotedMax) : answer.detail)};
    return refused;
}

}  // namespace larmor
