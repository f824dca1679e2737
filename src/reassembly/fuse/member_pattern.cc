#include "reassembly/fuse/member_pattern.h"

#include <unicode/uregex.h>
#include <unicode/ustring.h>

#include <vector>

namespace larmor::reassembly::fuse {
namespace {

/// Nothing for what is no UTF-8.
std::optional<std::vector<UChar>> to_utf16(std::string_view text) {
    std::vector<UChar> out(text.size() + 1);
    int32_t length = 0;
    UErrorCode status = U_ZERO_ERROR;
    u_strFromUTF8(out.data(), static_cast<int32_t>(out.size()), &length, text.data(),
                  static_cast<int32_t>(text.size()), &status);
    if (U_FAILURE(status) != 0) return std::nullopt;
    out.resize(static_cast<std::size_t>(length));
    return out;
}

/// The number of a named group; 0 where the expression has none of that name.
int32_t group_number(URegularExpression* expression, std::string_view name) {
    UErrorCode status = U_ZERO_ERROR;
    const auto number = uregex_groupNumberFromCName(expression, name.data(),
                                                    static_cast<int32_t>(name.size()), &status);
    return U_FAILURE(status) != 0 ? 0 : number;
}

/// What a group matched, which is ASCII in all that we use.
std::string group_text(URegularExpression* expression, int32_t group,
                       const std::vector<UChar>& text) {
    UErrorCode status = U_ZERO_ERROR;
    const auto start = uregex_start(expression, group, &status);
    const auto end = uregex_end(expression, group, &status);
    std::string out;
    if (group == 0 || U_FAILURE(status) != 0 || start < 0) return out;
    for (auto at = start; at < end; ++at) {
        const auto unit = text[static_cast<std::size_t>(at)];
        out += unit < 0x80 ? static_cast<char>(unit) : '?';
    }
    return out;
}

}  // namespace

struct MemberPattern::Compiled {
    struct CloseExpression {
        void operator()(URegularExpression* one) const { uregex_close(one); }
    };
    using Expression = std::unique_ptr<URegularExpression, CloseExpression>;

    Expression expression;
    int32_t uid = 0;
    int32_t frame = 0;
    int32_t extension = 0;
};

Result<MemberPattern> MemberPattern::compile(std::string_view pattern) {
    const auto text = to_utf16(pattern);
    if (!text || text->empty()) {
        return fail(ErrorCode::InvalidInput, "the member pattern is empty or no UTF-8");
    }
    UParseError place{};
    UErrorCode status = U_ZERO_ERROR;
    auto compiled = std::make_shared<Compiled>();
    compiled->expression.reset(
        uregex_open(text->data(), static_cast<int32_t>(text->size()), 0, &place, &status));
    if (U_FAILURE(status) != 0) {
        return fail(
            ErrorCode::InvalidInput,
            "the member pattern is no regular expression: " + std::string(u_errorName(status)) +
                " at character " + std::to_string(place.offset));
    }
    auto* expression = compiled->expression.get();
    compiled->uid = group_number(expression, "uid");
    compiled->frame = group_number(expression, "frame");
    compiled->extension = group_number(expression, "ext");
    if (compiled->uid == 0) {
        return fail(ErrorCode::InvalidInput, "the member pattern has no group (?<uid>...)");
    }
    MemberPattern made;
    made.compiled_ = std::move(compiled);
    return made;
}

std::optional<MemberPattern::Groups> MemberPattern::match(std::string_view path) const {
    // Steps of backtracking, in ICU's units of some 10,000 each, and bytes of its stack.
    constexpr int32_t kStepsMax = 100, kStackMaxBytes = 1 << 20;
    const auto text = to_utf16(path);
    if (!text || text->empty()) return std::nullopt;
    UErrorCode status = U_ZERO_ERROR;
    // Matching changes the object: each call has its own.
    const Compiled::Expression own(uregex_clone(compiled_->expression.get(), &status));
    uregex_setTimeLimit(own.get(), kStepsMax, &status);
    uregex_setStackLimit(own.get(), kStackMaxBytes, &status);
    uregex_setText(own.get(), text->data(), static_cast<int32_t>(text->size()), &status);
    const auto matches = uregex_matches(own.get(), 0, &status);
    if (U_FAILURE(status) != 0 || matches == 0) return std::nullopt;
    Groups groups{.uid = group_text(own.get(), compiled_->uid, *text),
                  .frame = group_text(own.get(), compiled_->frame, *text),
                  .extension = {}};
    if (compiled_->extension != 0) {
        groups.extension = group_text(own.get(), compiled_->extension, *text);
    }
    return groups;
}

}  // namespace larmor::reassembly::fuse
