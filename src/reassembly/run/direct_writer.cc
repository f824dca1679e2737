#include "reassembly/run/direct_writer.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace larmor::reassembly::run {
namespace {

constexpr unsigned kThreads = 2;
/// What O_DIRECT wants of memory, offset and size, on every disk that we know.
constexpr std::size_t kAlignment = 4096;
constexpr std::size_t kHugePage = 2 << 20;

std::uint64_t rounded_up(std::uint64_t size) {
    return (size + kAlignment - 1) / kAlignment * kAlignment;
}

}  // namespace

DirectWriter::File::File(UniqueFd fd, std::string path, std::uint64_t size_bytes)
    : fd_(std::move(fd)),
      path_(std::move(path)),
      size_bytes_(size_bytes),
      left_bytes_(size_bytes) {
    // Where that can't be done, writing does it.
    ::fallocate(fd_.get(), 0, 0, static_cast<off_t>(rounded_up(size_bytes)));
}

DirectWriter::Buffer::Buffer(Buffer&& other) noexcept
    : owner_(std::exchange(other.owner_, nullptr)),
      data_(std::exchange(other.data_, nullptr)) {}

DirectWriter::Buffer& DirectWriter::Buffer::operator=(Buffer&& other) noexcept {
    std::swap(owner_, other.owner_);
    std::swap(data_, other.data_);
    return *this;
}

DirectWriter::Buffer::~Buffer() {
    if (owner_ != nullptr) owner_->give_back(data_);
}

void DirectWriter::Free::operator()(std::byte* memory) const {
    std::free(memory);
}

DirectWriter::~DirectWriter() {
    {
        const std::scoped_lock lock(mutex_);
        stopping_ = true;
    }
    changed_.notify_all();
    for (auto& thread : threads_) thread.join();
}

/// Runs without large files cost neither memory nor threads.
Result<void> DirectWriter::begin() {
    if (memory_) return {};
    // In a huge page a buffer is one piece for the disk, not 256.
    const auto size = (buffers_ * kBufferBytes + kHugePage - 1) / kHugePage * kHugePage;
    memory_.reset(static_cast<std::byte*>(std::aligned_alloc(kHugePage, size)));
    if (!memory_) return system_failure("memory for buffers", ENOMEM);
    ::madvise(memory_.get(), size, MADV_HUGEPAGE);
    for (std::size_t i = 0; i < buffers_; ++i)
        free_.push_back(memory_.get() + i * kBufferBytes);
    for (unsigned i = 0; i < kThreads; ++i) threads_.emplace_back([this] { work(); });
    return {};
}

Result<DirectWriter::Buffer> DirectWriter::take() {
    std::unique_lock lock(mutex_);
    TRY_VOID(begin());
    changed_.wait(lock, [this] { return !free_.empty() || failed_; });
    if (failed_) return tl::unexpected(*failed_);
    Buffer buffer;
    buffer.owner_ = this;
    buffer.data_ = free_.back();
    free_.pop_back();
    return buffer;
}

void DirectWriter::give_back(std::byte* buffer) {
    {
        const std::scoped_lock lock(mutex_);
        free_.push_back(buffer);
    }
    changed_.notify_all();
}

void DirectWriter::write(std::shared_ptr<File> file, std::uint64_t offset, Buffer buffer,
                         std::size_t count) {
    {
        const std::scoped_lock lock(mutex_);
        ++under_way_;
        jobs_.push_back({std::move(file), offset, std::move(buffer), count});
    }
    changed_.notify_all();
}

Result<void> DirectWriter::drain() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return under_way_ == 0; });
    if (failed_) return tl::unexpected(*failed_);
    return {};
}

void DirectWriter::work() {
    std::unique_lock lock(mutex_);
    for (;;) {
        changed_.wait(lock, [this] { return !jobs_.empty() || stopping_; });
        if (jobs_.empty()) return;
        Job job = std::move(jobs_.front());
        jobs_.pop_front();
        lock.unlock();
        auto written = write_now(job);
        // Closes the file, and gives the buffer back, before anybody counts on it.
        job = {};
        lock.lock();
        if (!written && !failed_) failed_ = std::move(written).error();
        --under_way_;
        changed_.notify_all();
    }
}

Result<void> DirectWriter::write_now(const Job& job) {
    auto& file = *job.file;
    const auto count = rounded_up(job.count);
    std::memset(job.buffer.data() + job.count, 0, count - job.count);
    const Bytes out(job.buffer.data(), count);
    auto written = write_at(file.fd_, job.offset, out);
    // Some file systems refuse O_DIRECT only when it comes to writing.
    if (!written && ::fcntl(file.fd_.get(), F_SETFL, 0) == 0) {
        written = write_at(file.fd_, job.offset, out);
    }
    if (written && file.left_bytes_.fetch_sub(job.count) == job.count &&
        ::ftruncate(file.fd_.get(), static_cast<off_t>(file.size_bytes_)) != 0) {
        written = system_failure("ftruncate", errno);
    }
    if (written) return {};
    auto error = std::move(written).error();
    error.message += ": " + file.path_;
    return tl::unexpected(std::move(error));
}

}  // namespace larmor::reassembly::run
