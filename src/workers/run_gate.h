#pragma once
#include <cstddef>
#include <deque>
#include <mutex>
#include <utility>

#include "async/completion.h"
#include "async/task.h"

namespace larmor::workers {

/// Who may run beside a step.
enum class Company : std::uint8_t {
    Others,
    None,  ///< it may kill the process: whatever else runs would be taken for the culprit too
};

/// Which steps of a process run together: any number of ordinary ones, or one that wants no
/// company. First come, first served, so that neither kind waits for ever. Shared by all pools
/// of a process, which it outlives. Safe from any thread.
class RunGate {
public:
    /// Leaves when destroyed.
    class [[nodiscard]] Permit {
    public:
        explicit Permit(RunGate& gate) : gate_(&gate) {}
        Permit(Permit&& other) noexcept : gate_(std::exchange(other.gate_, nullptr)) {}
        Permit& operator=(Permit&&) = delete;
        ~Permit() {
            if (gate_ != nullptr) gate_->leave();
        }

    private:
        RunGate* gate_;
    };
    async::Task<Permit> enter(Company company);
    std::size_t waiting() const;

private:
    struct Waiter {
        async::Completion<>* admitted;  ///< in its task's frame
        Company company;
    };
    bool may_enter(Company company) const;
    void admit(Company company);
    bool enter_now(Company company, async::Completion<>& admitted);
    void leave();

    mutable std::mutex mutex_;
    std::size_t inside_ = 0;
    Company company_ = Company::Others;  ///< of who is inside
    std::deque<Waiter> waiting_;
};

}  // namespace larmor::workers
