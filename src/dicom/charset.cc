#include "dicom/charset.h"

#include <array>
#include <cstring>

#include "dicom/charset_iconv.h"
#include "dicom/charset_tables.h"

namespace larmor::dicom {
namespace {

enum class Kind : std::uint8_t { CodeExtensions, Utf8, Gb18030, Gbk };

/// A defined term: what its set designates to G0 and G1 when it is the first value.
struct Term {
    std::string_view name;  ///< normalised: without `ISO`, `2022` and `IR`
    Kind kind = Kind::CodeExtensions;
    const CodedSet* g0 = &kAscii;
    const CodedSet* g1 = nullptr;
};

/// Source: PS3.3 tables C.12-2 to C.12-5. The first row stands for a missing, empty or unknown
/// value.
constexpr std::array<Term, 22> kTerms{{
    {"6", Kind::CodeExtensions, &kAscii, nullptr},
    {"100", Kind::CodeExtensions, &kAscii, &kCodedSets[0]},
    {"101", Kind::CodeExtensions, &kAscii, &kCodedSets[1]},
    {"109", Kind::CodeExtensions, &kAscii, &kCodedSets[2]},
    {"110", Kind::CodeExtensions, &kAscii, &kCodedSets[3]},
    {"144", Kind::CodeExtensions, &kAscii, &kCodedSets[4]},
    {"127", Kind::CodeExtensions, &kAscii, &kCodedSets[5]},
    {"126", Kind::CodeExtensions, &kAscii, &kCodedSets[6]},
    {"138", Kind::CodeExtensions, &kAscii, &kCodedSets[7]},
    {"148", Kind::CodeExtensions, &kAscii, &kCodedSets[8]},
    {"203", Kind::CodeExtensions, &kAscii, &kCodedSets[9]},
    {"166", Kind::CodeExtensions, &kAscii, &kCodedSets[10]},
    {"13", Kind::CodeExtensions, &kJisRoman, &kJisKatakana},
    {"87", Kind::CodeExtensions, &kCodedSets[11], nullptr},
    {"159", Kind::CodeExtensions, &kCodedSets[12], nullptr},
    {"149", Kind::CodeExtensions, &kAscii, &kCodedSets[13]},
    {"58", Kind::CodeExtensions, &kAscii, &kCodedSets[14]},
    {"192", Kind::Utf8, &kAscii, nullptr},
    {"GB18030", Kind::Gb18030, &kAscii, nullptr},
    {"GBK", Kind::Gbk, &kAscii, nullptr},
    {"UTF8", Kind::Utf8, &kAscii, nullptr},
    {"14", Kind::CodeExtensions, &kJisRoman, &kJisKatakana},
}};

/// The row of one value of (0008,0005), spelt with any of ` _-` and in either case.
std::uint32_t term_of(std::string_view value) {
    std::array<char, 16> letters{};
    std::size_t count = 0;
    for (const char c : value) {
        if (c == ' ' || c == '_' || c == '-' || c == '\0') continue;
        if (count == letters.size()) return 0;
        letters[count++] = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    }
    std::string_view name(letters.data(), count);
    for (const std::string_view prefix : {"ISO", "2022", "IR"}) {
        if (name.starts_with(prefix)) name.remove_prefix(prefix.size());
    }
    for (std::uint32_t i = 0; i < kTerms.size(); ++i) {
        if (kTerms[i].name == name) return i;
    }
    return 0;
}

/// What text may return to at a delimiter, and where code extensions have led.
struct Designation {
    const CodedSet* g0;
    const CodedSet* g1;
};

Designation initial_of(std::uint32_t first) {
    const Term& term = kTerms[first];
    // A set of two bytes cannot be initial in G0 (PS3.3 section C.12.1.1.2): ASCII must be
    // there.
    const bool wide = term.g0->bytes_per_character != 1;
    return {wide ? &kAscii : term.g0, term.g1};
}

void append_utf8(std::string& out, char32_t c) {
    if (c < 0x80) {
        out += static_cast<char>(c);
    } else if (c < 0x800) {
        out += static_cast<char>(0xc0 | c >> 6);
        out += static_cast<char>(0x80 | (c & 0x3f));
    } else {
        out += static_cast<char>(0xe0 | c >> 12);
        out += static_cast<char>(0x80 | (c >> 6 & 0x3f));
        out += static_cast<char>(0x80 | (c & 0x3f));
    }
}
constexpr char32_t kReplacement = 0xfffd;

bool has_delimiters(Vr vr) {
    return vr != vr::ST && vr != vr::LT && vr != vr::UT;
}
/// Where the initial sets come back. Source: PS3.5 section 6.1.2.5.3.
bool is_line_control(unsigned char c) {
    return c == '\t' || c == '\n' || c == '\f' || c == '\r';
}
bool returns_to_initial(unsigned char c, Vr vr) {
    return is_line_control(c) || (c == '\\' && has_delimiters(vr)) ||
           (vr == vr::PN && (c == '^' || c == '='));
}

Decoding decode_code_extensions(std::string_view value, Vr vr, Designation initial,
                                std::string& out) {
    Designation now = initial;
    bool exact = true;
    const auto append = [&](char32_t character) {
        exact &= character != 0;
        append_utf8(out, character != 0 ? character : kReplacement);
    };
    for (std::size_t i = 0; i < value.size();) {
        const auto byte = static_cast<unsigned char>(value[i]);
        if (byte == 0x1b) {
            if (const CodedSet* set = designated_by(value.substr(i))) {
                (set->element == CodeElement::G0 ? now.g0 : now.g1) = set;
                i += set->escape.size();
                continue;
            }
        }
        if (byte <= 0x20 || byte == 0x7f) {
            out += static_cast<char>(byte);
            if (is_line_control(byte)) now = initial;
            ++i;
            continue;
        }
        const CodedSet* set = byte < 0x80 ? now.g0 : now.g1;
        if (byte < 0x80 && set->bytes_per_character == 1) {
            const bool delimiter = returns_to_initial(byte, vr);
            append(delimiter ? byte : set->character(byte));
            if (delimiter) now = initial;
            ++i;
            continue;
        }
        if (set == nullptr) set = &kLatin1;
        if (set->bytes_per_character == 1) {
            append(set->character(byte));
            ++i;
            continue;
        }
        const unsigned second =
            i + 1 < value.size() ? static_cast<unsigned char>(value[i + 1]) : 0;
        const bool same_half = (second & 0x80) == (byte & 0x80U) && (second & 0x7f) > 0x20;
        const char32_t character =
            same_half ? set->character((byte & 0x7fU) << 8 | (second & 0x7f)) : 0;
        append(character);
        // A pair without meaning is one character lost, half of one lets the rest be read.
        i += same_half ? 2 : 1;
    }
    return exact ? Decoding::Exact : Decoding::Repaired;
}

/// How far the well-formed UTF-8 at `text` goes: its count of bytes, or nothing and in
/// `bad` the bytes of the maximal subpart.
std::size_t utf8_character(std::string_view text, std::size_t& bad) {
    const auto byte = [&](std::size_t i) {
        return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
    };
    const unsigned lead = byte(0);
    if (lead < 0x80) return 1;
    bad = 1;
    if (lead < 0xc2 || lead > 0xf4) return 0;
    const std::size_t count = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    const unsigned low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    const unsigned high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    if (byte(1) < low || byte(1) > high) return 0;
    for (bad = 2; bad < count; ++bad) {
        if ((byte(bad) & 0xc0) != 0x80) return 0;
    }
    return count;
}

char32_t utf8_value(std::string_view character) {
    char32_t value = static_cast<unsigned char>(character[0]);
    if (character.size() > 1) value &= 0xffU >> (character.size() + 1);
    for (const char c : character.substr(1)) {
        value = value << 6 | (static_cast<unsigned char>(c) & 0x3fU);
    }
    return value;
}

/// Writes one value; `may_extend` when more than the first value of (0008,0005) may be used.
class Encoder {
public:
    Encoder(std::uint32_t first, std::uint32_t listed, Vr vr, std::string& out)
        : initial_(initial_of(first)), now_(initial_), listed_(listed), vr_(vr), out_(out) {}

