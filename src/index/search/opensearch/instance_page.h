#pragma once
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "index/search/opensearch/read_answer.h"

namespace larmor::index::search::opensearch {

/// The page of a query of instances, chosen from image sets that come in the order of
/// order_of_documents.
class InstancePage {
public:
    explicit InstancePage(const Query& query);

    /// Takes those of its instances that match.
    void add(InstancesOfSet set);
    /// No instance of an image set that is still to come can be of the page.
    bool is_complete() const;
    std::vector<Hit> take();

private:
    struct Instance {
        std::shared_ptr<const InstancesOfSet> set;  ///< of its instances nothing
        Values values;
    };
    static const std::optional<std::string>& value_of(const Instance& instance,
                                                      const Field& field);
    bool matches(const Instance& instance) const;
    bool comes_before(const Instance& a, const Instance& b) const;
    void note_first(const Instance& instance, bool is_first_of_set);

    const Query& query_;
    const std::vector<Sort> of_documents_;
    std::vector<Sort> order_;  ///< of hits; begins with that of documents
    const std::size_t end_;    ///< of the page
    std::set<std::string> seen_;
    /// The best up to the end of the page; when there are so many, the last one is the last.
    std::vector<Instance> instances_;
    /// Each value that documents are sorted by as the newest document has it first.
    Values first_;
};

}  // namespace larmor::index::search::opensearch
