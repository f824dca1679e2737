#pragma once
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

namespace larmor::async {

/// A thread that does something at once and then every so often.
class Periodic {
public:
    /// `work` blocks as it likes; where it takes long it asks `is_stopping`.
    Periodic(std::string name, std::chrono::nanoseconds every, std::function<void()> work);
    /// Stops first.
    ~Periodic();

    /// Once.
    void start();
    /// Ends after the work at hand and waits for it.
    void stop();
    bool is_stopping() const;

private:
    void run();

    const std::string name_;
    const std::chrono::nanoseconds every_;
    const std::function<void()> work_;
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    bool is_stopping_ = false;
    std::thread thread_;
};

}  // namespace larmor::async
