#include "events/field_tree.h"

#include <algorithm>

namespace larmor::events {

std::uint32_t FieldTree::find(std::uint32_t parent, std::string_view name) const {
    const auto at = edges_.find(Edge{parent, name});
    return at == edges_.end() ? kNone : at->second;
}

void FieldTree::add(const Condition& condition, std::uint32_t id) {
    std::uint32_t index = kRoot;
    for (const std::string& name : condition.path) {
        if (!condition.is_absent && index != kRoot) {
            nodes_[index].asked.add(id);
            nodes_[index].asked_deeper.add(id);
        }
        std::uint32_t child = find(index, name);
        if (child == kNone) {
            child = static_cast<std::uint32_t>(nodes_.size());
            nodes_.emplace_back();
            nodes_[index].children.push_back(child);
            edges_.emplace(StoredEdge{index, name}, child);
        }
        index = child;
    }
    Node& node = nodes_[index];
    if (condition.is_absent) {
        node.absent.add(id);
        return;
    }
    node.asked.add(id);
    const auto free = std::ranges::find_if(
        node.tests, [id](const FieldTests& tests) { return !tests.asked().ends_with(id); });
    FieldTests& tests = free != node.tests.end() ? *free : node.tests.emplace_back();
    tests.add(condition, id);
}

void FieldTree::freeze(std::size_t words) {
    for (std::uint32_t index = 0; index < nodes_.size(); ++index) {
        Node& node = nodes_[index];
        if (!node.absent.empty()) absent_nodes_.push_back(index);
        for (IdSet* ids : {&node.asked, &node.asked_deeper, &node.absent}) ids->freeze(words);
        for (FieldTests& tests : node.tests) {
            tests.freeze(words);
            node.ignores_case = node.ignores_case || tests.ignores_case();
            node.wants_double = node.wants_double || tests.wants_double();
        }
        for (const std::uint32_t child : node.children) {
            nodes_[child].first_bits = node.children_bits;
            node.children_bits += static_cast<std::uint32_t>(nodes_[child].bits_count());
        }
    }
    bits_max_ = lay_out(kRoot);
}

/// The Bits for an object at this node: its own, its children's, and what the largest of these
/// needs in turn.
std::size_t FieldTree::lay_out(std::uint32_t index) {  // NOLINT(misc-no-recursion)
    std::size_t deeper = 0;
    for (const std::uint32_t child : nodes_[index].children) {
        deeper = std::max(deeper, lay_out(child));
    }
    return 1 + nodes_[index].children_bits + deeper;
}

}  // namespace larmor::events
