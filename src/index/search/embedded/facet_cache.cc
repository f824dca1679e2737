#include "index/search/embedded/facet_cache.h"

namespace larmor::index::search::embedded {
namespace {

/// A hundred values of a kilobyte in each of eight facets: 50 MiB at most, mostly 100 KiB.
constexpr std::size_t kKeptMax = 64;

void append_part(std::string& key, std::string_view text) {
    key.append(std::to_string(text.size())).append(1, ':').append(text);
}

std::string key_of(const Query& query) {
    std::string key(name_of(query.level));
    for (const auto& word : query.words) append_part(key, word);
    for (const auto& filter : query.filters) {
        append_part(key += 'f', filter.field->keyword);
        for (const auto& value : filter.values) append_part(key, value);
    }
    for (const auto& range : query.ranges) {
        append_part(key += 'r', range.field->keyword);
        for (const auto& end : {range.from, range.to}) {
            if (end) append_part(key, *end);
            key += ',';
        }
    }
    for (const auto& [field, values_max] : query.facets) {
        append_part(key += 'c', field->keyword);
        key += std::to_string(values_max);
    }
    return key;
}

}  // namespace

std::optional<FacetCache::Facets> FacetCache::find(const Query& query,
                                                   std::uint64_t changes) const {
    const std::string key = key_of(query);
    const std::lock_guard lock(mutex_);
    if (kept_at_ != changes) return std::nullopt;
    const auto kept = kept_.find(key);
    return kept == kept_.end() ? std::nullopt : std::optional(kept->second);
}

void FacetCache::keep(const Query& query, std::uint64_t changes, const Facets& facets) {
    std::string key = key_of(query);
    const std::lock_guard lock(mutex_);
    if (changes < kept_at_) return;
    if (changes > kept_at_ || kept_.size() >= kKeptMax) kept_.clear();
    kept_at_ = changes;
    kept_.insert_or_assign(std::move(key), facets);
}

}  // namespace larmor::index::search::embedded
