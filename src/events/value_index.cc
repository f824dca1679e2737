#include "events/value_index.h"

#include <algorithm>

namespace larmor::events {

bool matches_wildcard(std::string_view text, const std::vector<std::string>& segments) {
    if (segments.size() == 1) return text == segments.front();
    if (!text.starts_with(segments.front())) return false;
    text.remove_prefix(segments.front().size());
    if (!text.ends_with(segments.back())) return false;
    text.remove_suffix(segments.back().size());
    // The first place that fits leaves most for the segments behind it.
    for (std::size_t i = 1; i + 1 < segments.size(); ++i) {
        const auto at = text.find(segments[i]);
        if (at == std::string_view::npos) return false;
        text.remove_prefix(at + segments[i].size());
    }
    return true;
}

void ValueIndex::add(const Test& test, std::uint32_t id) {
    IdSet* ids = nullptr;
    switch (test.op) {
        case Operator::Equals:
            ids = &(test.kind == ValueKind::String   ? strings_
                    : test.kind == ValueKind::Number ? numbers_
                                                     : literals_)[test.text];
            break;
        case Operator::EqualsIgnoreCase:
            ids = &folded_[test.text];
            break;
        case Operator::Prefix:
            ids = &prefixes_[test.text.size()][test.text];
            break;
        case Operator::PrefixIgnoreCase:
            ids = &folded_prefixes_[test.text.size()][test.text];
            break;
        case Operator::Suffix:
            ids = &suffixes_[test.text.size()][test.text];
            break;
        case Operator::SuffixIgnoreCase:
            ids = &folded_suffixes_[test.text.size()][test.text];
            break;
        case Operator::Wildcard:
            ids = &wildcard(test);
            break;
    }
    ignores_case_ = ignores_case_ || test.op == Operator::EqualsIgnoreCase ||
                    test.op == Operator::PrefixIgnoreCase ||
                    test.op == Operator::SuffixIgnoreCase;
    ids->add(id);
}

IdSet& ValueIndex::wildcard(const Test& test) {
    const auto at = std::ranges::find(wildcards_, test.text, &Wildcard::text);
    if (at != wildcards_.end()) return at->ids;
    return wildcards_.emplace_back(Wildcard{test.text, test.segments, {}}).ids;
}

void ValueIndex::freeze(std::size_t words) {
    for (Texts* texts : {&strings_, &numbers_, &literals_, &folded_}) {
        for (auto& [text, ids] : *texts) ids.freeze(words);
    }
    for (auto* sizes : {&prefixes_, &suffixes_, &folded_prefixes_, &folded_suffixes_}) {
        for (auto& [size, texts] : *sizes) {
            for (auto& [text, ids] : texts) ids.freeze(words);
        }
    }
    for (Wildcard& wildcard : wildcards_) wildcard.ids.freeze(words);
}

void FieldTests::add(const Condition& condition, std::uint32_t id) {
    asked_.add(id);
    for (const Test& test : condition.any_of) any_of_.add(test, id);
    for (const NumericRange& range : condition.ranges) {
        const auto at = std::ranges::find(ranges_, range, &Range::range);
        (at != ranges_.end() ? *at : ranges_.emplace_back(Range{range, {}})).ids.add(id);
    }
    if (condition.is_present) present_.add(id);
    if (condition.but) {
        anything_but_.add(id);
        for (const Test& test : *condition.but) but_.add(test, id);
    }
}

void FieldTests::freeze(std::size_t words) {
    any_of_.freeze(words);
    but_.freeze(words);
    for (IdSet* ids : {&asked_, &present_, &anything_but_}) ids->freeze(words);
    for (Range& range : ranges_) range.ids.freeze(words);
}

void FieldTests::find(const FieldValue& value, Bits satisfied, Bits scratch) const {
    any_of_.find(value, [&](const IdSet& ids) { ids.add_to(satisfied); });
    present_.add_to(satisfied);
    if (value.kind == ValueKind::Number) {
        for (const Range& range : ranges_) {
            if (range.range.contains(value.number)) range.ids.add_to(satisfied);
        }
    }
    if (anything_but_.empty()) return;
    std::ranges::fill(scratch, 0);
    anything_but_.add_to(scratch);
    but_.find(value, [&](const IdSet& ids) { ids.remove_from(scratch); });
    for (std::size_t i = 0; i < satisfied.size(); ++i) satisfied[i] |= scratch[i];
}

}  // namespace larmor::events
