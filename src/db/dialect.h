#pragma once
#include <cstdint>

namespace larmor::db {

/// Whose SQL a text is written in. Most texts are good for both; where they can't be, a small
/// function beside the text chooses by this, so that each has one place.
enum class Dialect : std::uint8_t { Sqlite, Postgres };

}  // namespace larmor::db
