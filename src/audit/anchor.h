#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "audit/chain.h"

namespace larmor::audit {

/// How far the trail has certainly come: a second, small file, written now and then. A trail
/// that ends before it has lost its tail, which its own chain could not show.
struct Anchor {
    std::string trail;
    std::uint64_t file = 0;
    ChainEnd end;
    friend bool operator==(const Anchor&, const Anchor&) = default;
};

/// One line, as `audit verify` prints it and takes it again with `--anchor`.
std::string to_text(const Anchor& anchor);
/// Errors: InvalidInput unless it is exactly such a line.
Result<Anchor> parse_anchor(std::string_view line);

/// Replaces the folder's anchor. Durable when it returns.
Result<void> write_anchor(const std::filesystem::path& folder, const Anchor& anchor);
/// Nothing where there is none (or none that can be read: then `write_anchor` was never
/// finished here, or somebody touched it).
std::optional<Anchor> read_anchor(const std::filesystem::path& folder);

}  // namespace larmor::audit
