#include "dicom/dump.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <map>
#include <utility>

#include "dicom/byte_order.h"
#include "dicom/dictionary.h"
#include "dicom/tags.h"
#include "dicom/uids.h"

namespace larmor::dicom {

namespace {

constexpr std::string_view kHex = "0123456789abcdef";
constexpr std::size_t kIndent = 2;

void append_padded(std::string& out, std::string_view text, std::size_t width) {
    out += text;
    if (text.size() < width) out.append(width - text.size(), ' ');
}

void append_number(std::string& out, auto value) {
    std::array<char, 32> digits;
    const auto end = std::to_chars(digits.begin(), digits.end(), value).ptr;
    out.append(digits.begin(), end);
}

/// The length of the well-formed UTF-8 character at the front that is no control character, or
/// 0.
std::size_t printable(std::string_view text) {
    const auto byte = [&](std::size_t i) {
        return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
    };
    const auto follows = [&](std::size_t i) { return (byte(i) & 0xc0U) == 0x80U; };
    const unsigned first = byte(0);
    if (first >= 0x20 && first < 0x7f) return 1;
    if (first >= 0xc3 && first < 0xe0 && follows(1)) return 2;
    if (first == 0xc2 && byte(1) >= 0xa0 && follows(1)) return 2;
    if (first >= 0xe0 && first < 0xf0 && follows(1) && follows(2)) {
        const bool overlong = first == 0xe0 && byte(1) < 0xa0;
        const bool surrogate = first == 0xed && byte(1) >= 0xa0;
        return overlong || surrogate ? 0 : 3;
    }
    if (first >= 0xf0 && first < 0xf5 && follows(1) && follows(2) && follows(3)) {
        const bool outside =
            (first == 0xf0 && byte(1) < 0x90) || (first == 0xf4 && byte(1) >= 0x90);
        return outside ? 0 : 4;
    }
    return 0;
}

void append_text(std::string& out, std::string_view text) {
    while (!text.empty()) {
        const std::size_t size = printable(text);
        if (size > 0) {
            out += text.substr(0, size);
        } else {
            const auto byte = static_cast<unsigned char>(text.front());
            out += "\\x";
            out += kHex[byte >> 4U];
            out += kHex[byte & 0xfU];
        }
        text.remove_prefix(std::max<std::size_t>(size, 1));
    }
}

/// One data set: meta group or the rest.
class Dump {
public:
    Dump(Bytes data_set, Encoding encoding, const DumpOptions& options, std::string& out)
        : reader_(data_set, encoding), options_(options), out_(out) {}

    Result<void> run() {
        for (Token token;;) {
            encoding_ = reader_.encoding();
            if (!reader_.advance(token)) return tl::unexpected(reader_.error());
            if (token.kind == TokenKind::End) return {};
            line(token);
        }
    }

private:
    void line(const Token& token) {
        const bool end = token.kind == TokenKind::ItemEnd ||
                         token.kind == TokenKind::SequenceEnd ||
                         token.kind == TokenKind::FragmentsEnd;
        if (end && token.value_offset == token.offset) return;  // nothing is there

        if (options_.offsets) {
            std::array<char, 24> offset;
            const int size =
                std::snprintf(offset.data(), offset.size(), "%08zx ", token.offset);
            out_.append(offset.data(), static_cast<std::size_t>(size));
        }
        const bool in_sequence = token.tag.group == kItem.group;
        out_.append(kIndent * (2 * token.depth + (in_sequence ? 1 : 0)), ' ');
        out_ += to_string(token.tag);
        out_ += ' ';
        out_ += in_sequence ? "--" : to_string(token.vr);
        out_ += ' ';
        std::string length;
        if (token.length == kUndefinedLength) {
            length = "u/l";
        } else {
            append_number(length, token.length);
        }
        append_padded(out_, length, 6);
        out_ += ' ';
        append_padded(out_, name_of(token), token.value.empty() ? 0 : 30);
        if (!token.value.empty()) {
            out_ += ' ';
            append_value(token);
        }
        out_ += '\n';
    }

