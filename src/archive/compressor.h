#pragma once
#include <cstdint>
#include <memory>
#include <string>

#include "base/bytes.h"

namespace larmor::archive {

enum class Compression : std::uint8_t { None, Gzip, Zstd };

/// Compresses a stream in bounded memory: one gzip member without name and time, or one
/// Zstandard frame with a checksum. The same input gives the same output.
/// Source: RFC 1952, RFC 8878.
class Compressor {
public:
    static std::unique_ptr<Compressor> make(Compression compression);
    virtual ~Compressor() = default;
    /// Appends to `out` what is ready.
    virtual void write(Bytes bytes, std::string& out) = 0;
    /// Once, behind the last byte.
    virtual void finish(std::string& out) = 0;
};

}  // namespace larmor::archive
