#include "healthimaging/frame_id.h"

#include <array>

#include "base/hash.h"

namespace larmor::healthimaging {
namespace {

constexpr std::size_t kIdSize = 32;
constexpr unsigned kRounds = 4;

/// A Feistel network (Luby and Rackoff 1988): whatever the round function is, it can be undone.
struct Halves {
    std::uint64_t left = 0;
    std::uint64_t right = 0;
};

std::uint64_t round_of(std::uint64_t half, unsigned round, std::uint64_t key) {
    std::array<std::byte, 8> bytes{};
    store_little(bytes.data(), half);
    return xxh3(bytes, key + round);
}
std::uint64_t key_of(std::string_view datastore_id) {
    return xxh3(as_bytes(datastore_id));
}

Halves encipher(Halves halves, std::uint64_t key) {
    for (unsigned round = 0; round < kRounds; ++round) {
        halves = {halves.right, halves.left ^ round_of(halves.right, round, key)};
    }
    return halves;
}
Halves decipher(Halves halves, std::uint64_t key) {
    for (unsigned round = kRounds; round-- > 0;) {
        halves = {halves.right ^ round_of(halves.left, round, key), halves.left};
    }
    return halves;
}

}  // namespace

std::string to_frame_id(const FrameName& name, std::string_view datastore_id) {
    const Halves halves =
        encipher({static_cast<std::uint64_t>(objects::to_int64(name.file)), name.frame},
                 key_of(datastore_id));
    std::array<std::byte, 16> bytes{};
    store_big(bytes.data(), halves.left);
    store_big(bytes.data() + 8, halves.right);
    return to_hex(bytes);
}

std::optional<FrameName> parse_frame_id(std::string_view id, std::string_view datastore_id) {
    const auto bytes = from_hex(id);
    if (id.size() != kIdSize || !bytes) return std::nullopt;
    const Halves halves = decipher(
        {load_big<std::uint64_t>(bytes->data()), load_big<std::uint64_t>(bytes->data() + 8)},
        key_of(datastore_id));
    // The upper half of the frame's word is empty in every id that was given out.
    if (halves.right > UINT32_MAX || halves.left == 0 || halves.left > INT64_MAX) {
        return std::nullopt;
    }
    const FrameName name{objects::ObjectId{static_cast<std::int64_t>(halves.left)},
                         static_cast<std::uint32_t>(halves.right)};
    // Digits in capitals would be a second name for the same frame.
    if (to_frame_id(name, datastore_id) != id) return std::nullopt;
    return name;
}

}  // namespace larmor::healthimaging
