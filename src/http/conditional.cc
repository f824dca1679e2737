#include "http/conditional.h"

#include <algorithm>
#include <charconv>

#include "http/field_scanner.h"

namespace larmor::http {
namespace {

std::string_view without_weakness(std::string_view etag) {
    return etag.starts_with("W/") ? etag.substr(2) : etag;
}

/// Calls `matches` with every tag of the list; a tag may hold commas between its quotes.
template <typename F>
bool any_etag(std::string_view field, F matches) {
    field = trim(field);
    if (field == "*") return true;
    while (!field.empty()) {
        const auto quote = field.find('"', field.starts_with("W/") ? 2 : 0);
        if (quote == std::string_view::npos) return false;
        const auto end = field.find('"', quote + 1);
        if (end == std::string_view::npos) return false;
        if (matches(trim(field.substr(0, end + 1)))) return true;
        field.remove_prefix(end + 1);
        const auto next = field.find_first_not_of(" \t,");
        field.remove_prefix(next == std::string_view::npos ? field.size() : next);
    }
    return false;
}

std::optional<std::uint64_t> parse_number(std::string_view text) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

/// What is left of `part` between `begin` and `end` (bytes of the part).
Part cut(Part part, std::uint64_t begin, std::uint64_t end) {
    if (auto* text = std::get_if<std::string>(&part)) {
        if (end - begin == text->size()) return part;
        // A view into a shared text costs no copy of the bytes.
        const auto owner = std::make_shared<const std::string>(std::move(*text));
        return SharedBytes{owner, as_bytes(*owner).subspan(begin, end - begin)};
    }
    if (auto* text = std::get_if<std::shared_ptr<const std::string>>(&part)) {
        return SharedBytes{*text, as_bytes(**text).subspan(begin, end - begin)};
    }
    if (auto* shared = std::get_if<SharedBytes>(&part)) {
        shared->bytes = shared->bytes.subspan(begin, end - begin);
        return part;
    }
    auto& slice = std::get<FileSlice>(part);
    slice.offset += begin;
    slice.count = end - begin;
    return part;
}

std::vector<Part> cut_parts(std::vector<Part> parts, ByteRange range) {
    std::vector<Part> kept;
    std::uint64_t at = 0;
    for (auto& part : parts) {
        const auto size = size_of(part);
        const auto begin = std::max(range.offset, at);
        const auto end = std::min(range.offset + range.count, at + size);
        if (begin < end) kept.push_back(cut(std::move(part), begin - at, end - at));
        at += size;
    }
    return kept;
}

void drop_body(Response& response) {
    response.parts.clear();
    response.generator = nullptr;
    response.generated_length.reset();
}

}  // namespace

std::string etag_of(std::string_view text) {
    return '"' + std::string(text) + '"';
}

bool etag_matches_weakly(std::string_view field, std::string_view etag) {
    return any_etag(field, [&](std::string_view tag) {
        return without_weakness(tag) == without_weakness(etag);
    });
}

bool etag_matches_strongly(std::string_view field, std::string_view etag) {
    return any_etag(
        field, [&](std::string_view tag) { return tag == etag && !tag.starts_with("W/"); });
}

std::variant<NoRange, UnsatisfiableRange, ByteRange> parse_range(std::string_view field,
                                                                 std::uint64_t length) {
    constexpr std::string_view kUnit = "bytes=";
    if (field.size() < kUnit.size() ||
        !equal_ignoring_case(field.substr(0, kUnit.size()), kUnit)) {
        return NoRange{};
    }
    const auto range = trim(field.substr(kUnit.size()));
    const auto dash = range.find('-');
    if (dash == std::string_view::npos || range.find(',') != std::string_view::npos) {
        return NoRange{};
    }
    const auto first_text = range.substr(0, dash);
    const auto last_text = range.substr(dash + 1);
    if (first_text.empty()) {
        const auto suffix = parse_number(last_text);
        if (!suffix) return NoRange{};
        const auto count = std::min(*suffix, length);
        if (count == 0) return UnsatisfiableRange{};
        return ByteRange{length - count, count};
    }
    const auto first = parse_number(first_text);
    const auto last =
        last_text.empty() ? std::optional<std::uint64_t>(UINT64_MAX) : parse_number(last_text);
    if (!first || !last || *last < *first) return NoRange{};
    if (*first >= length) return UnsatisfiableRange{};
    return ByteRange{*first, std::min(*last, length - 1) - *first + 1};
}

Response with_conditions(Method method, const Headers& request_headers, Response response) {
    if ((method != Method::Get && method != Method::Head) || response.status != 200) {
        return response;
    }
    const std::string etag(response.headers.get("ETag"));
    if (const auto field = request_headers.find("If-Match");
        field && !etag_matches_strongly(*field, etag)) {
        return problem(412, "If-Match does not name the current ETag");
    }
    if (const auto field = request_headers.find("If-None-Match");
        field && !etag.empty() &&
        etag_matches_weakly(request_headers.joined("If-None-Match"), etag)) {
        response.status = 304;
        response.headers.remove("Content-Type");
        response.headers.remove("Content-Encoding");
        drop_body(response);
        return response;
    }
    const auto length = response.length();
    if (!length || response.generator) return response;
    response.headers.set("Accept-Ranges", "bytes");

    const auto range_field = request_headers.find("Range");
    if (!range_field) return response;
    // If-Range: a date or another tag means that the client's part is of something else.
    if (const auto if_range = request_headers.find("If-Range");
        if_range && (etag.empty() || trim(*if_range) != etag || etag.starts_with("W/"))) {
        return response;
    }
    const auto range = parse_range(*range_field, *length);
    if (std::holds_alternative<UnsatisfiableRange>(range)) {
        auto refused = problem(416, "the range begins beyond the end");
        refused.headers.add("Content-Range", "bytes */" + std::to_string(*length));
        refused.headers.add("Accept-Ranges", "bytes");
        return refused;
    }
    if (const auto* bytes = std::get_if<ByteRange>(&range)) {
        response.status = 206;
        response.headers.set("Content-Range",
                             "bytes " + std::to_string(bytes->offset) + '-' +
                                 std::to_string(bytes->offset + bytes->count - 1) + '/' +
                                 std::to_string(*length));
        response.parts = cut_parts(std::move(response.parts), *bytes);
    }
    return response;
}

}  // namespace larmor::http
