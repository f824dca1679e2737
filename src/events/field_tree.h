#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "events/value_index.h"

namespace larmor::events {

/// The fields that rules ask for, as a tree by name. A node stands for a field's values and,
/// where they are objects, for their fields.
class FieldTree {
public:
    struct Node {
        std::vector<std::uint32_t> children{};
        /// More than one where one alternative asks for the same field twice.
        std::vector<FieldTests> tests{};
        IdSet asked{};         ///< ask for a value of this field or of one below it
        IdSet asked_deeper{};  ///< ask for a value below it
        IdSet absent{};        ///< ask that it has no value
        /// Bits that a match keeps for this node: one each of `tests`, one for what is deeper.
        std::size_t bits_count() const { return tests.size() + 1; }
        std::uint32_t first_bits = 0;     ///< among those of its parent's children
        std::uint32_t children_bits = 0;  ///< of all children
        bool ignores_case = false;
        bool wants_double = false;
    };

    /// Ids come in rising order.
    void add(const Condition& condition, std::uint32_t id);
    /// No more conditions are added. `words` is the size of the Bits of a match.
    void freeze(std::size_t words);

    const Node& node(std::uint32_t index) const { return nodes_[index]; }
    static constexpr std::uint32_t kRoot = 0;
    static constexpr std::uint32_t kNone = UINT32_MAX;
    /// The child of that name, or kNone.
    std::uint32_t find(std::uint32_t parent, std::string_view name) const;
    std::size_t size() const { return nodes_.size(); }
    /// Nodes with `absent`.
    const std::vector<std::uint32_t>& absent_nodes() const { return absent_nodes_; }
    /// The Bits that a match can need at the same time.
    std::size_t bits_max() const { return bits_max_; }

private:
    struct Edge {
        std::uint32_t parent;
        std::string_view name;
        friend bool operator==(const Edge&, const Edge&) = default;
    };
    struct StoredEdge {
        std::uint32_t parent;
        std::string name;
        operator Edge() const { return {parent, name}; }  // NOLINT: looked up as such
    };
    struct EdgeHash {
        using is_transparent = void;
        std::size_t operator()(const Edge& edge) const {
            return std::hash<std::string_view>()(edge.name) +
                   edge.parent * 0x9E37'79B9'7F4A'7C15ULL;
        }
    };
    struct EdgeEqual {
        using is_transparent = void;
        bool operator()(const Edge& a, const Edge& b) const { return a == b; }
    };

    std::size_t lay_out(std::uint32_t index);

    std::vector<Node> nodes_ = std::vector<Node>(1);
    std::unordered_map<StoredEdge, std::uint32_t, EdgeHash, EdgeEqual> edges_;
    std::vector<std::uint32_t> absent_nodes_;
    std::size_t bits_max_ = 0;
};

}  // namespace larmor::events
