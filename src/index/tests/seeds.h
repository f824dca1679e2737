#pragma once
#include <cstdlib>
#include <string>

namespace larmor::index::testing {

/// How many random histories a test tries: LARMOR_SEEDS says so.
inline unsigned seeds(unsigned otherwise) {
    // NOLINTNEXTLINE(concurrency-mt-unsafe): nobody sets the environment.
    const char* const text = std::getenv("LARMOR_SEEDS");
    return text == nullptr ? otherwise : static_cast<unsigned>(std::stoul(text));
}

}  // namespace larmor::index::testing
