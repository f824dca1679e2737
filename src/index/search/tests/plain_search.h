#pragma once
#include <map>
#include <string>
#include <vector>

#include "index/document.h"
#include "index/search/query.h"

namespace larmor::index::search::testing {

/// Searches by looking at everything: what docs/operating/search.md says, without an index.
class PlainSearch {
public:
    void add(const ImageSetDocument& document);
    Answer search(const Query& query) const;

private:
    using Row = std::map<const Field*, std::string>;
    struct Set {
        Row values;
        std::vector<std::string> patient_name, physician_name, words;
        std::vector<Row> instances;
    };
    /// What matches, and of which image set.
    struct Found {
        const Row* values = nullptr;
        const Set* set = nullptr;
    };
    static bool has_words(const Set& set, const Query& query);
    static std::vector<Found> matches(const Set& set, const Query& query);
    static std::vector<FacetValue> facet(const std::vector<Found>& found, const Query& query,
                                         const Field& field, std::size_t values_max);
    static bool comes_before(const Row& a, const Row& b, const Query& query);

    std::vector<Set> sets_;
};

}  // namespace larmor::index::search::testing
