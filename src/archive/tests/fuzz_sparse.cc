#include <cstdint>

#include "archive/tar.h"
#include "archive/tests/tar_by_hand.h"

namespace {

using namespace larmor;
using namespace larmor::archive;

std::string octal(std::size_t size) {
    char digits[12];
    std::snprintf(digits, sizeof digits, "%011zo", size);
    return digits;
}

/// `keyword=value` lines as records of pax.
std::string records_of(std::string_view lines) {
    std::string records;
    while (!lines.empty()) {
        const auto line = lines.substr(0, lines.find('\n'));
        lines.remove_prefix(std::min(lines.size(), line.size() + 1));
        auto length = line.size() + 3;
        while (std::to_string(length).size() + line.size() + 2 != length) ++length;
        records += std::to_string(length) + ' ' + std::string(line) + '\n';
    }
    return records;
}

/// A tar whose first member is sparse, as the input says, and whose headers are sound.
std::string archive_of(std::uint8_t form, std::size_t stored, std::string_view map) {
    const auto split = map.find('\f');
    const auto front = map.substr(0, split);
    const auto behind = split == std::string_view::npos ? "" : map.substr(split + 1);
    const std::string bytes(stored, 'd');
    if (form % 2 == 0) {
        // Old GNU: the entries in the header, then those of further blocks.
        constexpr std::size_t kEntriesAt = 386, kEntriesBytes = 109;
        auto block = header("s", octal(stored), 'S');
        const auto entries = map.substr(0, kEntriesBytes);
        block.replace(kEntriesAt, entries.size(), entries);
        return with_checksum(std::move(block)) +
               padded(std::string(map.substr(entries.size()))) + padded(bytes);
    }
    const auto records = records_of(front);
    const auto content = padded(std::string(behind)) + bytes;
    return header("x", octal(records.size()), 'x') + padded(records) +
           header("s", octal(content.size()), '0') + padded(content);
}

}  // namespace

/// A sparse member with any map: what it gives is as much as it says, within the limits, and
/// the member behind it is there as long as the map of old GNU doesn't reach into it.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 3) return 0;
    const auto map = as_text(std::as_bytes(std::span(data, size))).substr(3);
    const auto stored = static_cast<std::size_t>(data[1] | data[2] << 8);
    const auto tar = archive_of(data[0], stored, map) + header("last", "1", '0') + padded("z");
    const Limits limits{.ratio_max = 1100, .total_max_bytes = 8U << 20, .path_max_bytes = 1024};
    auto reader = read_tar(std::make_unique<MemorySource>(as_bytes(tar)), limits);
    ByteBuffer piece(4096);
    for (;;) {
        const auto member = reader->next();
        if (!member || !*member) return 0;
        LARMOR_CHECK((*member)->kind != MemberKind::Unreadable || !(*member)->problem.empty());
        std::uint64_t given = 0;
        for (;;) {
            const auto count = reader->read(piece);
            const bool is_end = count && *count == 0;
            LARMOR_CHECK(!is_end || (*member)->kind != MemberKind::File ||
                         given == (*member)->size_bytes);
            if (!count || is_end) break;
            given += *count;
            LARMOR_CHECK(given <= (*member)->size_bytes && given <= limits.total_max_bytes);
        }
    }
}
