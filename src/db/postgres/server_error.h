#pragma once
#include <string>
#include <string_view>

#include "base/result.h"

struct pg_result;

namespace larmor::db::postgres {

/// A failed statement, by its SQLSTATE. Source: PostgreSQL 15, appendix A.
struct ServerError {
    Error error;
    std::string sqlstate;

    /// Another transaction was in the way: the same again may succeed.
    bool is_in_the_way() const;
    /// The server ends this connection.
    bool ends_connection() const;
};

ErrorCode code_of(std::string_view sqlstate);

/// For whoever asked, where a connection could not be had again: without libpq's text, which
/// names hosts and paths. That goes to the log, once in some seconds.
Error out_of_reach(const Error& why);

/// The server's own message names tables, columns and constraints; where it would quote a value
/// it is left out.
ServerError server_error_of(const pg_result* result);

}  // namespace larmor::db::postgres
