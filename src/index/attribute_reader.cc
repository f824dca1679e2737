#include "index/attribute_reader.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "index/attribute_values.h"

namespace larmor::index {
namespace {

constexpr std::size_t kSizeMax = std::size_t{1} << 30;
constexpr std::size_t kTagDigits = 8;
/// `"GGGGEEEE":`, behind which the object is.
constexpr std::size_t kKeySize = kTagDigits + 3;

/// Of a member that begins there.
std::optional<dicom::Tag> tag_at(std::string_view json, std::size_t begin) {
    if (begin + kKeySize >= json.size() || json[begin] != '"' ||
        json.substr(begin + 1 + kTagDigits, 3) != "\":{") {
        return std::nullopt;
    }
    std::uint32_t number = 0;
    const char* const first = json.data() + begin + 1;
    const auto [end, error] = std::from_chars(first, first + kTagDigits, number, 16);
    if (error != std::errc() || end != first + kTagDigits) return std::nullopt;
    return dicom::Tag::from(number);
}

/// Behind the string whose first character is at `begin`.
std::size_t end_of_string(std::string_view json, std::size_t begin) {
    while (begin < json.size() && json[begin] != '"') begin += json[begin] == '\\' ? 2 : 1;
    return begin + 1;
}

/// Behind the object whose brace is at `begin`; beyond the text where it does not end.
std::size_t end_of_object(std::string_view json, std::size_t begin) {
    std::size_t depth = 0;
    for (std::size_t at = begin; at < json.size();) {
        const char c = json[at++];
        if (c == '"') {
            at = end_of_string(json, at);
        } else if (c == '{') {
            ++depth;
        } else if (c == '}' && --depth == 0) {
            return at;
        }
    }
    return json.size() + 1;
}

/// How many of the first bytes are the same.
std::size_t same_bytes(std::string_view one, std::string_view other) {
    const std::size_t size = std::min(one.size(), other.size());
    std::size_t at = 0;
    constexpr std::size_t kAtOnce = 128;
    while (at + kAtOnce <= size &&
           std::memcmp(one.data() + at, other.data() + at, kAtOnce) == 0) {
        at += kAtOnce;
    }
    while (at < size && one[at] == other[at]) ++at;
    return at;
}

}  // namespace

Result<Values> AttributeReader::read(std::string& json) {
    Values values(tags_.size());
    found_.clear();
    next_ = 0;
    TRY(const bool is_read, read_members(json, values));
    if (!is_read) return read_attribute_values(json, tags_);
    text_.swap(json);
    members_.swap(found_);
    values_ = values;
    return values;
}

Result<bool> AttributeReader::read_members(std::string_view json, Values& values) {
    if (tags_.empty() || !json.starts_with('{') || json.size() > kSizeMax) return false;
    for (std::size_t at = 1;;) {
        at = take_same(json, at, values);
        auto member = member_at(json, at);
        // At the end of all that is wanted the same may have been taken.
        if (!member) return at == json.size() && json.ends_with('}') && !found_.empty();
        if (!found_.empty() && member->tag <= found_.back().tag) return false;
        if (member->tag > tags_.back()) return true;
        if (member->place != kUnwanted) {
            object_.assign(json, at + kKeySize, member->end - at - kKeySize);
            TRY(values[member->place], read_attribute_value(object_));
        }
        at = member->end + 1;
        if (member->end == json.size()) return false;
        const char behind = json[member->end];
        found_.push_back(*std::move(member));
        if (behind == '}') return at == json.size();
        if (behind != ',') return false;
    }
}

std::size_t AttributeReader::take_same(std::string_view json, std::size_t begin,
                                       Values& values) {
    const auto tag = tag_at(json, begin);
    if (!tag || (!found_.empty() && *tag <= found_.back().tag)) return begin;
    // Others may have come or gone.
    while (next_ < members_.size() && members_[next_].tag < *tag) ++next_;
    if (next_ == members_.size()) return begin;
    const std::uint32_t before = members_[next_].begin;
    const std::uint32_t shift = static_cast<std::uint32_t>(begin) - before;
    const auto known = std::string_view(text_).substr(0, members_.back().end + 1);
    const std::size_t same = same_bytes(json.substr(begin), known.substr(before));
    std::size_t end = begin;
    // With the comma or the brace behind it: there the member ends in both.
    for (; next_ < members_.size() && members_[next_].end - before < same; ++next_) {
        Member member = members_[next_];
        member.begin += shift;
        member.end += shift;
        if (member.place != kUnwanted) values[member.place] = values_[member.place];
        end = member.end + 1;
        found_.push_back(member);
    }
    return end;
}

std::optional<AttributeReader::Member> AttributeReader::member_at(std::string_view json,
                                                                  std::size_t begin) const {
    const auto tag = tag_at(json, begin);
    if (!tag) return std::nullopt;
    Member member{.begin = static_cast<std::uint32_t>(begin), .tag = *tag};
    // What follows is of no interest.
    if (*tag > tags_.back()) return member;
    const std::size_t end = end_of_object(json, begin + kKeySize);
    if (end > json.size()) return std::nullopt;
    member.end = static_cast<std::uint32_t>(end);
    const auto at = std::ranges::lower_bound(tags_, *tag);
    if (at != tags_.end() && *at == *tag) {
        member.place = static_cast<std::uint32_t>(at - tags_.begin());
    }
    return member;
}

}  // namespace larmor::index
