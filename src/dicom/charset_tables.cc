#include "dicom/charset_tables.h"

#include <iconv.h>

#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "base/result.h"

namespace larmor::dicom {
namespace {

/// Both directions of one set, filled from iconv: 94 or 94 x 94 calls at its first use.
struct Table {
    std::array<char16_t, 0x8000> to_unicode{};  ///< by code; a single-byte one is 80-FF
    std::unordered_map<char16_t, std::uint16_t> from_unicode;
};

char16_t convert(iconv_t converter, std::string bytes) {
    std::array<char, 8> units;
    char* in = bytes.data();
    char* out = units.data();
    std::size_t in_left = bytes.size();
    std::size_t out_left = units.size();
    ::iconv(converter, nullptr, nullptr, nullptr, nullptr);
    const auto failed = ::iconv(converter, &in, &in_left, &out, &out_left);
    // Two units would be a surrogate pair or a combination: no table here has either.
    if (failed == static_cast<std::size_t>(-1) || in_left != 0 || out - units.data() != 2)
        return 0;
    return static_cast<char16_t>(static_cast<unsigned char>(units[0]) |
                                 static_cast<unsigned char>(units[1]) << 8);
}

std::unique_ptr<const Table> make_table(const CodedSet& set) {
    auto table = std::make_unique<Table>();
    const iconv_t converter = ::iconv_open("UTF-16LE", std::string(set.iconv_name).c_str());
    // The converters are part of the C library's package.
    LARMOR_CHECK(converter != reinterpret_cast<iconv_t>(-1));
    const auto put = [&](unsigned code, std::string bytes) {
        const char16_t character = convert(converter, std::move(bytes));
        if (character == 0) return;
        table->to_unicode[code] = character;
        table->from_unicode.emplace(character, static_cast<std::uint16_t>(code));
    };
    if (set.bytes_per_character == 1) {
        for (unsigned byte = 0x80; byte <= 0xff; ++byte) {
            put(byte, std::string(1, static_cast<char>(byte)));
        }
    } else {
        for (unsigned first = 0x21; first <= 0x7e; ++first) {
            for (unsigned second = 0x21; second <= 0x7e; ++second) {
                put(first << 8 | second, std::string(set.prefix) +
                                             static_cast<char>(first | 0x80) +
                                             static_cast<char>(second | 0x80));
            }
        }
    }
    ::iconv_close(converter);
    return table;
}

const Table& table_of(const CodedSet& set) {
    static std::array<std::once_flag, kCodedSets.size()> once;
    static std::array<std::unique_ptr<const Table>, kCodedSets.size()> tables;
    const auto index = static_cast<std::size_t>(&set - kCodedSets.data());
    std::call_once(once[index], [&] { tables[index] = make_table(set); });
    return *tables[index];
}

}  // namespace

char32_t CodedSet::character(unsigned code) const {
    if (!iconv_name.empty()) return table_of(*this).to_unicode[code & 0x7fff];
    if (this == &kJisKatakana) {
        return code >= 0xa1 && code <= 0xdf ? 0xff61 + (code - 0xa1) : 0;
    }
    if (this == &kJisRoman && code == 0x5c) return 0xa5;    // YEN SIGN
    if (this == &kJisRoman && code == 0x7e) return 0x203e;  // OVERLINE
    return code;
}

unsigned CodedSet::code(char32_t character) const {
    if (!iconv_name.empty()) {
        const auto& table = table_of(*this).from_unicode;
        const auto found =
            character <= 0xffff ? table.find(static_cast<char16_t>(character)) : table.end();
        return found == table.end() ? 0 : found->second;
    }
    if (this == &kJisKatakana) {
        return character >= 0xff61 && character <= 0xff9f
                   ? static_cast<unsigned>(character - 0xff61 + 0xa1)
                   : 0;
    }
    if (this == &kJisRoman) {
        if (character == 0xa5) return 0x5c;
        if (character == 0x203e) return 0x7e;
        if (character == 0x5c || character == 0x7e) return 0;
    }
    return character < 0x80 ? static_cast<unsigned>(character) : 0;
}

const CodedSet* designated_by(std::string_view bytes) {
    for (const CodedSet& set : kCodedSets) {
        if (bytes.starts_with(set.escape)) return &set;
    }
    return nullptr;
}

}  // namespace larmor::dicom
