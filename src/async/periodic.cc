#include "async/periodic.h"

#include "async/executor.h"

namespace larmor::async {

Periodic::Periodic(std::string name, std::chrono::nanoseconds every, std::function<void()> work)
    : name_(std::move(name)), every_(every), work_(std::move(work)) {}

Periodic::~Periodic() {
    stop();
}

void Periodic::start() {
    LARMOR_CHECK(!thread_.joinable());
    thread_ = std::thread([this] { run(); });
}

void Periodic::stop() {
    {
        const std::lock_guard lock(mutex_);
        is_stopping_ = true;
    }
    changed_.notify_all();
    if (thread_.joinable()) thread_.join();
}

bool Periodic::is_stopping() const {
    const std::lock_guard lock(mutex_);
    return is_stopping_;
}

void Periodic::run() {
    name_this_thread(name_);
    for (;;) {
        work_();
        std::unique_lock lock(mutex_);
        if (changed_.wait_for(lock, every_, [&] { return is_stopping_; })) return;
    }
}

}  // namespace larmor::async
