#include "api/store_response.h"

#include "base/json_text.h"

namespace larmor::api {
namespace {

constexpr std::size_t kCommentMaxBytes = 256;

/// `"00081150":{"vr":"UI","Value":["1.2"]}` with a comma before it where something precedes.
void append_text(std::string& out, std::string_view key, std::string_view vr,
                 std::string_view value) {
    if (value.empty()) {
        return;
    }
    if (out.back() != '{') {
        out += ',';
    }
    out += '"';
    out += key;
    out += R"(":{"vr":")";
    out += vr;
    out += R"(","Value":[)";
    append_json_string(out, value);
    out += "]}";
}

void append_number(std::string& out, std::string_view key, std::uint16_t value) {
    if (out.back() != '{') {
        out += ',';
    }
    out += '"';
    out += key;
    out += R"(":{"vr":"US","Value":[)";
    out += std::to_string(value);
    out += "]}";
}

/// Cut where a character ends.
std::string_view comment_of(std::string_view text) {
    if (!is_utf8(text)) {
        return "the instance is wrong";
    }
    if (text.size() <= kCommentMaxBytes) {
        return text;
    }
    std::size_t end = kCommentMaxBytes;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) {
        --end;
    }
    return text.substr(0, end);
}

/// A UID of a file that we refused can be anything.
std::string_view printable(std::string_view uid) {
    return is_utf8(uid) && uid.size() <= 64 ? uid : std::string_view();
}

}  // namespace

FailureReason failure_reason_of(ErrorCode code) {
    switch (code) {
        case ErrorCode::InvalidInput:
        case ErrorCode::Unsupported:
        case ErrorCode::Conflict:
            return FailureReason::CannotUnderstand;
        case ErrorCode::LimitExceeded:
        case ErrorCode::NoSpace:
            return FailureReason::OutOfResources;
        case ErrorCode::NotFound:
        case ErrorCode::Unauthenticated:
        case ErrorCode::Denied:
        case ErrorCode::Unavailable:
        case ErrorCode::Corrupt:
        case ErrorCode::Cancelled:
        case ErrorCode::OutcomeUnknown:
            return FailureReason::ProcessingFailure;
    }
    return FailureReason::ProcessingFailure;
}

void StoreResponse::begin_item(std::string& sequence) {
    sequence += sequence.empty() ? "{" : ",{";
}

void StoreResponse::note_study(std::string_view study) {
    if (stored_count_ == 0) {
        study_ = study;
    } else if (study_ != study) {
        studies_differ_ = true;
    }
}

void StoreResponse::stored(const InstanceUids& uids) {
    note_study(uids.study);
    ++stored_count_;
    begin_item(stored_);
    append_text(stored_, "00081150", "UI", uids.sop_class);
    append_text(stored_, "00081155", "UI", uids.sop_instance);
    std::string url;
    url.reserve(base_.size() + 3 * 64 + 32);
    url += base_;
    url += "/studies/";
    url += uids.study;
    url += "/series/";
    url += uids.series;
    url += "/instances/";
    url += uids.sop_instance;
    append_text(stored_, "00081190", "UR", url);
    stored_ += '}';
}

void StoreResponse::stored_with_warning(const InstanceUids& uids, WarningReason reason,
                                        std::string_view comment) {
    ++warning_count_;
    stored(uids);
    stored_.pop_back();
    append_text(stored_, "00000902", "LO", comment_of(comment));
    append_number(stored_, "00081196", static_cast<std::uint16_t>(reason));
    stored_ += '}';
}

void StoreResponse::failed(const InstanceUids& uids, FailureReason reason, const Error& error) {
    ++failed_count_;
    no_space_count_ += error.code == ErrorCode::NoSpace ? 1 : 0;
    unavailable_count_ +=
        error.code == ErrorCode::Unavailable || error.code == ErrorCode::Cancelled ? 1 : 0;
    const auto instance = printable(uids.sop_instance);
    std::string& sequence = instance.empty() ? other_ : failed_;
    begin_item(sequence);
    append_text(sequence, "00000902", "LO", comment_of(error.message));
    if (!instance.empty()) {
        append_text(sequence, "00081150", "UI", printable(uids.sop_class));
        append_text(sequence, "00081155", "UI", instance);
    }
    append_number(sequence, "00081197", static_cast<std::uint16_t>(reason));
    sequence += '}';
}

int StoreResponse::status() const {
    if (stored_count_ > 0) {
        return failed_count_ == 0 && warning_count_ == 0 ? 200 : 202;
    }
    if (failed_count_ > 0 && no_space_count_ == failed_count_) {
        return 507;
    }
    if (failed_count_ > 0 && unavailable_count_ == failed_count_) {
        return 503;
    }
    return 409;
}

std::string StoreResponse::take_json() {
    std::string json;
    json.reserve(stored_.size() + failed_.size() + other_.size() + 256);
    json += '{';
    const auto append_sequence = [&](std::string_view key, const std::string& items) {
        if (items.empty()) {
            return;
        }
        if (json.back() != '{') {
            json += ',';
        }
        json += '"';
        json += key;
        json += R"(":{"vr":"SQ","Value":[)";
        json += items;
        json += "]}";
    };
    if (stored_count_ > 0 && !studies_differ_) {
        append_text(json, "00081190", "UR", base_ + "/studies/" + study_);
    }
    append_sequence("00081198", failed_);
    append_sequence("00081199", stored_);
    append_sequence("0008119A", other_);
    json += '}';
    return json;
}

}  // namespace larmor::api
