#include "api/search_query.h"

#include <algorithm>
#include <charconv>

#include "api/dicomweb/attribute_level.h"
#include "http/headers.h"
#include "http/query.h"

namespace larmor::api {
namespace {

using catalog::Attribute;
using catalog::Level;
using catalog::Matching;

Result<std::uint64_t> parse_count(std::string_view name, std::string_view text) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || error != std::errc() || end != text.data() + text.size()) {
        return fail(ErrorCode::InvalidInput,
                    "the query parameter " + std::string(name) + " is not a whole number");
    }
    return value;
}

Result<bool> parse_bool(std::string_view name, std::string_view text) {
    if (text == "true" || text == "false") {
        return text == "true";
    }
    return fail(ErrorCode::InvalidInput,
                "the query parameter " + std::string(name) + " is neither true nor false");
}

/// What a header field may carry of a name that a stranger chose.
std::string harmless(std::string_view name) {
    std::string result;
    for (const char c : name.substr(0, 64)) {
        const bool keep = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                          (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
        result += keep ? c : '?';
    }
    return result;
}

class Parser {
public:
    explicit Parser(Level level) : level_(level) {}

    Result<void> read(std::string_view name, const std::string& value) {
        if (name == "includefield") {
            read_include(value);
        } else if (name == "limit") {
            TRY(result_.limit, parse_count(name, value));
        } else if (name == "offset") {
            TRY(result_.offset, parse_count(name, value));
        } else if (name == "fuzzymatching" || name == "emptyvaluematching") {
            return {};  // read before all others
        } else if (name == "multiplevaluematching") {
            TRY(const bool wanted, parse_bool(name, value));
            if (wanted) {
                warn("The " + std::string(name) + " parameter is not supported.");
            }
        } else if (name == "accept") {
            result_.accept = value;
        } else {
            TRY_VOID(read_match(name, http::trim(value)));
        }
        return {};
    }

    /// How values are matched holds for all of them, wherever it stands.
    Result<void> read_options(const http::Query& query) {
        for (const auto& [name, value] : query.parameters) {
            if (name == "fuzzymatching") {
                TRY(options_.fuzzy_names, parse_bool(name, value));
            } else if (name == "emptyvaluematching") {
                TRY(options_.empty_values, parse_bool(name, value));
            }
        }
        return {};
    }

    Result<SearchRequest> finish() {
        if (result_.include_all && included_some_) {
            return fail(ErrorCode::InvalidInput,
                        "includefield=all stands alone (PS3.18 section 8.3.4.3)");
        }
        return std::move(result_);
    }

private:
    void warn(std::string text) { result_.warnings.push_back(std::move(text)); }

    void read_include(std::string_view value) {
        while (!value.empty()) {
            const auto comma = value.find(',');
            const auto field = http::trim(value.substr(0, comma));
            value.remove_prefix(comma == std::string_view::npos ? value.size() : comma + 1);
            if (field.empty()) {
                continue;
            }
            if (field == "all") {
                result_.include_all = true;
                result_.fields.add_all(level_);
            } else {
                included_some_ = true;
                include(field);
            }
        }
    }

    void include(std::string_view field) {
        const auto path = parse_attribute_path(field);
        if (!path) {
            warn("The includefield " + harmless(field) + " is unknown and was ignored.");
            return;
        }
        const auto attribute = catalog::find_attribute(field);
        const Level level =
            attribute ? catalog::info_of(*attribute).level : level_of(path->front());
        if (level > level_) {
            warn("The includefield " + harmless(field) +
                 " is of a lower level and is not returned.");
        } else if (attribute) {
            result_.include.push_back(*attribute);
        } else {
            result_.fields.add(*path);
        }
    }

    /// A private creator beside private fields in includefield (PS3.18 section 8.3.4.3).
    bool read_creator(std::string_view name, std::string_view value) {
        const auto path = parse_attribute_path(name);
        if (!path || path->size() != 1 || !path->front().is_private() ||
            path->front().element < 0x0010 || path->front().element > 0x00ff) {
            return false;
        }
        if (!value.empty()) {
            result_.fields.require_creator(path->front(), value);
        }
        return true;
    }

    Result<void> read_match(std::string_view name, std::string_view value) {
        const auto attribute = catalog::find_attribute(name);
        if (!attribute && read_creator(name, value)) {
            return {};
        }
        if (!attribute) {
            // A misspelt keyword and an attribute without an index are both ignored: the
            // standard says so, and the warning tells them apart.
            warn(parse_attribute_path(name)
                     ? "The attribute " + harmless(name) + " is not matched and was ignored."
                     : "The parameter " + harmless(name) + " is unknown and was ignored.");
            return {};
        }
        const auto& info = catalog::info_of(*attribute);
        if (std::ranges::find(seen_, *attribute) != seen_.end()) {
            return fail(ErrorCode::InvalidInput, std::string(info.keyword) + " is given twice");
        }
        seen_.push_back(*attribute);
        if (info.level > level_ || info.matching == Matching::None) {
            warn("The attribute " + std::string(info.keyword) +
                 " is not matched at this level and was ignored.");
            return {};
        }
        result_.include.push_back(*attribute);
        TRY(auto condition, catalog::parse_condition(*attribute, value, options_));
        if (condition) {
            result_.conditions.push_back(*std::move(condition));
        }
        return {};
    }

    Level level_;
    SearchRequest result_;
    std::vector<Attribute> seen_;
    catalog::MatchingOptions options_;
    bool included_some_ = false;
};

}  // namespace

Result<SearchRequest> parse_search_request(std::string_view query, Level level) {
    TRY(const http::Query parameters, http::parse_query(query));
    Parser parser(level);
    TRY_VOID(parser.read_options(parameters));
    for (const auto& [name, value] : parameters.parameters) {
        TRY_VOID(parser.read(name, value));
    }
    return parser.finish();
}

}  // namespace larmor::api
