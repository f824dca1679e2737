#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <system_error>

#include "base/result.h"

namespace larmor {

std::string_view name_of(ErrorCode code) {
    switch (code) {
        case ErrorCode::InvalidInput:
            return "InvalidInput";
        case ErrorCode::NotFound:
            return "NotFound";
        case ErrorCode::Conflict:
            return "Conflict";
        case ErrorCode::Unsupported:
            return "Unsupported";
        case ErrorCode::LimitExceeded:
            return "LimitExceeded";
        case ErrorCode::Unauthenticated:
            return "Unauthenticated";
        case ErrorCode::Denied:
            return "Denied";
        case ErrorCode::Unavailable:
            return "Unavailable";
        case ErrorCode::NoSpace:
            return "NoSpace";
        case ErrorCode::Corrupt:
            return "Corrupt";
        case ErrorCode::Cancelled:
            return "Cancelled";
        case ErrorCode::OutcomeUnknown:
            return "OutcomeUnknown";
    }
    return "Unknown";
}

tl::unexpected<Error> invalid_at(std::uint64_t offset, std::string_view what) {
    return fail(ErrorCode::InvalidInput,
                std::string(what) + " at byte " + std::to_string(offset));
}

tl::unexpected<Error> system_failure(std::string_view what, int error_number) {
    const ErrorCode code =
        error_number == ENOSPC || error_number == EDQUOT || error_number == EROFS
            ? ErrorCode::NoSpace
        : error_number == ENOENT || error_number == ENOTDIR ? ErrorCode::NotFound
                                                            : ErrorCode::Unavailable;
    return fail(code, std::string(what) + ": " + std::generic_category().message(error_number));
}

void check_failed(const char* condition, const char* file, int line) {
    std::fprintf(stderr, "%s:%d: broken invariant: %s\n", file, line, condition);
    std::abort();
}

}  // namespace larmor
