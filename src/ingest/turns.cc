#include "ingest/turns.h"

namespace larmor::ingest {

async::Task<Turns::Turn> Turns::take(std::string name) {
    async::Completion<> turn;
    if (!begin(name, turn)) co_await turn;
    co_return Turn(*this, std::move(name));
}

bool Turns::begin(const std::string& name, async::Completion<>& turn) {
    const std::lock_guard lock(mutex_);
    const auto [at, is_free] = busy_.try_emplace(name);
    if (!is_free) at->second.push_back(&turn);
    return is_free;
}

void Turns::end(const std::string& name) {
    async::Completion<>* next = nullptr;
    {
        const std::lock_guard lock(mutex_);
        const auto at = busy_.find(name);
        if (at->second.empty()) {
            busy_.erase(at);
        } else {
            next = at->second.front();
            at->second.pop_front();
        }
    }
    if (next != nullptr) next->set();
}

}  // namespace larmor::ingest
