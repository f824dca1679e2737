#include "events/id_set.h"

namespace larmor::events {
namespace {

constexpr std::uint64_t bit_of(std::uint32_t id) {
    return 1ULL << (id % 64);
}

}  // namespace

void IdSet::freeze(std::size_t words) {
    if (ids_.size() <= words) return;
    words_.resize(words);
    for (const std::uint32_t id : ids_) words_[id / 64] |= bit_of(id);
    ids_ = {};
}

void IdSet::add_to(Bits bits) const {
    for (std::size_t i = 0; i < words_.size(); ++i) bits[i] |= words_[i];
    for (const std::uint32_t id : ids_) bits[id / 64] |= bit_of(id);
}

void IdSet::remove_from(Bits bits) const {
    for (std::size_t i = 0; i < words_.size(); ++i) bits[i] &= ~words_[i];
    for (const std::uint32_t id : ids_) bits[id / 64] &= ~bit_of(id);
}

void IdSet::keep(Bits result, ConstBits satisfied) const {
    for (std::size_t i = 0; i < words_.size(); ++i) result[i] &= satisfied[i] | ~words_[i];
    for (const std::uint32_t id : ids_) result[id / 64] &= satisfied[id / 64] | ~bit_of(id);
}

}  // namespace larmor::events
