#pragma once
#include <cstdint>
#include <string_view>

#include "base/bytes.h"

namespace larmor::db::postgres {

/// The types that we read, in the binary form of the protocol. Source: PostgreSQL 15,
/// src/include/catalog/pg_type.dat.
bool is_readable(unsigned type);

/// Whole numbers, booleans (0 and 1), and the rounded-down value of others; 0 for no number.
std::int64_t to_int64(unsigned type, Bytes value);
double to_double(unsigned type, Bytes value);

}  // namespace larmor::db::postgres
