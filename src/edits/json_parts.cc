#include "edits/json_parts.h"

#include <algorithm>
#include <string>

namespace larmor::edits {
namespace {

/// Reads one text from its front.
class Scanner {
public:
    explicit Scanner(std::string_view text) : text_(text) { skip_blanks(); }

    bool take(char c) {
        if (at_ == text_.size() || text_[at_] != c) return false;
        ++at_;
        skip_blanks();
        return true;
    }
    bool is_at_end() const { return at_ == text_.size(); }

    /// A string with its quotes; empty where there is none.
    std::string_view string() {
        const std::size_t begin = at_;
        if (!pass_string()) return {};
        return taken_since(begin);
    }
    /// Any value up to the comma or bracket behind it; empty where it has no end.
    std::string_view value() {
        const std::size_t begin = at_;
        std::size_t open = 0;
        while (at_ < text_.size()) {
            const char c = text_[at_];
            if (c == '"') {
                if (!pass_string()) return {};
                continue;
            }
            if (c == '{' || c == '[') ++open;
            if (c == '}' || c == ']') {
                if (open == 0) break;
                --open;
            }
            if (c == ',' && open == 0) break;
            ++at_;
        }
        return open == 0 ? taken_since(begin) : std::string_view();
    }

private:
    bool pass_string() {
        if (at_ == text_.size() || text_[at_] != '"') return false;
        for (++at_; at_ < text_.size(); ++at_) {
            if (text_[at_] == '\\') {
                ++at_;
            } else if (text_[at_] == '"') {
                ++at_;
                return true;
            }
        }
        return false;
    }
    std::string_view taken_since(std::size_t begin) {
        auto taken = text_.substr(begin, std::min(at_, text_.size()) - begin);
        while (!taken.empty() && is_blank(taken.back())) taken.remove_suffix(1);
        skip_blanks();
        return taken;
    }
    static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
    void skip_blanks() {
        while (at_ < text_.size() && is_blank(text_[at_])) ++at_;
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

tl::unexpected<Error> broken(std::string_view what) {
    return fail(ErrorCode::Corrupt, "stored JSON is no " + std::string(what));
}

}  // namespace

Result<std::vector<JsonMember>> members_of(std::string_view object) {
    std::vector<JsonMember> members;
    Scanner scanner(object);
    if (!scanner.take('{')) return broken("object");
    if (scanner.take('}')) return members;
    do {
        const auto key = scanner.string();
        if (key.size() < 2 || !scanner.take(':')) return broken("object");
        const auto value = scanner.value();
        if (value.empty()) return broken("object");
        members.push_back({key.substr(1, key.size() - 2), value});
    } while (scanner.take(','));
    if (!scanner.take('}') || !scanner.is_at_end()) return broken("object");
    return members;
}

Result<std::vector<std::string_view>> items_of(std::string_view array) {
    std::vector<std::string_view> items;
    Scanner scanner(array);
    if (!scanner.take('[')) return broken("array");
    if (scanner.take(']')) return items;
    do {
        const auto item = scanner.value();
        if (item.empty()) return broken("array");
        items.push_back(item);
    } while (scanner.take(','));
    if (!scanner.take(']') || !scanner.is_at_end()) return broken("array");
    return items;
}

std::optional<std::string_view> find_member(const std::vector<JsonMember>& members,
                                            std::string_view key) {
    const auto found = std::ranges::find(members, key, &JsonMember::key);
    return found == members.end() ? std::nullopt : std::optional(found->value);
}

}  // namespace larmor::edits
