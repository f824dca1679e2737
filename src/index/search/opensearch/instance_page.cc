#include "index/search/opensearch/instance_page.h"

#include <algorithm>
#include <charconv>

#include "dicom/tags.h"
#include "index/search/opensearch/conditions_json.h"
#include "index/search/opensearch/query_json.h"

namespace larmor::index::search::opensearch {
namespace {

using Value = std::optional<std::string>;

std::int64_t number_of(const std::string& digits) {
    std::int64_t number = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), number);
    return number;
}

/// Below zero where a is the lesser one.
int compare(const Field& field, const std::string& a, const std::string& b) {
    if (field.kind != FieldKind::Number) return a.compare(b);
    const std::int64_t left = number_of(a);
    const std::int64_t right = number_of(b);
    return static_cast<int>(left > right) - static_cast<int>(left < right);
}

/// Below zero where a comes first. What is absent comes last.
int order_of(const Sort& sort, const Value& a, const Value& b) {
    if (!a || !b) return static_cast<int>(!a) - static_cast<int>(!b);
    return sort.is_descending ? compare(*sort.field, *b, *a) : compare(*sort.field, *a, *b);
}

bool meets(const Value& value, const Filter& filter) {
    return value && std::ranges::find(filter.values, *value) != filter.values.end();
}
bool meets(const Value& value, const Range& range) {
    if (!value) return false;
    return (!range.from || compare(*range.field, *value, *range.from) >= 0) &&
           (!range.to || compare(*range.field, *value, *range.to) <= 0);
}

}  // namespace

InstancePage::InstancePage(const Query& query)
    : query_(query),
      of_documents_(order_of_documents(query)),
      order_(of_documents_),
      end_(query.offset + query.limit),
      first_(of_documents_.size()) {
    order_.push_back({&known_field(dicom::tags::InstanceNumber), false});
    order_.push_back({&known_field(dicom::tags::SOPInstanceUID), false});
}

const std::optional<std::string>& InstancePage::value_of(const Instance& instance,
                                                         const Field& field) {
    const Field* const first =
        is_of_instances(field) ? fields_of(Level::Instance).data() : fields_of_sets().data();
    const auto number = static_cast<std::size_t>(&field - first);
    return is_of_instances(field) ? instance.values.at(number)
                                  : instance.set->values.at(number);
}

bool InstancePage::matches(const Instance& instance) const {
    const auto holds = [&](const auto& one) {
        return !is_of_instances(*one.field) || meets(value_of(instance, *one.field), one);
    };
    return std::ranges::all_of(query_.filters, holds) &&
           std::ranges::all_of(query_.ranges, holds);
}

bool InstancePage::comes_before(const Instance& a, const Instance& b) const {
    for (const Sort& sort : order_) {
        const int order = order_of(sort, value_of(a, *sort.field), value_of(b, *sort.field));
        if (order != 0) return order < 0;
    }
    return false;
}

void InstancePage::note_first(const Instance& instance, bool is_first_of_set) {
    for (std::size_t i = 0; i < of_documents_.size(); ++i) {
        const Value& value = value_of(instance, *of_documents_[i].field);
        if (is_first_of_set || order_of(of_documents_[i], value, first_[i]) < 0) {
            first_[i] = value;
        }
    }
}

void InstancePage::add(InstancesOfSet set) {
    // It changed between two pages of documents.
    if (!seen_.insert(set.image_set_id).second) return;
    std::vector<Values> all = std::move(set.instances);
    set.instances.clear();
    const auto shared = std::make_shared<const InstancesOfSet>(std::move(set));
    bool is_first = true;
    for (Values& values : all) {
        Instance instance{.set = shared, .values = std::move(values)};
        if (!matches(instance)) continue;
        note_first(instance, is_first);
        is_first = false;
        instances_.push_back(std::move(instance));
    }
    if (instances_.size() < end_) return;
    const auto before = [this](const Instance& a, const Instance& b) {
        return comes_before(a, b);
    };
    std::ranges::nth_element(
        instances_, instances_.begin() + static_cast<std::ptrdiff_t>(end_ - 1), before);
    instances_.resize(end_);
}

bool InstancePage::is_complete() const {
    if (instances_.size() < end_) return false;
    // Documents behind the newest one are no better than it in what they are sorted by.
    for (std::size_t i = 0; i < of_documents_.size(); ++i) {
        const Sort& sort = of_documents_[i];
        const int order = order_of(sort, value_of(instances_.back(), *sort.field), first_[i]);
        if (order != 0) return order < 0;
    }
    return false;
}

std::vector<Hit> InstancePage::take() {
    std::ranges::sort(instances_, [this](const Instance& a, const Instance& b) {
        return comes_before(a, b);
    });
    std::vector<Hit> hits;
    for (std::size_t i = query_.offset; i < instances_.size() && i < end_; ++i) {
        Hit& hit = hits.emplace_back();
        hit.image_set_id = instances_[i].set->image_set_id;
        for (const Field& field : fields()) {
            const Value& value = value_of(instances_[i], field);
            if (value) hit.values.emplace_back(&field, *value);
        }
    }
    return hits;
}

}  // namespace larmor::index::search::opensearch
