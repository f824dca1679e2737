#include "base/ids.h"

#include <sys/random.h>

#include <cerrno>
#include <cstdint>

#include "base/hash.h"
#include "base/result.h"

namespace larmor {

void fill_random(std::span<std::byte> out) {
    while (!out.empty()) {
        const ssize_t count = getrandom(out.data(), out.size(), 0);
        LARMOR_CHECK(count > 0 || errno == EINTR);
        if (count > 0) out = out.subspan(static_cast<std::size_t>(count));
    }
}

std::string random_id() {
    // Many at a time: the boundary of each multipart answer is one.
    constexpr std::size_t kIdBytes = 16;
    thread_local std::array<std::byte, 16 * kIdBytes> ahead;
    thread_local std::size_t used = ahead.size();
    if (used == ahead.size()) {
        fill_random(ahead);
        used = 0;
    }
    const auto id = Bytes(ahead).subspan(used, kIdBytes);
    used += kIdBytes;
    return to_hex(id);
}

namespace {
std::array<std::byte, 16> uuid_bytes() {
    std::array<std::byte, 16> bytes{};
    fill_random(bytes);
    bytes[6] = (bytes[6] & std::byte{0x0f}) | std::byte{0x40};
    bytes[8] = (bytes[8] & std::byte{0x3f}) | std::byte{0x80};
    return bytes;
}
}  // namespace

std::string random_uuid() {
    std::string text = to_hex(uuid_bytes());
    for (const std::size_t at : {8, 13, 18, 23}) text.insert(at, 1, '-');
    return text;
}

std::string random_uid() {
    __extension__ unsigned __int128 value = 0;
    for (const std::byte byte : uuid_bytes()) value = value << 8 | static_cast<unsigned>(byte);
    std::string digits;
    for (; value != 0; value /= 10)
        digits.insert(digits.begin(), static_cast<char>('0' + value % 10));
    return "2.25." + digits;
}

bool is_uid_key_part(std::string_view uid) {
    return !uid.empty() && uid.size() <= 64 && uid != "." && uid != ".." &&
           uid.find_first_not_of("0123456789.") == std::string_view::npos;
}

}  // namespace larmor
