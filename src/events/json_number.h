#pragma once
#include <string>
#include <string_view>

namespace larmor::events {

/// Writes a JSON number in one form for each value: `300`, `300.0` and `3.0e2` become `3e2`,
/// `-0` becomes `0`. Exact: no digit is lost, however many there are.
/// False when `text` is no number of RFC 8259 section 6, or has an exponent of over 9 digits.
bool write_canonical_number(std::string_view text, std::string& out);

/// The double nearest to a number in canonical form, infinite where none is near.
double to_double(std::string_view canonical);

}  // namespace larmor::events
