#include <cstdint>

#include "dimse/command.h"

/// Any bytes as a command set: reading must end, and what was read must survive being written.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace larmor;
    using namespace larmor::dimse;
    const auto command = parse_command(std::as_bytes(std::span(data, size)));
    if (!command) return 0;
    const ByteBuffer written = encode_command(*command);
    const auto again = parse_command(written);
    LARMOR_CHECK(again.has_value());
    LARMOR_CHECK(encode_command(*again) == written);
    return 0;
}