    std::string_view name_of(const Token& token) {
        switch (token.kind) {
            case TokenKind::ItemStart:
                // Creators hold within their own data set.
                std::erase_if(creators_, [&](const auto& entry) {
                    return std::get<0>(entry.first) > token.depth;
                });
                return "Item";
            case TokenKind::ItemEnd:
                return "ItemDelimitationItem";
            case TokenKind::SequenceEnd:
            case TokenKind::FragmentsEnd:
                return "SequenceDelimitationItem";
            case TokenKind::Fragment:
                return "Fragment";
            default:
                break;
        }
        const Tag tag = token.tag;
        if (!tag.is_private() || tag.element < 0x1000) {
            if (tag.is_private() && tag.element >= 0x10 && tag.element <= 0xff) {
                creators_[{token.depth, tag.group, tag.element}] =
                    find_private_creator(as_text(token.value));
            }
            const auto keyword = keyword_of(tag);
            return keyword.empty() ? "?" : keyword;
        }
        const auto creator = creators_.find(
            {token.depth, tag.group, static_cast<std::uint16_t>(tag.element >> 8)});
        if (creator == creators_.end()) return "?";
        const auto entry = find_private_entry(creator->second, tag);
        return entry ? entry->keyword : "?";
    }

    void append_value(const Token& token) {
        const ByteOrder order = encoding_.order;
        switch (token.vr) {
            case vr::US:
                return append_numbers<std::uint16_t>(token.value, order);
            case vr::SS:
                return append_numbers<std::int16_t>(token.value, order);
            case vr::UL:
                return append_numbers<std::uint32_t>(token.value, order);
            case vr::SL:
                return append_numbers<std::int32_t>(token.value, order);
            case vr::UV:
                return append_numbers<std::uint64_t>(token.value, order);
            case vr::SV:
                return append_numbers<std::int64_t>(token.value, order);
            case vr::FL:
                return append_floats<std::uint32_t, float>(token.value, order);
            case vr::FD:
                return append_floats<std::uint64_t, double>(token.value, order);
            case vr::AT:
                return append_each(token.value, 4, [&](const std::byte* from) {
                    out_ += to_string(Tag(load<std::uint16_t>(from, order),
                                          load<std::uint16_t>(from + 2, order)));
                });
            default:
                break;
        }
        if (is_binary(token.vr) || !is_known(token.vr) || token.kind == TokenKind::Fragment) {
            return append_bytes(token.value);
        }
        std::string_view text = as_text(token.value);
        while (!text.empty() && (text.back() == '\0' || text.back() == ' '))
            text.remove_suffix(1);
        out_ += '[';
        append_text(out_, text.substr(0, options_.preview_max_bytes));
        out_ += text.size() > options_.preview_max_bytes ? "...]" : "]";
        if (token.vr == vr::UI) {
            if (const auto uid = find_uid(text)) (out_ += ' ') += uid->name;
        }
    }

    void append_each(Bytes value, std::size_t unit, auto&& append_one) {
        const std::size_t count = value.size() / unit;
        const std::size_t shown =
            std::min(count, std::max<std::size_t>(options_.preview_max_bytes / unit, 1));
        for (std::size_t i = 0; i < shown; ++i) {
            if (i > 0) out_ += '\\';
            append_one(&value[i * unit]);
        }
        if (shown < count) out_ += "...";
    }
    template <typename T>
    void append_numbers(Bytes value, ByteOrder order) {
        append_each(value, sizeof(T),
                    [&](const std::byte* from) { append_number(out_, load<T>(from, order)); });
    }
    template <typename U, typename T>
    void append_floats(Bytes value, ByteOrder order) {
        append_each(value, sizeof(U), [&](const std::byte* from) {
            append_number(out_, std::bit_cast<T>(load<U>(from, order)));
        });
    }
    void append_bytes(Bytes value) {
        append_each(value, 1, [&](const std::byte* from) {
            const auto byte = static_cast<unsigned char>(*from);
            out_ += kHex[byte >> 4U];
            out_ += kHex[byte & 0xfU];
        });
    }

    Reader reader_;
    Encoding encoding_;  ///< of the token at hand
    const DumpOptions& options_;
    std::string& out_;
    /// (depth, group, block) to a creator of the dictionary.
    std::map<std::tuple<unsigned, std::uint16_t, std::uint16_t>, int> creators_;
};

}  // namespace

Result<void> dump_text(const File& file, std::string& out, const DumpOptions& options) {
    if (!file.meta.empty()) {
        out += "# file meta information\n";
        TRY_VOID(Dump(file.meta, file.meta_encoding, options, out).run());
    }
    out += "# data set, ";
    out += file.transfer_syntax == nullptr ? file.transfer_syntax_uid
                                           : std::string(file.transfer_syntax->name);
    if (file.inflated) out += ", offsets after inflation";
    out += '\n';
    return Dump(file.data_set, file.encoding, options, out).run();
}

}  // namespace larmor::dicom
