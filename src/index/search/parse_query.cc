#include "index/search/parse_query.h"

#include <simdjson.h>

#include <algorithm>

#include "catalog/folding.h"
#include "index/search/set_row.h"
#include "index/search/words.h"

namespace larmor::index::search {
namespace {

using simdjson::dom::element;

tl::unexpected<Error> wrong(const std::string& member, const std::string& what) {
    return fail(ErrorCode::InvalidInput, "the member " + member + " is " + what);
}
tl::unexpected<Error> too_many(const std::string& member, std::size_t max,
                               const std::string& of) {
    return fail(ErrorCode::LimitExceeded,
                "the member " + member + " has more than " + std::to_string(max) + " " + of);
}

/// `filters.Modality`, cut where a caller made it long.
std::string inside(const std::string& member, std::string_view name) {
    return member + "." + std::string(name.substr(0, 40));
}

Result<std::string_view> text_of(const std::string& member, element value) {
    std::string_view text;
    if (value.get(text)) return wrong(member, "a text");
    return text;
}

Result<std::size_t> count_of(const std::string& member, element value, std::size_t min,
                             std::size_t max) {
    std::int64_t number = 0;
    if (value.get(number) || number < static_cast<std::int64_t>(min) ||
        number > static_cast<std::int64_t>(max)) {
        return wrong(member, "a whole number from " + std::to_string(min) + " to " +
                                 std::to_string(max));
    }
    return static_cast<std::size_t>(number);
}

/// `take(name, value)` for each member of an object.
template <typename F>
Result<void> for_each(const std::string& member, element value, std::size_t max, F take) {
    simdjson::dom::object object;
    if (value.get(object)) return wrong(member, "an object");
    if (object.size() > max) return too_many(member, max, "members");
    for (const auto [name, one] : object) TRY_VOID(take(name, one));
    return {};
}

/// A list, or one thing that stands for a list of it.
template <typename F>
Result<void> for_each_of_list(const std::string& member, element value, std::size_t max,
                              F take) {
    simdjson::dom::array array;
    if (value.get(array)) return take(value);
    if (array.size() == 0) return wrong(member, "an empty list");
    if (array.size() > max) return too_many(member, max, "values");
    for (const element one : array) TRY_VOID(take(one));
    return {};
}

Result<const Field*> field_of(const std::string& member, std::string_view keyword) {
    const Field* const field = find_field(keyword);
    if (field == nullptr) {
        return wrong(inside(member, keyword), "no attribute that is searched");
    }
    return field;
}

Result<std::vector<std::string>> words_to_find(const std::string& member,
                                               std::string_view text) {
    auto words = words_of(text);
    if (words.size() > kWordsMax) return too_many(member, kWordsMax, "words");
    const bool is_long = std::ranges::any_of(
        words, [](const std::string& word) { return word.size() > kWordBytesMax; });
    if (is_long) {
        return fail(ErrorCode::LimitExceeded, "the member " + member +
                                                  " has a word of more than " +
                                                  std::to_string(kWordBytesMax) + " bytes");
    }
    return words;
}

/// As the store has it.
Result<std::string> value_of(const std::string& member, const Field& field, element value) {
    std::int64_t number = 0;
    if (field.kind == FieldKind::Number && value.get(number) == simdjson::SUCCESS) {
        return std::to_string(number);
    }
    TRY(const auto text, text_of(member, value));
    const auto normal = normal_value(field, text);
    if (!normal) return wrong(member, "a whole number");
    if (field.kind == FieldKind::Date && !catalog::is_date(*normal)) {
        return wrong(member, "a date, YYYYMMDD");
    }
    return *normal;
}

class Reading {
public:
    Result<Query> read(element root) {
        TRY_VOID(for_each("of the body", root, 16, [this](std::string_view name, element one) {
            return member(std::string(name), one);
        }));
        TRY_VOID(check_levels());
        if (query_.offset + query_.limit > kWindowMax) {
            return fail(ErrorCode::LimitExceeded,
                        "the members offset and limit together go beyond " +
                            std::to_string(kWindowMax) + " hits: narrow the search instead");
        }
        for (auto& facet : query_.facets) facet.second = facet_values_;
        return std::move(query_);
    }

private:
    Result<void> member(const std::string& name, element value) {
        if (name == "level") return level(value);
        if (name == "text") return text(value);
        if (name == "filters") return filters(value);
        if (name == "ranges") return ranges(value);
        if (name == "facets") return facets(value);
        if (name == "sort") return sorts(value);
        if (name == "limit") return count(query_.limit, name, value, 0, kLimitMax);
        if (name == "offset") return count(query_.offset, name, value, 0, kWindowMax);
        if (name == "facetValues") return count(facet_values_, name, value, 1, kFacetValuesMax);
        if (name == "totalUpTo") {
            return count(query_.total_up_to, name, value, 1, kTotalUpToMax);
        }
        if (name == "highlight") {
            if (value.get(query_.highlight)) return wrong(name, "true or false");
            return {};
        }
        return wrong(name.substr(0, 40), "not known here");
    }

