#pragma once
#include <atomic>
#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace larmor::db::testing {

/// Stands between a program and a server on unix sockets, and cuts the line at the worst
/// moment.
class CuttingProxy {
public:
    /// Listens on a socket of the server's name in `folder`.
    CuttingProxy(const std::filesystem::path& folder, std::filesystem::path server);
    ~CuttingProxy();
    CuttingProxy(const CuttingProxy&) = delete;
    CuttingProxy& operator=(const CuttingProxy&) = delete;

    enum class Cut : std::uint8_t {
        Before,  ///< what has the words is not passed on
        After,   ///< it is passed on and carried out; its answer is not
    };
    /// Once, with the next bytes from the program that have these words.
    void cut_at(std::string words, Cut cut);
    /// From the next cut on nobody gets through any more.
    void then_refuse() { refuse_after_cut_ = true; }
    int cuts() const { return cuts_; }

private:
    void listen();
    void carry(int program);
    /// What is to be done with these bytes, if they are the ones.
    std::optional<Cut> take_cut(std::string_view bytes);

    const std::filesystem::path server_;
    int listening_ = -1;
    std::mutex mutex_;
    std::string words_;
    Cut cut_ = Cut::Before;
    std::atomic<bool> refuse_after_cut_{false};
    std::atomic<bool> stopping_{false};
    std::atomic<int> cuts_{0};
    std::vector<std::thread> carriers_;
    std::thread listener_;
};

}  // namespace larmor::db::testing
