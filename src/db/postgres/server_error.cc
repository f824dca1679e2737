#include "db/postgres/server_error.h"

#include <libpq-fe.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <mutex>
#include <optional>
#include <utility>

#include "observe/log.h"

namespace larmor::db::postgres {
namespace {

/// Whole states first, then classes; the first that the state begins with counts.
constexpr auto kCodes = std::to_array<std::pair<std::string_view, ErrorCode>>({
    {"25006", ErrorCode::NoSpace},  // a read-only transaction or a standby
    {"53100", ErrorCode::NoSpace},  // disk full
    {"0A", ErrorCode::InvalidInput},
    {"21", ErrorCode::InvalidInput},
    {"22", ErrorCode::InvalidInput},
    {"23", ErrorCode::Conflict},
    {"25", ErrorCode::InvalidInput},
    {"26", ErrorCode::InvalidInput},
    {"42", ErrorCode::InvalidInput},
    {"54", ErrorCode::LimitExceeded},
    {"XX001", ErrorCode::Corrupt},
    {"XX002", ErrorCode::Corrupt},
});

std::string field(const pg_result* result, int code) {
    const char* const text = PQresultErrorField(result, code);
    return text != nullptr ? text : "";
}

}  // namespace

Error out_of_reach(const Error& why) {
    constexpr std::chrono::seconds kLogEvery{5};
    static std::mutex mutex;
    static std::optional<std::chrono::steady_clock::time_point> logged_at;
    const auto now = std::chrono::steady_clock::now();
    {
        const std::lock_guard lock(mutex);
        if (!logged_at || now - *logged_at >= kLogEvery) {
            observe::log_warning("PostgreSQL is out of reach", {{"reason", why.message}});
            logged_at = now;
        }
    }
    return {why.code, "PostgreSQL is out of reach; the log has the reason"};
}

ErrorCode code_of(std::string_view sqlstate) {
    const auto* const found = std::ranges::find_if(
        kCodes, [&](const auto& known) { return sqlstate.starts_with(known.first); });
    // Connections (08), rollbacks (40), resources (53), locks (55), shutdowns and limits (57).
    return found == kCodes.end() ? ErrorCode::Unavailable : found->second;
}

bool ServerError::is_in_the_way() const {
    return sqlstate == "40001" || sqlstate == "40P01";
}

bool ServerError::ends_connection() const {
    // 57P05, 25P03: it was idle for too long. 57P01 to 57P03: shutdown, crash, start.
    return sqlstate.starts_with("08") || sqlstate.starts_with("57P") || sqlstate == "25P03" ||
           sqlstate.empty();
}

ServerError server_error_of(const pg_result* result) {
    ServerError failed{{ErrorCode::Unavailable, {}}, field(result, PG_DIAG_SQLSTATE)};
    const std::string_view state = failed.sqlstate;
    failed.error.code = code_of(state);
    std::string& message = failed.error.message;
    message = "SQL: ";
    if (state.starts_with("22")) {
        // These quote what they could not read.
        message += "a value is not one that its column can hold";
        if (const auto column = field(result, PG_DIAG_COLUMN_NAME); !column.empty()) {
            message += " (" + column + ")";
        }
    } else {
        message += field(result, PG_DIAG_MESSAGE_PRIMARY);
    }
    message += " (PostgreSQL " + failed.sqlstate + ")";
    return failed;
}

}  // namespace larmor::db::postgres
