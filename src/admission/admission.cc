#include "admission/admission.h"

#include <algorithm>

#include "observe/log.h"

namespace larmor::admission {
namespace {

Error short_of_space(std::uint64_t free_bytes, std::uint64_t reserve_bytes) {
    return {ErrorCode::NoSpace, "the disk is short of space: " + std::to_string(free_bytes) +
                                    " bytes are free and " + std::to_string(reserve_bytes) +
                                    " are kept in reserve (--disk-reserve); nothing is stored "
                                    "until there is room, reads and deletes go on"};
}

Error refused(const ReadOnly& read_only) {
    return {ErrorCode::NoSpace, "the library is read-only: " + read_only.reason};
}

}  // namespace

Admission::Admission(Options options)
    : options_(std::move(options)), reserve_bytes_(options_.reserve_bytes) {}

Result<void> Admission::check(std::uint64_t bytes) {
    const std::lock_guard lock(mutex_);
    if (read_only_) return tl::unexpected(refused(*read_only_));
    return fits(bytes);
}

Result<void> Admission::admit(std::uint64_t bytes) {
    const std::lock_guard lock(mutex_);
    if (read_only_) return tl::unexpected(refused(*read_only_));
    TRY_VOID(fits(bytes));
    admitted_ += bytes;
    return {};
}

Result<void> Admission::allow_change() const {
    const std::lock_guard lock(mutex_);
    if (read_only_) return tl::unexpected(refused(*read_only_));
    return {};
}

void Admission::set_read_only(ReadOnly read_only) {
    const std::lock_guard lock(mutex_);
    if (read_only_ && (read_only_->cause == Cause::Failure || read_only.cause == Cause::Switch))
        return;
    if (read_only.cause == Cause::Failure) {
        observe::log_error("the library is read-only", {{"reason", read_only.reason}});
    }
    read_only_ = std::move(read_only);
}

std::uint64_t Admission::spare_bytes() {
    const std::lock_guard lock(mutex_);
    return read_disk_if_old() ? spare() : 0;
}

State Admission::state() {
    const std::lock_guard lock(mutex_);
    State state;
    const auto read = read_disk_if_old();
    state.disk = disk_;
    state.reserve_bytes = reserve();
    if (!read) {
        state.below_mark = read.error();
    } else if (disk_.free_bytes < reserve()) {
        state.below_mark = short_of_space(disk_.free_bytes, reserve());
    }
    state.read_only = read_only_;
    return state;
}

Result<void> Admission::fits(std::uint64_t bytes) {
    TRY_VOID(read_disk_if_old());
    // Somebody may have made room, and what was admitted may lie in blocks that were taken
    // before.
    if (bytes > spare() || disk_.free_bytes < reserve()) TRY_VOID(read_disk());
    if (bytes <= spare() && disk_.free_bytes >= reserve()) return {};
    return tl::unexpected(short_of_space(disk_.free_bytes, reserve()));
}

void Admission::set_reserve(std::optional<std::uint64_t> bytes) {
    const std::lock_guard lock(mutex_);
    reserve_bytes_ = bytes;
    read_at_.reset();
}

Result<void> Admission::read_disk_if_old() {
    if (read_at_ && Steady::now() - *read_at_ < options_.reading_max_age) return {};
    return read_disk();
}

Result<void> Admission::read_disk() {
    TRY(disk_, options_.read_disk());
    read_at_ = Steady::now();
    admitted_ = 0;
    note_mark(disk_.free_bytes < reserve());
    return {};
}

std::uint64_t Admission::reserve() const {
    return reserve_bytes_.value_or(default_reserve(disk_.total_bytes));
}

std::uint64_t Admission::spare() const {
    const std::uint64_t free = disk_.free_bytes - std::min(admitted_, disk_.free_bytes);
    return free - std::min(reserve(), free);
}

/// Once each time that it is crossed.
void Admission::note_mark(bool below) {
    if (below == was_below_) return;
    was_below_ = below;
    if (below) {
        observe::log_warning("the disk is short of space: nothing is stored",
                             {{"free_bytes", disk_.free_bytes}, {"reserve_bytes", reserve()}});
    } else {
        observe::log_info("the disk has room again", {{"free_bytes", disk_.free_bytes}});
    }
}

}  // namespace larmor::admission
