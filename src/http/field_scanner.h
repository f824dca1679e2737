#pragma once
#include <string>
#include <string_view>

#include "base/result.h"
#include "http/headers.h"

namespace larmor::http {

/// True for the characters of a token: names of fields, methods, parameters (RFC 9110 section
/// 5.6.2).
constexpr bool is_token_char(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

inline std::string to_lower(std::string_view text) {
    std::string lower(text);
    for (char& c : lower) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
    }
    return lower;
}

/// Walks over the value of a structured field. Internal to http.
class FieldScanner {
public:
    explicit FieldScanner(std::string_view text) : text_(text) {}

    bool at_end() const { return at_ >= text_.size(); }
    std::size_t offset() const { return at_; }
    void skip_space() {
        while (!at_end() && (text_[at_] == ' ' || text_[at_] == '\t')) ++at_;
    }
    /// Takes `c` if it is next.
    bool take(char c) {
        if (at_end() || text_[at_] != c) return false;
        ++at_;
        return true;
    }
    /// The longest run of token characters, possibly empty.
    std::string_view token() {
        const auto begin = at_;
        while (!at_end() && is_token_char(text_[at_])) ++at_;
        return text_.substr(begin, at_ - begin);
    }
    /// A quoted string, unescaped, after its opening quote was taken.
    Result<std::string> quoted_rest() {
        std::string value;
        while (!at_end()) {
            char c = text_[at_++];
            if (c == '"') return value;
            if (c == '\\') {
                if (at_end()) break;
                c = text_[at_++];
            }
            if ((static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f) {
                return invalid_at(at_ - 1, "control character in a quoted string");
            }
            value += c;
        }
        return invalid_at(at_, "quoted string has no end");
    }
    /// Skips up to and over the next `c`, or to the end.
    void skip_past(char c) {
        const auto found = text_.find(c, at_);
        at_ = found == std::string_view::npos ? text_.size() : found + 1;
    }

private:
    std::string_view text_;
    std::size_t at_ = 0;
};

}  // namespace larmor::http
