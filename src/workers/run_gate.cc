#include "workers/run_gate.h"

#include <vector>

namespace larmor::workers {

async::Task<RunGate::Permit> RunGate::enter(Company company) {
    async::Completion<> admitted;
    if (!enter_now(company, admitted)) co_await admitted;
    co_return Permit(*this);
}

std::size_t RunGate::waiting() const {
    const std::lock_guard lock(mutex_);
    return waiting_.size();
}

bool RunGate::may_enter(Company company) const {
    return inside_ == 0 || (company == Company::Others && company_ == Company::Others);
}

void RunGate::admit(Company company) {
    ++inside_;
    company_ = company;
}

bool RunGate::enter_now(Company company, async::Completion<>& admitted) {
    const std::lock_guard lock(mutex_);
    if (waiting_.empty() && may_enter(company)) {
        admit(company);
        return true;
    }
    waiting_.push_back({&admitted, company});
    return false;
}

void RunGate::leave() {
    std::vector<async::Completion<>*> admitted;
    {
        const std::lock_guard lock(mutex_);
        --inside_;
        while (!waiting_.empty() && may_enter(waiting_.front().company)) {
            admit(waiting_.front().company);
            admitted.push_back(waiting_.front().admitted);
            waiting_.pop_front();
        }
    }
    for (auto* completion : admitted) completion->set();
}

}  // namespace larmor::workers