    bool put(char32_t character) {
        if (character == 0x1b) return false;  // would start an escape sequence
        if (character < 0x80 &&
            returns_to_initial(static_cast<unsigned char>(character), vr_)) {
            finish();
            out_ += static_cast<char>(character);
            now_ = initial_;
            return true;
        }
        if (character <= 0x20 || character == 0x7f) {
            finish();
            out_ += static_cast<char>(character);
            return true;
        }
        return put_in(now_.g0, character) || put_in(now_.g1, character) ||
               put_extended(character);
    }

    /// G0 must be as at the start before a delimiter and at the end; G1 needs nothing.
    void finish() {
        if (now_.g0 == initial_.g0) return;
        out_ += initial_.g0->escape;
        now_.g0 = initial_.g0;
    }

private:
    /// The code of `character` in `set`; 0 for none.
    unsigned code_in(const CodedSet* set, char32_t character) const {
        if (set == nullptr) return 0;
        // The yen sign of JIS X 0201 would be read as a delimiter.
        if (set == &kJisRoman && character == 0xa5 && has_delimiters(vr_)) return 0;
        return set->code(character);
    }

    bool put_in(const CodedSet* set, char32_t character) {
        const unsigned code = code_in(set, character);
        if (code == 0) return false;
        const unsigned half = set->element == CodeElement::G1 ? 0x80 : 0;
        if (set->bytes_per_character == 2) out_ += static_cast<char>(code >> 8 | half);
        out_ += static_cast<char>((code & 0xff) | half);
        return true;
    }

