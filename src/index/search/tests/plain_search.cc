#include "index/search/tests/plain_search.h"

#include <algorithm>
#include <set>

#include "dicom/tags.h"
#include "index/search/set_row.h"

namespace larmor::index::search::testing {
namespace {

namespace tags = dicom::tags;

using Row = std::map<const Field*, std::string>;

const std::string* value_in(const Row& row, const Field& field) {
    const auto found = row.find(&field);
    return found == row.end() ? nullptr : &found->second;
}

/// Below zero where a comes first.
int compare(const Field& field, const std::string& a, const std::string& b) {
    if (field.kind != FieldKind::Number) return a.compare(b);
    return static_cast<int>(std::stoll(a) > std::stoll(b)) -
           static_cast<int>(std::stoll(a) < std::stoll(b));
}

bool meets(const Row& row, const Filter& filter) {
    const auto* const value = value_in(row, *filter.field);
    return value != nullptr && std::ranges::find(filter.values, *value) != filter.values.end();
}
bool meets(const Row& row, const Range& range) {
    const auto* const value = value_in(row, *range.field);
    if (value == nullptr) return false;
    return (!range.from || compare(*range.field, *value, *range.from) >= 0) &&
           (!range.to || compare(*range.field, *value, *range.to) <= 0);
}

template <typename Takes>
bool meets_all(const Row& row, const Query& query, Takes takes) {
    const auto holds = [&](const auto& one) { return !takes(*one.field) || meets(row, one); };
    return std::ranges::all_of(query.filters, holds) &&
           std::ranges::all_of(query.ranges, holds);
}

bool any_begins(const std::vector<std::string>& words, const std::string& beginning) {
    return std::ranges::any_of(words,
                               [&](const auto& word) { return word.starts_with(beginning); });
}

}  // namespace

void PlainSearch::add(const ImageSetDocument& document) {
    const SetRow row = make_set_row(document);
    Set set{.values = {},
            .patient_name = row.patient_name,
            .physician_name = row.physician_name,
            .words = row.words,
            .instances = {}};
    const auto put = [](Row& to, std::span<const Field> kept, const Values& values) {
        for (std::size_t i = 0; i < kept.size(); ++i) {
            if (values[i]) to[&kept[i]] = *values[i];
        }
    };
    put(set.values, fields_of_sets(), row.values);
    for (const auto& instance : document.instances) {
        Row& one = set.instances.emplace_back(set.values);
        put(one, fields_of(Level::Instance), make_instance_row(document, instance));
    }
    sets_.push_back(std::move(set));
}

bool PlainSearch::has_words(const Set& set, const Query& query) {
    for (const auto& word : query.words) {
        if (!any_begins(set.words, word) && !any_begins(set.patient_name, word) &&
            !any_begins(set.physician_name, word)) {
            return false;
        }
    }
    return std::ranges::all_of(query.filters, [&](const Filter& filter) {
        if (filter.field->kind != FieldKind::Name) return true;
        const auto& names =
            filter.field->tag == tags::PatientName ? set.patient_name : set.physician_name;
        return std::ranges::all_of(filter.values,
                                   [&](const auto& word) { return any_begins(names, word); });
    });
}

std::vector<PlainSearch::Found> PlainSearch::matches(const Set& set, const Query& query) {
    const auto is_of_set = [](const Field& field) {
        return field.level != Level::Instance && field.kind != FieldKind::Name;
    };
    const auto is_of_instance = [](const Field& field) {
        return field.level == Level::Instance;
    };
    std::vector<Found> found;
    if (!meets_all(set.values, query, is_of_set) || !has_words(set, query)) return found;
    for (const Row& instance : set.instances) {
        if (!meets_all(instance, query, is_of_instance)) continue;
        found.push_back({.values = &instance, .set = &set});
        if (query.level != Level::Instance) {
            found.back().values = &set.values;
            break;
        }
    }
    return found;
}

std::vector<FacetValue> PlainSearch::facet(const std::vector<Found>& found, const Query& query,
                                           const Field& field, std::size_t values_max) {
    std::map<std::string, std::multiset<std::string>> studies;
    for (const Found& one : found) {
        if (const auto* const value = value_in(*one.values, field)) {
            studies[*value].insert(one.values->at(&known_field(tags::StudyInstanceUID)));
        }
    }
    std::vector<FacetValue> values;
    for (const auto& [value, hits] : studies) {
        const std::set<std::string> once(hits.begin(), hits.end());
        values.push_back({value, static_cast<std::int64_t>(
                                     query.level == Level::Study ? once.size() : hits.size())});
    }
    std::ranges::stable_sort(values, std::greater(), &FacetValue::count);
    values.resize(std::min(values.size(), values_max));
    return values;
}

bool PlainSearch::comes_before(const Row& a, const Row& b, const Query& query) {
    const auto absent_last = [&](const Field& field, bool is_descending) {
        const auto* const left = value_in(a, field);
        const auto* const right = value_in(b, field);
        if (left == nullptr || right == nullptr) {
            return static_cast<int>(left == nullptr) - static_cast<int>(right == nullptr);
        }
        const int order = compare(field, *left, *right);
        return is_descending ? -order : order;
    };
    std::vector<Sort> keys = query.sort;
    if (keys.empty()) {
        keys = {{&known_field(tags::StudyDate), true}, {&known_field(tags::StudyTime), true}};
    }
    for (const auto tag : {tags::StudyInstanceUID, tags::SeriesInstanceUID,
                           tags::InstanceNumber, tags::SOPInstanceUID}) {
        if (known_field(tag).level <= query.level) keys.push_back({&known_field(tag), false});
    }
    for (const Sort& key : keys) {
        const int order = absent_last(*key.field, key.is_descending);
        if (order != 0) return order < 0;
    }
    return false;
}

Answer PlainSearch::search(const Query& query) const {
    std::vector<Found> found;
    for (const Set& set : sets_) {
        const auto of_set = matches(set, query);
        found.insert(found.end(), of_set.begin(), of_set.end());
    }
    Answer answer;
    for (const auto& [field, values_max] : query.facets) {
        answer.facets.push_back(facet(found, query, *field, values_max));
    }
    std::ranges::stable_sort(found, [&](const Found& a, const Found& b) {
        return comes_before(*a.values, *b.values, query);
    });
    if (query.level == Level::Study) {
        const auto repeated = std::ranges::unique(found, {}, [](const Found& one) {
            return one.values->at(&known_field(tags::StudyInstanceUID));
        });
        found.erase(repeated.begin(), repeated.end());
    }
    answer.total = std::min(found.size(), query.total_up_to);
    answer.total_is_exact = found.size() <= query.total_up_to;
    for (std::size_t i = query.offset; i < found.size() && answer.hits.size() < query.limit;
         ++i) {
        Hit& hit = answer.hits.emplace_back();
        for (const Field& field : fields()) {
            const auto* const value = value_in(*found[i].values, field);
            if (field.level <= query.level && value != nullptr) {
                hit.values.emplace_back(&field, *value);
            }
        }
    }
    return answer;
}

}  // namespace larmor::index::search::testing
