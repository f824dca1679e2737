#pragma once
#include <string>
#include <string_view>

namespace larmor::events {

/// Writes `text` (UTF-8) to `out` as Unicode's full case folding has it: two texts that differ
/// in case only become equal. Source: Unicode CaseFolding.txt, statuses C and F.
void fold_case(std::string_view text, std::string& out);

}  // namespace larmor::events