    static Result<void> count(std::size_t& to, const std::string& name, element value,
                              std::size_t min, std::size_t max) {
        TRY(to, count_of(name, value, min, max));
        return {};
    }

    Result<void> level(element value) {
        TRY(const auto text, text_of("level", value));
        for (const Level level : {Level::Study, Level::Series, Level::Instance}) {
            if (name_of(level) != text) continue;
            query_.level = level;
            return {};
        }
        return wrong("level", "study, series or instance");
    }

    Result<void> text(element value) {
        TRY(const auto text, text_of("text", value));
        TRY(query_.words, words_to_find("text", text));
        return {};
    }

    Result<void> filters(element value) {
        return for_each("filters", value, kFiltersMax,
                        [this](std::string_view keyword, element one) -> Result<void> {
                            TRY(const Field* field, field_of("filters", keyword));
                            return filter(inside("filters", keyword), *field, one);
                        });
    }
    Result<void> filter(const std::string& member, const Field& field, element value) {
        Filter filter{.field = &field, .values = {}};
        if (field.kind == FieldKind::Time) return wrong(member, "shown, but not searched");
        if (field.kind == FieldKind::Name) {
            TRY(const auto text, text_of(member, value));
            TRY(filter.values, words_to_find(member, text));
        } else {
            TRY_VOID(for_each_of_list(member, value, kFilterValuesMax,
                                      [&](element one) -> Result<void> {
                                          TRY(auto text, value_of(member, field, one));
                                          filter.values.push_back(std::move(text));
                                          return {};
                                      }));
        }
        query_.filters.push_back(std::move(filter));
        return {};
    }

    Result<void> ranges(element value) {
        return for_each("ranges", value, kFiltersMax,
                        [this](std::string_view keyword, element one) -> Result<void> {
                            TRY(const Field* field, field_of("ranges", keyword));
                            return range(inside("ranges", keyword), *field, one);
                        });
    }
    Result<void> range(const std::string& member, const Field& field, element value) {
        if (field.kind != FieldKind::Date && field.kind != FieldKind::Number) {
            return wrong(member, "neither a date nor a number, so it has no range");
        }
        Range range{.field = &field, .from = {}, .to = {}};
        TRY_VOID(
            for_each(member, value, 2, [&](std::string_view end, element one) -> Result<void> {
                if (end != "from" && end != "to") {
                    return wrong(inside(member, end), "not known here");
                }
                TRY(auto text, value_of(inside(member, end), field, one));
                (end == "from" ? range.from : range.to) = std::move(text);
                return {};
            }));
        query_.ranges.push_back(std::move(range));
        return {};
    }

    Result<void> facets(element value) {
        return for_each_of_list(
            "facets", value, kFacetsMax, [this](element one) -> Result<void> {
                TRY(const auto keyword, text_of("facets", one));
                TRY(const Field* field, field_of("facets", keyword));
                if (!field->has_facets) {
                    return wrong(inside("facets", keyword), "an attribute without facets");
                }
                query_.facets.emplace_back(field, 0);
                return {};
            });
    }

    Result<void> sorts(element value) {
        return for_each_of_list("sort", value, kSortsMax, [this](element one) -> Result<void> {
            Sort sort;
            TRY_VOID(for_each("sort", one, 2,
                              [&](std::string_view name, element given) -> Result<void> {
                                  return sort_member(sort, name, given);
                              }));
            if (sort.field == nullptr) return wrong("sort", "an object without by");
            query_.sort.push_back(sort);
            return {};
        });
    }
    static Result<void> sort_member(Sort& sort, std::string_view name, element value) {
        const std::string member = inside("sort", name);
        TRY(const auto text, text_of(member, value));
        if (name == "by") {
            TRY(sort.field, field_of("sort", text));
            return {};
        }
        if (name != "order") return wrong(member, "not known here");
        if (text != "ascending" && text != "descending") {
            return wrong(member, "ascending or descending");
        }
        sort.is_descending = text == "descending";
        return {};
    }

    Result<void> check_levels() const {
        for (const Sort& sort : query_.sort) {
            if (sort.field->level > query_.level) {
                return wrong(inside("sort", sort.field->keyword), below());
            }
        }
        for (const auto& [field, values_max] : query_.facets) {
            if (field->level == Level::Instance && query_.level != Level::Instance) {
                return wrong(inside("facets", field->keyword), below());
            }
        }
        return {};
    }
    std::string below() const {
        return "below the level " + std::string(name_of(query_.level));
    }

    Query query_;
    std::size_t facet_values_ = 20;
};

}  // namespace

Result<Query> parse_query(std::string_view json) {
    simdjson::dom::parser parser;
    element root;
    if (parser.parse(json.data(), json.size()).get(root)) {
        return fail(ErrorCode::InvalidInput, "the body is no JSON");
    }
    return Reading().read(root);
}

}  // namespace larmor::index::search
