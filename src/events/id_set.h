#pragma once
#include <cstdint>
#include <span>
#include <vector>

namespace larmor::events {

/// One bit for each alternative of a rule set.
using Bits = std::span<std::uint64_t>;
using ConstBits = std::span<const std::uint64_t>;

/// Alternatives of rules, made once and then read: a list where they are few, bits where they
/// are many, so that no operation costs more than the smaller of both.
class IdSet {
public:
    /// Ids come in rising order; the same again changes nothing.
    void add(std::uint32_t id) {
        if (ids_.empty() || ids_.back() != id) ids_.push_back(id);
    }
    bool empty() const { return ids_.empty() && words_.empty(); }
    /// Only while it is made.
    bool ends_with(std::uint32_t id) const { return !ids_.empty() && ids_.back() == id; }
    /// No more ids are added. `words` is the size of the Bits that it will meet.
    void freeze(std::size_t words);

    void add_to(Bits bits) const;
    void remove_from(Bits bits) const;
    /// Of this set's ids, `result` keeps those in `satisfied`.
    void keep(Bits result, ConstBits satisfied) const;

private:
    std::vector<std::uint32_t> ids_;
    std::vector<std::uint64_t> words_;
};

}  // namespace larmor::events
