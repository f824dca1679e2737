#pragma once
#include <atomic>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/file.h"

namespace larmor::reassembly::run {

/// Writes large files past the page cache, from buffers that are used again and again, while
/// those who make them go on with the next: neither the processors nor the disk wait for the
/// other. What was written is as durable as other data: after a sync. Safe from any thread.
class DirectWriter {
public:
    static constexpr std::size_t kBufferBytes = 1 << 20;

    /// A file under way: new, empty, opened with O_DIRECT where that can be.
    class File {
    public:
        /// Written when as many bytes have been handed over. Sets room aside for them.
        File(UniqueFd fd, std::string path, std::uint64_t size_bytes);

    private:
        friend class DirectWriter;
        UniqueFd fd_;
        std::string path_;
        std::uint64_t size_bytes_;
        std::atomic<std::uint64_t> left_bytes_;
    };
    /// One of the buffers, for as long as it is held: kBufferBytes, aligned as O_DIRECT wants.
    class Buffer {
    public:
        Buffer() = default;
        Buffer(Buffer&& other) noexcept;
        Buffer& operator=(Buffer&& other) noexcept;
        ~Buffer();
        std::byte* data() const { return data_; }

    private:
        friend class DirectWriter;
        DirectWriter* owner_ = nullptr;
        std::byte* data_ = nullptr;
    };

    /// For so many who write at once.
    explicit DirectWriter(unsigned writers) : buffers_(std::size_t{4} * writers) {}
    DirectWriter(const DirectWriter&) = delete;
    DirectWriter& operator=(const DirectWriter&) = delete;
    /// Waits for what is under way.
    ~DirectWriter();

    /// Waits for a buffer. Who holds one may not wait for a second.
    Result<Buffer> take();
    /// Begins to write the first `count` bytes of a buffer; all but the last one of a file are
    /// full.
    void write(std::shared_ptr<File> file, std::uint64_t offset, Buffer buffer,
               std::size_t count);
    /// Waits until everything that was begun is written. Errors: the first of writing, from
    /// then on and of `take` too.
    Result<void> drain();

private:
    struct Job {
        std::shared_ptr<File> file;
        std::uint64_t offset = 0;
        Buffer buffer;
        std::size_t count = 0;
    };
    struct Free {
        void operator()(std::byte* memory) const;
    };

    Result<void> begin();
    void give_back(std::byte* buffer);
    /// Of each of its own threads.
    void work();
    static Result<void> write_now(const Job& job);

    const std::size_t buffers_;
    std::mutex mutex_;  ///< over all below
    std::condition_variable changed_;
    std::unique_ptr<std::byte, Free> memory_;  ///< of all buffers
    std::vector<std::byte*> free_;
    std::deque<Job> jobs_;
    std::size_t under_way_ = 0;  ///< jobs, those in the queue too
    bool stopping_ = false;
    std::optional<Error> failed_;
    std::vector<std::thread> threads_;
};

}  // namespace larmor::reassembly::run
