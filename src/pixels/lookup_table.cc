#include "pixels/lookup_table.h"

#include <algorithm>
#include <string>

namespace larmor::pixels {
namespace {

constexpr std::uint32_t kEntriesMax = 65536;

Result<void> check(const LutDescriptor& descriptor) {
    if (descriptor.entries == 0 || descriptor.entries > kEntriesMax || descriptor.bits < 8 ||
        descriptor.bits > 16) {
        return fail(ErrorCode::InvalidInput,
                    "lookup table: " + std::to_string(descriptor.entries) + " entries of " +
                        std::to_string(descriptor.bits) + " bits");
    }
    return {};
}

std::uint16_t word(Bytes data, std::size_t index, bool big_endian) {
    const auto* at = data.data() + 2 * index;
    return big_endian ? load_big<std::uint16_t>(at) : load_little<std::uint16_t>(at);
}

LookupTable start_table(const LutDescriptor& descriptor) {
    LookupTable table;
    table.first_mapped = descriptor.first_mapped;
    table.bits = descriptor.bits;
    table.values.reserve(descriptor.entries);
    return table;
}

/// The segments as entries (bytes in 8-bit tables, words otherwise), and what they have made
/// so far.
struct Expansion {
    std::vector<std::uint16_t> words;
    std::vector<std::uint16_t>& values;
    std::size_t entries_max;
    bool in_bytes = false;
    /// Segments of length 0, repeated, would cost time and make nothing.
    std::size_t segments_left = words.size() + 2 * entries_max;

    tl::unexpected<Error> broken(std::size_t at, const char* what) const {
        return fail(ErrorCode::InvalidInput, std::string("segmented lookup table: ") + what +
                                                 " at word " + std::to_string(at));
    }

    /// Runs segments from word `at` until `segments_max` or the end of the data.
    Result<void> run(std::size_t at, std::size_t segments_max, bool is_copy) {
        for (std::size_t n = 0; n < segments_max && at < words.size(); ++n) {
            if (words.size() - at < 2) return {};  // padding
            if (segments_left-- == 0) return broken(at, "too many segments");
            const auto opcode = words[at];
            const std::size_t length = words[at + 1];
            at += 2;
            switch (opcode) {
                case 0:
                    TRY_VOID(discrete(at, length));
                    break;
                case 1:
                    TRY_VOID(linear(at, length));
                    break;
                // An indirect segment that copies an indirect one could go on for ever: C.7.9.2
                // forbids it.
                case 2:
                    if (is_copy) return broken(at, "an indirect segment in another");
                    TRY_VOID(indirect(at, length));
                    break;
                default:
                    return broken(at - 2, "an unknown segment");
            }
        }
        return {};
    }

    Result<void> room(std::size_t at, std::size_t count) const {
        if (count > entries_max - values.size())
            return broken(at, "more entries than declared");
        return {};
    }
    Result<void> discrete(std::size_t& at, std::size_t length) {
        if (length > words.size() - at) return broken(at, "a cut segment");
        TRY_VOID(room(at, length));
        values.insert(values.end(), words.begin() + static_cast<std::ptrdiff_t>(at),
                      words.begin() + static_cast<std::ptrdiff_t>(at + length));
        at += length;
        return {};
    }
    /// From the last value (not repeated) to a new one in `length` steps.
    Result<void> linear(std::size_t& at, std::size_t length) {
        if (values.empty()) return broken(at, "a linear segment without a start");
        if (words.size() - at < 1 || length == 0) return broken(at, "a cut segment");
        TRY_VOID(room(at, length));
        const std::int64_t from = values.back();
        const std::int64_t to = words[at++];
        const auto steps = static_cast<std::int64_t>(length);
        for (std::int64_t i = 1; i <= steps; ++i) {
            // Rounded half up, as a line is drawn.
            const auto twice = 2 * (to - from) * i + steps;
            auto step = twice / (2 * steps);
            if (twice < 0 && twice % (2 * steps) != 0) --step;
            values.push_back(static_cast<std::uint16_t>(from + step));
        }
        return {};
    }
    /// Repeats `length` segments from a byte offset in the data.
    Result<void> indirect(std::size_t& at, std::size_t length) {
        const std::size_t parts = in_bytes ? 4 : 2;
        const std::size_t part_bits = in_bytes ? 8 : 16;
        if (words.size() - at < parts) return broken(at, "a cut segment");
        std::size_t offset = 0;
        for (std::size_t i = 0; i < parts; ++i) {
            offset |= static_cast<std::size_t>(words[at + i]) << (i * part_bits);
        }
        at += parts;
        const std::size_t entry_bytes = in_bytes ? 1 : 2;
        if (offset % entry_bytes != 0 || offset / entry_bytes >= words.size()) {
            return broken(at, "an offset outside of the data");
        }
        return run(offset / entry_bytes, length, true);
    }
};

}  // namespace

Result<LookupTable> read_lookup_table(const LutDescriptor& descriptor, Bytes data,
                                      bool big_endian) {
    TRY_VOID(check(descriptor));
    auto table = start_table(descriptor);
    const std::size_t entries = descriptor.entries;
    if (data.size() >= 2 * entries) {
        for (std::size_t i = 0; i < entries; ++i) {
            table.values.push_back(word(data, i, big_endian));
        }
        return table;
    }
    if (data.size() >= entries && descriptor.bits == 8) {
        for (std::size_t i = 0; i < entries; ++i) {
            // Bytes in words: PS3.3 section C.7.6.3.1.6; of a big-endian one the low byte last.
            const auto at = big_endian && i / 2 < data.size() / 2 ? i ^ 1 : i;
            table.values.push_back(static_cast<std::uint8_t>(data[at]));
        }
        return table;
    }
    return fail(ErrorCode::InvalidInput, "lookup table: " + std::to_string(data.size()) +
                                             " bytes for " + std::to_string(entries) +
                                             " entries");
}

Result<LookupTable> read_segmented_lookup_table(const LutDescriptor& descriptor, Bytes data,
                                                bool big_endian) {
    TRY_VOID(check(descriptor));
    auto table = start_table(descriptor);
    const bool in_bytes = descriptor.bits == 8;
    std::vector<std::uint16_t> entries;
    const auto count = in_bytes ? data.size() : data.size() / 2;
    entries.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
        entries.push_back(in_bytes ? static_cast<std::uint8_t>(data[i])
                                   : word(data, i, big_endian));
    }
    Expansion expansion{std::move(entries), table.values, descriptor.entries, in_bytes};
    TRY_VOID(expansion.run(0, count, false));
    if (table.values.size() != descriptor.entries) {
        return fail(ErrorCode::InvalidInput,
                    "segmented lookup table: " + std::to_string(table.values.size()) +
                        " entries of " + std::to_string(descriptor.entries));
    }
    return table;
}

}  // namespace larmor::pixels
