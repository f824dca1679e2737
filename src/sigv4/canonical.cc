#include "sigv4/canonical.h"

#include <algorithm>

#include "base/percent.h"

namespace larmor::sigv4 {
namespace {

std::string lower(std::string_view text) {
    std::string result(text);
    std::ranges::transform(result, result.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return result;
}

/// Takes the part before `separator` off the front of `rest`.
std::string_view take_until(std::string_view& rest, char separator) {
    const auto end = std::min(rest.find(separator), rest.size());
    const auto part = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    return part;
}

void append_trimmed(std::string& out, std::string_view value) {
    constexpr std::string_view kBlanks = " \t\r\n";
    bool pending = false;
    bool begun = false;
    for (const char c : value) {
        if (kBlanks.find(c) != std::string_view::npos) {
            pending = begun;
            continue;
        }
        if (pending) out += ' ';
        pending = false;
        begun = true;
        out += c;
    }
}

std::string encode_path(std::string_view path) {
    std::string encoded;
    for (;;) {
        const auto slash = path.find('/');
        encoded += percent_encode(path.substr(0, slash));
        if (slash == std::string_view::npos) return encoded;
        encoded += '/';
        path.remove_prefix(slash + 1);
    }
}

std::string normalize(std::string_view path) {
    std::vector<std::string_view> kept;
    const bool is_folder = path.ends_with('/') || path.ends_with("/.") || path.ends_with("/..");
    while (!path.empty()) {
        const auto part = take_until(path, '/');
        if (part.empty() || part == ".") continue;
        if (part != "..") {
            kept.push_back(part);
        } else if (!kept.empty()) {
            kept.pop_back();
        }
    }
    std::string result;
    for (const auto part : kept) result.append("/").append(part);
    if (is_folder || result.empty()) result += '/';
    return result;
}

Result<std::string> canonical_path(std::string_view path, PathRule rule) {
    // Other services encode once more what is encoded on the wire; S3 does not.
    if (rule == PathRule::Normalized) return encode_path(normalize(path));
    TRY(const std::string key, percent_decode(path));
    return encode_path(key);
}

Result<std::string> canonical_query(std::string_view query) {
    std::vector<std::pair<std::string, std::string>> parameters;
    while (!query.empty()) {
        std::string_view value = take_until(query, '&');
        if (value.empty()) continue;
        TRY(const std::string name, percent_decode(take_until(value, '=')));
        if (name == "X-Amz-Signature") continue;
        TRY(const std::string decoded, percent_decode(value));
        parameters.emplace_back(percent_encode(name), percent_encode(decoded));
    }
    std::ranges::sort(parameters);
    std::string result;
    for (const auto& [name, value] : parameters) {
        if (!result.empty()) result += '&';
        result.append(name).append("=").append(value);
    }
    return result;
}

}  // namespace

std::vector<std::string> header_names(const Request& request) {
    std::vector<std::string> names;
    for (const auto& header : request.headers) names.push_back(lower(header.name));
    std::ranges::sort(names);
    const auto repeated = std::ranges::unique(names);
    names.erase(repeated.begin(), repeated.end());
    return names;
}

std::string joined(const std::vector<std::string>& names) {
    std::string result;
    for (const auto& name : names) {
        if (!result.empty()) result += ';';
        result += name;
    }
    return result;
}

std::string header_value(const Request& request, std::string_view name) {
    std::string value;
    bool first = true;
    for (const auto& header : request.headers) {
        if (lower(header.name) != name) continue;
        if (!std::exchange(first, false)) value += ',';
        append_trimmed(value, header.value);
    }
    return value;
}

Result<std::string> canonical_request(const Request& request,
                                      const std::vector<std::string>& signed_headers,
                                      std::string_view payload, PathRule path_rule) {
    TRY(const std::string path, canonical_path(request.path, path_rule));
    TRY(const std::string query, canonical_query(request.query));
    const auto present = header_names(request);
    std::string text = request.method + '\n' + path + '\n' + query + '\n';
    for (const auto& name : signed_headers) {
        if (!std::ranges::binary_search(present, name)) {
            return fail(ErrorCode::InvalidInput, "a signed header is missing");
        }
        text.append(name).append(":").append(header_value(request, name)).append("\n");
    }
    text.append("\n").append(joined(signed_headers)).append("\n").append(payload);
    return text;
}

std::string to_amz_date(Time time) {
    std::string text = to_iso8601(time);  // 2013-05-24T00:00:00.000Z
    text.erase(text.find('.'), 4);
    std::erase_if(text, [](char c) { return c == '-' || c == ':'; });
    return text;
}

Result<Time> parse_amz_date(std::string_view text) {
    if (text.size() != 16) {
        return fail(ErrorCode::InvalidInput, "not a time such as 20130524T000000Z");
    }
    std::string full(text);
    for (const std::size_t colon : {13U, 11U}) full.insert(colon, 1, ':');
    for (const std::size_t hyphen : {6U, 4U}) full.insert(hyphen, 1, '-');
    return parse_utc_time(full);
}

}  // namespace larmor::sigv4
