#include "reassembly/reads/read_ring.h"

#include <liburing.h>

#include <cerrno>

namespace larmor::reassembly::reads {

struct ReadRing::Impl {
    /// A read as the ring knows it; its place in `reads` is what the kernel hands back.
    struct Started {
        int fd = -1;
        std::uint64_t offset = 0;
        std::span<std::byte> out;
        std::size_t done_bytes = 0;
        std::uint64_t tag = 0;
    };
    io_uring ring{};
    bool open = false;
    std::vector<Started> reads;
    std::vector<std::uint32_t> free;
    unsigned queued = 0;  ///< not yet shown to the kernel

    Impl() = default;
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;
    ~Impl() {
        if (open) io_uring_queue_exit(&ring);
    }

    unsigned in_flight() const { return static_cast<unsigned>(reads.size() - free.size()); }

    bool queue(std::uint32_t slot) {
        io_uring_sqe* entry = io_uring_get_sqe(&ring);
        if (entry == nullptr) return false;
        const Started& read = reads[slot];
        const auto rest = read.out.subspan(read.done_bytes);
        io_uring_prep_read(entry, read.fd, rest.data(), static_cast<unsigned>(rest.size()),
                           read.offset + read.done_bytes);
        io_uring_sqe_set_data64(entry, slot);
        ++queued;
        return true;
    }

    /// Shows the kernel what is queued, and waits for one completion if none is there.
    Result<io_uring_cqe*> wait() {
        for (;;) {
            io_uring_cqe* entry = nullptr;
            if (io_uring_peek_cqe(&ring, &entry) == 0) return entry;
            const int error = io_uring_submit_and_wait(&ring, 1);
            if (error >= 0) queued = 0;
            if (error < 0 && error != -EINTR && error != -EAGAIN && error != -EBUSY) {
                return system_failure("io_uring", -error);
            }
        }
    }
};

ReadRing::ReadRing(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ReadRing::ReadRing(ReadRing&&) noexcept = default;

ReadRing& ReadRing::operator=(ReadRing&& other) noexcept {
    std::swap(impl_, other.impl_);
    return *this;
}

ReadRing::~ReadRing() {
    if (!impl_) return;
    while (impl_->in_flight() > 0) {
        const auto entry = impl_->wait();
        // Memory that the kernel may still write to can't be given back.
        LARMOR_CHECK(entry.has_value());
        impl_->free.push_back(static_cast<std::uint32_t>(io_uring_cqe_get_data64(*entry)));
        io_uring_cqe_seen(&impl_->ring, *entry);
    }
}

Result<ReadRing> ReadRing::create(unsigned in_flight_max) {
    LARMOR_CHECK(in_flight_max > 0);
    auto impl = std::make_unique<Impl>();
    if (const int error = io_uring_queue_init(in_flight_max, &impl->ring, 0); error != 0) {
        return fail(ErrorCode::Unsupported,
                    "io_uring can't be used here (" + std::generic_category().message(-error) +
                        "): allow it, or give as much memory that nothing is spilled");
    }
    impl->open = true;
    impl->reads.resize(in_flight_max);
    for (std::uint32_t slot = in_flight_max; slot-- > 0;) impl->free.push_back(slot);
    return ReadRing(std::move(impl));
}

unsigned ReadRing::in_flight() const {
    return impl_->in_flight();
}

bool ReadRing::start(const UniqueFd& file, std::uint64_t offset, std::span<std::byte> out,
                     std::uint64_t tag) {
    if (impl_->free.empty()) return false;
    const std::uint32_t slot = impl_->free.back();
    impl_->reads[slot] = {
        .fd = file.get(), .offset = offset, .out = out, .done_bytes = 0, .tag = tag};
    if (!impl_->queue(slot)) return false;
    impl_->free.pop_back();
    // Shown to the kernel by eights: one at a time would be a system call each, all at once
    // would leave the disk idle while we prepare them.
    constexpr unsigned kSubmit = 8;
    if (impl_->queued >= kSubmit && io_uring_submit(&impl_->ring) >= 0) impl_->queued = 0;
    return true;
}

Result<std::optional<Finished>> ReadRing::next() {
    while (impl_->in_flight() > 0) {
        TRY(io_uring_cqe* const entry, impl_->wait());
        const auto slot = static_cast<std::uint32_t>(io_uring_cqe_get_data64(entry));
        const int count = entry->res;
        io_uring_cqe_seen(&impl_->ring, entry);

        Impl::Started& read = impl_->reads[slot];
        const bool again = count == -EINTR || count == -EAGAIN;
        if (count > 0) read.done_bytes += static_cast<std::size_t>(count);
        // The kernel may give less than was asked for; the rest is a read of its own.
        if (again || (count > 0 && read.done_bytes < read.out.size())) {
            if (impl_->queue(slot)) continue;
        }
        impl_->free.push_back(slot);
        if (count < 0) {
            return system_failure("read at byte " + std::to_string(read.offset), -count);
        }
        return Finished{.tag = read.tag, .size_bytes = read.done_bytes};
    }
    return std::nullopt;
}

}  // namespace larmor::reassembly::reads
