#pragma once
#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace larmor {

using Sha256 = std::array<std::byte, 32>;

Sha256 sha256(Bytes bytes);
/// HMAC (RFC 2104) with SHA-256.
Sha256 hmac_sha256(Bytes key, Bytes message);

/// SHA-256 of bytes that arrive in pieces. `finish` may be called once.
class Sha256Stream {
public:
    Sha256Stream();
    ~Sha256Stream();
    Sha256Stream(Sha256Stream&&) noexcept;
    Sha256Stream& operator=(Sha256Stream&&) noexcept;
    void update(Bytes bytes);
    Sha256 finish();

private:
    struct Context;
    std::unique_ptr<Context> context_;
};

/// CRC-32C (Castagnoli) continued from `seed`; in hardware where the machine has it.
/// Guards what we wrote ourselves against torn writes and rot, not against people.
std::uint32_t crc32c(Bytes bytes, std::uint32_t seed = 0);

/// XXH3, 64 bits: for tables and partitions, never for identity.
std::uint64_t xxh3(Bytes bytes, std::uint64_t seed = 0);

/// Lower-case hexadecimal.
std::string to_hex(Bytes bytes);
/// Errors: InvalidInput for an odd count or another character.
Result<ByteBuffer> from_hex(std::string_view text);

/// Compares secrets in a time that depends on the lengths only.
bool equal_in_constant_time(Bytes a, Bytes b);

}  // namespace larmor
