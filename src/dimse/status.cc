#include "dimse/status.h"

namespace larmor::dimse {
namespace {

constexpr std::size_t kLongStringMax = 64;  // LO: PS3.5 table 6.2-1

std::uint16_t status_of(ErrorCode code) {
    switch (code) {
        case ErrorCode::InvalidInput:
        case ErrorCode::Unsupported:
        case ErrorCode::NotFound:
            return status::kCannotUnderstand;
        case ErrorCode::Conflict:
            return status::kDataSetDoesNotMatchSopClass;
        case ErrorCode::NoSpace:
        case ErrorCode::LimitExceeded:
        case ErrorCode::Unavailable:
            return status::kOutOfResources;
        case ErrorCode::Unauthenticated:
        case ErrorCode::Denied:
        case ErrorCode::Corrupt:
        case ErrorCode::Cancelled:
        case ErrorCode::OutcomeUnknown:
            break;
    }
    return status::kProcessingFailure;
}

}  // namespace

std::string error_comment(std::string_view text) {
    std::string comment;
    for (const char c : text.substr(0, kLongStringMax)) {
        comment += c >= ' ' && c <= '~' && c != '\\' ? c : ' ';
    }
    return comment;
}

StoreStatus store_status(const Error& error) {
    return {status_of(error.code), error_comment(error.message)};
}

StoreStatus store_status(const ingest::ImportResult& result) {
    switch (result.outcome) {
        case ingest::Outcome::Stored:
        case ingest::Outcome::Duplicate:
        case ingest::Outcome::Alternate:
            return {status::kSuccess, {}};
        case ingest::Outcome::Conflict:
            return {status::kWarning, "kept apart: another instance has this SOP Instance UID"};
        case ingest::Outcome::Rejected:
            break;
    }
    return result.error ? store_status(*result.error)
                        : StoreStatus{status::kProcessingFailure, {}};
}

}  // namespace larmor::dimse
