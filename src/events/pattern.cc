#include "events/pattern.h"

#include <simdjson.h>

#include <algorithm>

#include "events/json_number.h"
#include "events/pattern_condition_internal.h"

namespace larmor::events {
namespace {

namespace ondemand = simdjson::ondemand;

using Alternatives = std::vector<Pattern::Alternative>;

/// Reads objects into alternatives, depth first.
class PatternReader {
public:
    Result<Pattern> read(ondemand::object root) {
        TRY(pattern_.alternatives, read_object(root, 1));
        return std::move(pattern_);
    }

private:
    Result<Alternatives> read_object(ondemand::object object, std::size_t depth) {
        if (depth > kPatternDepthMax) {
            return fail(ErrorCode::LimitExceeded, "the pattern is nested deeper than " +
                                                      std::to_string(kPatternDepthMax) +
                                                      place_.at());
        }
        std::vector<std::string> names;
        Alternatives all = {{}};
        for (auto field : object) {
            std::string_view key;
            ondemand::value value;
            if (field.unescaped_key().get(key) != simdjson::SUCCESS ||
                field.value().get(value) != simdjson::SUCCESS) {
                return not_json(place_);
            }
            std::string name(key);
            if (std::ranges::find(names, name) != names.end()) {
                return invalid_pattern("\"" + name + "\" stands twice", place_);
            }
            names.push_back(name);
            const PatternPlace::Step step(place_, name);
            TRY(const Alternatives those, name == "$or"
                                              ? read_or(value, depth)
                                              : read_field(std::move(name), value, depth));
            TRY(all, both(all, those));
        }
        if (names.empty()) return invalid_pattern("an object without a field", place_);
        return all;
    }

    Result<Alternatives> read_field(std::string name, ondemand::value value,
                                    std::size_t depth) {
        ondemand::json_type type{};
        if (value.type().get(type) != simdjson::SUCCESS) return not_json(place_);
        path_.push_back(std::move(name));
        auto read = type == ondemand::json_type::object  ? read_fields_of(value, depth)
                    : type == ondemand::json_type::array ? read_conditions(value)
                                                         : not_an_array();
        path_.pop_back();
        return read;
    }

    Result<Alternatives> read_fields_of(ondemand::value value, std::size_t depth) {
        ondemand::object object;
        if (value.get_object().get(object) != simdjson::SUCCESS) return not_json(place_);
        return read_object(object, depth + 1);
    }

    Result<Alternatives> not_an_array() const {
        return invalid_pattern("what a field may be stands in an array", place_);
    }

    Result<Alternatives> read_conditions(ondemand::value value) {
        ondemand::array array;
        std::string_view raw;
        if (value.get_array().get(array) || array.raw_json().get(raw)) return not_json(place_);
        TRY(auto conditions, read_field_conditions(raw, path_, place_));
        Alternatives any;
        for (Condition& condition : conditions) {
            any.push_back({static_cast<std::uint32_t>(pattern_.conditions.size())});
            pattern_.conditions.push_back(std::move(condition));
        }
        return any;
    }

    Result<Alternatives> read_or(ondemand::value value, std::size_t depth) {
        ondemand::array array;
        if (value.get_array().get(array) != simdjson::SUCCESS) {
            return invalid_pattern("$or takes an array of objects", place_);
        }
        Alternatives any;
        std::size_t count = 0;
        for (auto element : array) {
            const PatternPlace::Step step(place_, count++);
            ondemand::object object;
            if (element.get_object().get(object) != simdjson::SUCCESS) {
                return invalid_pattern("$or takes an array of objects", place_);
            }
            TRY(const Alternatives those, read_object(object, depth + 1));
            any.insert(any.end(), those.begin(), those.end());
            TRY_VOID(check_size(any.size(), 0));
        }
        if (count < 2) return invalid_pattern("$or takes at least two objects", place_);
        return any;
    }

    /// Every alternative of `a` together with every one of `b`.
    Result<Alternatives> both(const Alternatives& a, const Alternatives& b) const {
        const auto conditions_of = [](const Alternatives& alternatives) {
            std::size_t count = 0;
            for (const auto& alternative : alternatives) count += alternative.size();
            return count;
        };
        TRY_VOID(check_size(a.size() * b.size(),
                            conditions_of(a) * b.size() + conditions_of(b) * a.size()));
        Alternatives product;
        product.reserve(a.size() * b.size());
        for (const auto& left : a) {
            for (const auto& right : b) {
                auto& joined = product.emplace_back(left);
                joined.insert(joined.end(), right.begin(), right.end());
            }
        }
        return product;
    }

    Result<void> check_size(std::size_t alternatives, std::size_t conditions) const {
        if (alternatives <= kPatternAlternativesMax && conditions <= kPatternConditionsMax) {
            return {};
        }
        return fail(ErrorCode::LimitExceeded,
                    "$or makes more than " + std::to_string(kPatternAlternativesMax) +
                        " combinations or " + std::to_string(kPatternConditionsMax) +
                        " conditions" + place_.at());
    }

    Pattern pattern_;
    PatternPlace place_;
    std::vector<std::string> path_;
};

}  // namespace

Result<Pattern> parse_pattern(std::string_view json) {
    if (json.size() > kPatternBytesMax) {
        return fail(ErrorCode::LimitExceeded, "the pattern has " + std::to_string(json.size()) +
                                                  " bytes, at most " +
                                                  std::to_string(kPatternBytesMax));
    }
    const simdjson::padded_string padded(json);
    ondemand::parser parser;
    ondemand::document document;
    ondemand::object root;
    if (parser.iterate(padded).get(document) != simdjson::SUCCESS) {
        return fail(ErrorCode::InvalidInput, "the pattern is not JSON");
    }
    if (document.get_object().get(root) != simdjson::SUCCESS) {
        return fail(ErrorCode::InvalidInput, "the pattern is not a JSON object");
    }
    TRY(Pattern pattern, PatternReader().read(root));
    const char* rest = nullptr;
    if (document.current_location().get(rest) != simdjson::OUT_OF_BOUNDS) {
        return fail(ErrorCode::InvalidInput, "the pattern goes on behind its object");
    }
    return pattern;
}

}  // namespace larmor::events
