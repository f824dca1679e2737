#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

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

inline constexpr std::string_view kAnchorFile = "anchor.json";

/// Replaces the folder's anchor, or another file like it. Durable when it returns.
Result<void> write_anchor(const std::filesystem::path& folder, const Anchor& anchor,
                          std::string_view name = kAnchorFile);
/// Nothing where there is none (or none that can be read: then `write_anchor` was never
/// finished here, or somebody touched it).
std::optional<Anchor> read_anchor(const std::filesystem::path& folder,
                                  std::string_view name = kAnchorFile);

}  // namespace larmor::audit
