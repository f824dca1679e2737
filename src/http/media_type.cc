#include "http/media_type.h"

#include <algorithm>
#include <charconv>

#include "http/field_scanner.h"

namespace larmor::http {
namespace {

constexpr std::size_t kAcceptedMax = 64;
constexpr std::size_t kParametersMax = 32;

/// Values such as the transfer syntax `1.2.840...` and `*` are tokens; but clients also send
/// bare `application/dicom` as the type parameter, so a slash is taken where a token stands.
std::string parameter_token(FieldScanner& scanner) {
    std::string value(scanner.token());
    while (scanner.take('/')) {
        value += '/';
        value += scanner.token();
    }
    return value;
}

/// A media type up to the comma or end that follows.
Result<MediaType> read_media_type(FieldScanner& scanner) {
    MediaType result;
    scanner.skip_space();
    result.type = to_lower(scanner.token());
    if (result.type.empty() || !scanner.take('/')) {
        return invalid_at(scanner.offset(), "expected a media type");
    }
    result.subtype = to_lower(scanner.token());
    if (result.subtype.empty()) return invalid_at(scanner.offset(), "expected a subtype");

    while (true) {
        scanner.skip_space();
        if (!scanner.take(';')) return result;
        scanner.skip_space();
        std::string name = to_lower(scanner.token());
        if (name.empty()) continue;  // `a/b; ; c=d`: empty parameters are allowed
        if (!scanner.take('=')) return invalid_at(scanner.offset(), "parameter has no value");
        std::string value;
        if (scanner.take('"')) {
            TRY(value, scanner.quoted_rest());
        } else {
            value = parameter_token(scanner);
            if (value.empty()) return invalid_at(scanner.offset(), "parameter has no value");
        }
        if (result.parameters.size() >= kParametersMax) {
            return fail(
                ErrorCode::LimitExceeded,
                "a media type has more than " + std::to_string(kParametersMax) + " parameters");
        }
        result.parameters.emplace_back(std::move(name), std::move(value));
    }
}

/// `0`, `0.5`, `1.000`: at most three digits after the point (RFC 9110 section 12.4.2).
std::optional<double> parse_quality(std::string_view text) {
    if (text.empty() || text.size() > 5 || (text[0] != '0' && text[0] != '1')) {
        return std::nullopt;
    }
    if (text.size() > 1 && text[1] != '.') return std::nullopt;
    if (text.substr(1).find_first_not_of(".0123456789") != std::string_view::npos ||
        std::count(text.begin(), text.end(), '.') > 1) {
        return std::nullopt;
    }
    double value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value <= 1 ? std::optional(value) : std::nullopt;
}

int specificity(const MediaType& range) {
    if (range.type == "*") return 0;
    if (range.subtype == "*") return 1;
    return 2 + static_cast<int>(range.parameters.size());
}

bool matches(const MediaType& range, std::string_view essence) {
    if (range.type == "*") return true;
    const auto slash = essence.find('/');
    if (essence.substr(0, slash) != range.type) return false;
    return range.subtype == "*" || essence.substr(slash + 1) == range.subtype;
}

/// An entry of Accept up to the comma or end that follows.
Result<AcceptedType> read_accepted_type(FieldScanner& scanner) {
    AcceptedType entry;
    TRY(entry.range, read_media_type(scanner));
    const auto quality =
        std::find_if(entry.range.parameters.begin(), entry.range.parameters.end(),
                     [](const auto& p) { return p.first == "q"; });
    if (quality == entry.range.parameters.end()) return entry;
    const auto value = parse_quality(quality->second);
    if (!value) return invalid_at(scanner.offset(), "q is not between 0 and 1");
    entry.quality = *value;
    entry.range.parameters.erase(quality);
    return entry;
}

}  // namespace

std::optional<std::string_view> MediaType::parameter(std::string_view name) const {
    for (const auto& [key, value] : parameters) {
        if (key == name) return value;
    }
    return std::nullopt;
}

Result<MediaType> parse_media_type(std::string_view text) {
    FieldScanner scanner(text);
    TRY(MediaType type, read_media_type(scanner));
    if (!scanner.at_end()) return invalid_at(scanner.offset(), "text after a media type");
    return type;
}

std::string to_string(const MediaType& type) {
    std::string text = type.essence();
    for (const auto& [name, value] : type.parameters) {
        text += "; " + name + '=';
        const bool token =
            !value.empty() && std::all_of(value.begin(), value.end(), is_token_char);
        if (token) {
            text += value;
            continue;
        }
        text += '"';
        for (const char c : value) {
            if (c == '"' || c == '\\') text += '\\';
            text += c;
        }
        text += '"';
    }
    return text;
}

Result<std::vector<AcceptedType>> parse_accept(std::string_view text) {
    std::vector<AcceptedType> accepted;
    FieldScanner scanner(text);
    while (true) {
        scanner.skip_space();
        if (scanner.take(',')) continue;
        if (scanner.at_end()) break;
        if (accepted.size() >= kAcceptedMax) {
            return fail(ErrorCode::LimitExceeded,
                        "Accept has more than " + std::to_string(kAcceptedMax) + " entries");
        }
        auto entry = read_accepted_type(scanner);
        if (entry && (scanner.at_end() || scanner.take(','))) {
            accepted.push_back(*std::move(entry));
        } else {
            scanner.skip_past(',');
        }
    }
    if (accepted.empty()) accepted.push_back({{"*", "*", {}}, 1});
    std::stable_sort(accepted.begin(), accepted.end(), [](const auto& a, const auto& b) {
        return a.quality != b.quality ? a.quality > b.quality
                                      : specificity(a.range) > specificity(b.range);
    });
    return accepted;
}

double quality_of(const std::vector<AcceptedType>& accepted, std::string_view essence) {
    int best = -1;
    double quality = 0;
    for (const auto& entry : accepted) {
        // Parameters do not count here: among entries of one essence the highest weight holds.
        const int specific = std::min(specificity(entry.range), 2);
        if (matches(entry.range, essence) && specific > best) {
            best = specific;
            quality = entry.quality;
        }
    }
    return quality;
}

std::optional<std::string_view> best_of(const std::vector<AcceptedType>& accepted,
                                        const std::vector<std::string_view>& offers) {
    std::optional<std::string_view> best;
    double best_quality = 0;
    for (const auto offer : offers) {
        const double quality = quality_of(accepted, offer);
        if (quality > best_quality) {
            best = offer;
            best_quality = quality;
        }
    }
    return best;
}

bool accepts_encoding(std::string_view accept_encoding, std::string_view coding) {
    std::optional<bool> named;
    bool any = false;
    FieldScanner scanner(accept_encoding);
    while (!scanner.at_end()) {
        scanner.skip_space();
        const auto name = scanner.token();
        bool wanted = true;
        scanner.skip_space();
        if (scanner.take(';')) {
            scanner.skip_space();
            if ((scanner.take('q') || scanner.take('Q')) && scanner.take('=')) {
                wanted = parse_quality(scanner.token()).value_or(0) > 0;
            }
        }
        if (name == "*") any = wanted;
        if (equal_ignoring_case(name, coding)) named = wanted;
        scanner.skip_past(',');
    }
    return named.value_or(any);
}

}  // namespace larmor::http
