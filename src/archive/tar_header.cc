#include "archive/tar_header.h"

#include <charconv>

#include "archive/tar.h"

namespace larmor::archive {
namespace {

// Name, offset and size of the fields, POSIX.1-2017 `pax`, ustar interchange format.
constexpr std::size_t kNameSize = 100, kSizeAt = 124, kSizeSize = 12, kChecksumAt = 148,
                      kChecksumSize = 8, kTypeAt = 156, kLinkAt = 157, kLinkSize = 100,
                      kMagicAt = 257, kPrefixAt = 345, kPrefixSize = 155;
// star (1991) keeps two times behind a shorter prefix and signs the block's end.
constexpr std::size_t kStarPrefixSize = 131, kStarMagicAt = 508;

std::string_view text_field(Bytes block, std::size_t offset, std::size_t size) {
    const auto field = as_text(block.subspan(offset, size));
    return field.substr(0, field.find('\0'));
}

std::optional<std::uint64_t> read_base256(Bytes field) {
    auto value = static_cast<std::uint64_t>(field[0]) & 0x3f;
    if ((field[0] & std::byte{0x40}) != std::byte{0}) {
        return std::nullopt;  // negative
    }
    for (const auto digit : field.subspan(1)) {
        if (value >> 55 != 0) {
            return std::nullopt;
        }
        value = value << 8 | static_cast<std::uint64_t>(digit);
    }
    return value;
}

}  // namespace

std::optional<std::uint64_t> read_tar_number(Bytes field) {
    if ((field[0] & std::byte{0x80}) != std::byte{0}) {
        return read_base256(field);
    }
    auto text = as_text(field);
    const auto blanks = std::string_view(" \0", 2);
    const auto first = text.find_first_not_of(blanks);
    if (first == std::string_view::npos) {
        return 0;
    }
    text = text.substr(first, text.find_last_not_of(blanks) - first + 1);
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 8);
    // Some writers leave rubbish behind the NUL that ends the digits.
    const bool ended = end == text.data() + text.size() || *end == '\0' || *end == ' ';
    if (error != std::errc() || !ended || value >> 63 != 0) {
        return std::nullopt;
    }
    return value;
}

bool is_tar_header(Bytes block) {
    if (block.size() < kTarBlockBytes) {
        return false;
    }
    const auto field = block.subspan(kChecksumAt, kChecksumSize);
    const auto stored = read_tar_number(field);
    if (!stored || *stored == 0) {
        return false;
    }
    // The field itself counts as blanks. Old writers added signed characters.
    std::int64_t as_unsigned = kChecksumSize * ' ', as_signed = kChecksumSize * ' ';
    for (std::size_t i = 0; i < kTarBlockBytes; ++i) {
        if (i < kChecksumAt || i >= kChecksumAt + kChecksumSize) {
            as_unsigned += std::to_integer<unsigned char>(block[i]);
            as_signed += std::to_integer<signed char>(block[i]);
        }
    }
    const auto expected = static_cast<std::int64_t>(*stored);
    return expected == as_unsigned || expected == as_signed;
}

Result<TarHeader> read_tar_header(Bytes block, std::uint64_t offset) {
    TarHeader header;
    header.type = static_cast<char>(block[kTypeAt]);
    header.path = text_field(block, 0, kNameSize);
    header.link_path = text_field(block, kLinkAt, kLinkSize);
    if (as_text(block.subspan(kMagicAt, 6)) == std::string_view("ustar\0", 6)) {
        const bool star =
            as_text(block.subspan(kStarMagicAt, 4)) == std::string_view("tar\0", 4);
        const auto prefix = text_field(block, kPrefixAt, star ? kStarPrefixSize : kPrefixSize);
        if (!prefix.empty()) {
            header.path = std::string(prefix) + "/" + header.path;
        }
    }
    const auto size = read_tar_number(block.subspan(kSizeAt, kSizeSize));
    if (!size) {
        return invalid_at(offset + kSizeAt, "a tar header whose size is no number");
    }
    header.size_bytes = *size;
    return header;
}

bool has_full_name(Bytes block) {
    return text_field(block, 0, kNameSize).size() == kNameSize;
}

Result<void> read_pax_records(std::string_view text, std::map<std::string, std::string>& into) {
    std::size_t at = 0;
    while (at < text.size()) {
        const auto rest = text.substr(at);
        std::size_t length = 0;
        const auto [end, error] =
            std::from_chars(rest.data(), rest.data() + rest.size(), length);
        const auto digits = static_cast<std::size_t>(end - rest.data());
        if (error != std::errc() || digits + 2 > length || length > rest.size() ||
            rest[digits] != ' ' || rest[length - 1] != '\n') {
            return invalid_at(at, "a pax record with a wrong length");
        }
        const auto record = rest.substr(digits + 1, length - digits - 2);
        const auto equals = record.find('=');
        if (equals == std::string_view::npos || equals == 0) {
            return invalid_at(at, "a pax record without keyword and `=`");
        }
        const std::string keyword(record.substr(0, equals));
        const auto value = record.substr(equals + 1);
        if (keyword == "GNU.sparse.offset" || keyword == "GNU.sparse.numbytes") {
            auto& list = into["GNU.sparse.map"];
            list += list.empty() ? "" : ",";
            list += value;
        } else if (value.empty()) {
            into.erase(keyword);
        } else {
            into[keyword] = value;
        }
        at += length;
    }
    return {};
}

}  // namespace larmor::archive