    bool designate_and_put(const CodedSet* set, char32_t character) {
        if (code_in(set, character) == 0) return false;
        out_ += set->escape;
        (set->element == CodeElement::G0 ? now_.g0 : now_.g1) = set;
        return put_in(set, character);
    }

    bool put_extended(char32_t character) {
        // Without a second value there are no code extensions, but the way back is always open.
        if (now_.g0 != initial_.g0 && code_in(initial_.g0, character) != 0) {
            finish();
            return put_in(initial_.g0, character);
        }
        const bool extends = (listed_ & (listed_ - 1)) != 0;
        if (!extends) return false;
        if (designate_and_put(&kAscii, character)) return true;
        for (std::size_t i = 0; i < kTerms.size(); ++i) {
            if ((listed_ >> i & 1) == 0) continue;
            if (designate_and_put(kTerms[i].g1, character)) return true;
            if (kTerms[i].g0 != &kAscii && designate_and_put(kTerms[i].g0, character))
                return true;
        }
        return false;
    }

    Designation initial_;
    Designation now_;
    std::uint32_t listed_;
    Vr vr_;
    std::string& out_;
};

}  // namespace

CharacterSet::CharacterSet(std::string_view specific_character_set) {
    for (std::size_t begin = 0, index = 0; begin <= specific_character_set.size(); ++index) {
        const auto end =
            std::min(specific_character_set.find('\\', begin), specific_character_set.size());
        const auto term = term_of(specific_character_set.substr(begin, end - begin));
        if (index == 0) first_ = term;
        listed_ |= 1U << term;
        begin = end + 1;
    }
}

bool CharacterSet::is_utf8() const {
    return kTerms[first_].kind == Kind::Utf8;
}

bool CharacterSet::starts_in_ascii() const {
    return kTerms[first_].g0 != &kJisRoman;
}

Decoding CharacterSet::decode(std::string_view value, Vr vr, std::string& out) const {
    if (starts_in_ascii() && is_plain_ascii(value)) {
        out += value;
        return Decoding::Exact;
    }
    if (!uses_character_set(vr)) {
        for (const char c : value) append_utf8(out, static_cast<unsigned char>(c));
        return Decoding::Exact;
    }
    switch (kTerms[first_].kind) {
        case Kind::Utf8:
            return append_repaired_utf8(out, value);
        case Kind::Gb18030:
            return decode_by_iconv("GB18030", value, out);
        case Kind::Gbk:
            return decode_by_iconv("GBK", value, out);
        case Kind::CodeExtensions:
            break;
    }
    return decode_code_extensions(value, vr, initial_of(first_), out);
}

bool CharacterSet::encode(std::string_view text, Vr vr, std::string& out) const {
    const std::size_t before = out.size();
    const Kind kind = kTerms[first_].kind;
    if (kind == Kind::Gb18030) return encode_by_iconv("GB18030", text, out);
    if (kind == Kind::Gbk) return encode_by_iconv("GBK", text, out);

    Encoder encoder(first_, listed_ | 1U << first_, vr, out);
    for (std::size_t i = 0; i < text.size();) {
        std::size_t bad = 0;
        const std::size_t count = utf8_character(text.substr(i), bad);
        const bool done = count != 0 && (kind == Kind::Utf8 ||
                                         encoder.put(utf8_value(text.substr(i, count))));
        if (!done) {
            out.resize(before);
            return false;
        }
        i += count;
    }
    if (kind == Kind::Utf8) {
        out += text;
    } else {
        encoder.finish();
    }
    return true;
}

bool is_plain_ascii(std::string_view bytes) {
    const char* at = bytes.data();
    std::size_t left = bytes.size();
    constexpr std::uint64_t kHighBits = 0x8080808080808080;
    for (; left >= 8; at += 8, left -= 8) {
        std::uint64_t word;
        std::memcpy(&word, at, 8);
        // A byte is ESC where the exclusive or is 0, and only there the subtraction borrows.
        const std::uint64_t escape = word ^ 0x1b1b1b1b1b1b1b1b;
        if (((word | ((escape - 0x0101010101010101) & ~escape)) & kHighBits) != 0) return false;
    }
    for (; left > 0; ++at, --left) {
        if (static_cast<unsigned char>(*at) >= 0x80 || *at == 0x1b) return false;
    }
    return true;
}

Decoding append_repaired_utf8(std::string& out, std::string_view text) {
    Decoding decoding = Decoding::Exact;
    std::size_t plain = 0;
    for (std::size_t i = 0; i < text.size();) {
        std::size_t bad = 0;
        const std::size_t count = utf8_character(text.substr(i), bad);
        i += count;
        if (count != 0) continue;
        out.append(text, plain, i - plain);
        append_utf8(out, kReplacement);
        i += bad;
        plain = i;
        decoding = Decoding::Repaired;
    }
    out.append(text, plain, text.size() - plain);
    return decoding;
}

}  // namespace larmor::dicom
