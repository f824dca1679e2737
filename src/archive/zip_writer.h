#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/clock.h"

namespace larmor::archive {

/// A member that is stored without compression.
struct StoredMember {
    std::string_view path;  ///< ASCII, parts separated by `/`
    std::uint64_t size_bytes = 0;
    std::uint32_t crc32 = 0;
    Time modified{};
};

/// What stands around the bytes of the members of a zip: the caller writes what `begin` gives,
/// then the member's bytes, and what `finish` gives behind the last. Every local header says
/// size and checksum, so that the zip can also be read as a stream; zip64 fields are written
/// where a size, a position or the count needs them, and nowhere else. Memory: the central
/// directory, some 50 bytes and its path a member.
/// Source: PKWARE APPNOTE.TXT 6.3.10, sections 4.3.7, 4.3.12 to 4.3.16 and 4.5.3.
class ZipWriter {
public:
    std::string begin(const StoredMember& member);
    /// Once, behind the last member's bytes.
    std::string finish();

private:
    std::string directory_;
    std::uint64_t offset_ = 0;
    std::uint64_t count_ = 0;
};

/// How long such a zip will be, from sizes alone: for Content-Length.
class ZipLength {
public:
    void add(std::size_t path_bytes, std::uint64_t size_bytes);
    std::uint64_t total() const;

private:
    std::uint64_t offset_ = 0;
    std::uint64_t directory_bytes_ = 0;
    std::uint64_t count_ = 0;
};

/// CRC-32 as zip wants it, going on from that of the bytes before (0 at the start).
std::uint32_t crc32_of(Bytes bytes, std::uint32_t before = 0);

}  // namespace larmor::archive
