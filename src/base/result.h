#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

namespace larmor {

/// Says what the caller can do. Mapped once to an HTTP status (api/problem.cc) and once
/// to done, retry or dead-letter (workers); nowhere else.
enum class ErrorCode : std::uint8_t {
    InvalidInput,     ///< the bytes or the request are wrong: trying again cannot help
    NotFound,         ///< there is no such thing, or not for this caller
    Conflict,         ///< somebody changed it first: read again, then decide
    Unsupported,      ///< well formed, but not something that we can do or make
    LimitExceeded,    ///< larger, deeper or more than the configuration allows
    Unauthenticated,  ///< no valid credentials
    Denied,           ///< valid credentials without the right
    Unavailable,      ///< a dependency is down or slow: trying again may help
    NoSpace,          ///< the store is full or read-only: reads and deletes still work
    Corrupt,          ///< we read something else than we wrote: alert a person
    Cancelled,        ///< the caller or a shutdown asked us to stop
    OutcomeUnknown,   ///< it may have happened or not: look before doing it again
};

/// `InvalidInput`, `NotFound`, ...: stable, for logs and tests.
std::string_view name_of(ErrorCode code);

struct Error {
    ErrorCode code;
    std::string message;  ///< what, where, which numbers; never a patient's data
};

template <typename T>
using Result = tl::expected<T, Error>;

/// `return fail(ErrorCode::NotFound, "no study " + uid)` in any function that returns a Result.
inline tl::unexpected<Error> fail(ErrorCode code, std::string message) {
    return tl::unexpected<Error>(Error{code, std::move(message)});
}

/// An InvalidInput that names its place: "<what> at byte <offset>".
tl::unexpected<Error> invalid_at(std::uint64_t offset, std::string_view what);

/// The error of a failed system call: `what` and the text of `error_number`; a full disk is
/// NoSpace, a missing file NotFound, everything else Unavailable.
tl::unexpected<Error> system_failure(std::string_view what, int error_number);

}  // namespace larmor

#define LARMOR_CONCAT_(a, b) a##b
#define LARMOR_CONCAT(a, b) LARMOR_CONCAT_(a, b)
#define LARMOR_TRY_(tmp, declaration, expression, return_)    \
    auto tmp = (expression);                                  \
    if (!tmp) return_ tl::unexpected(std::move(tmp).error()); \
    declaration = *std::move(tmp)
#define LARMOR_TRY_VOID_(tmp, expression, return_) \
    if (auto tmp = (expression); !tmp) return_ tl::unexpected(std::move(tmp).error())

/// TRY(const Bytes head, slice(data_set, offset, 8)); returns the error onward. Three
/// statements: never alone as the body of an `if` without braces.
#define TRY(declaration, expression) \
    LARMOR_TRY_(LARMOR_CONCAT(try_, __LINE__), declaration, expression, return)
#define CO_TRY(declaration, expression) \
    LARMOR_TRY_(LARMOR_CONCAT(try_, __LINE__), declaration, expression, co_return)
/// The same for Result<void>.
#define TRY_VOID(expression) LARMOR_TRY_VOID_(LARMOR_CONCAT(try_, __LINE__), expression, return)
#define CO_TRY_VOID(expression) \
    LARMOR_TRY_VOID_(LARMOR_CONCAT(try_, __LINE__), expression, co_return)

/// An invariant that only our own mistake can break; on in every build.
#define LARMOR_CHECK(condition) \
    ((condition) ? void() : ::larmor::check_failed(#condition, __FILE__, __LINE__))

namespace larmor {
[[noreturn]] void check_failed(const char* condition, const char* file, int line);
}  // namespace larmor
