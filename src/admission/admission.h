#pragma once
#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>

#include "admission/disk.h"
#include "base/result.h"

namespace larmor::admission {

enum class Cause : std::uint8_t {
    Switch,   ///< somebody asked for it: all is well
    Failure,  ///< a write or sync failed: nobody knows what the disk holds until a restart
};

struct ReadOnly {
    Cause cause = Cause::Switch;
    std::string reason;  ///< in words, for whoever is refused
};

struct Options {
    ReadDisk read_disk;
    /// Kept free for what goes on when nothing more is stored: reads with their audit trail,
    /// deletes, sign-in. Nothing: default_reserve of the disk.
    std::optional<std::uint64_t> reserve_bytes;
    /// A reading of the disk serves that long. What was admitted since counts as written.
    std::chrono::milliseconds reading_max_age{100};
};

struct State {
    DiskSpace disk;
    std::uint64_t reserve_bytes = 0;
    std::optional<Error> below_mark;  ///< why nothing is stored where the disk is short
    std::optional<ReadOnly> read_only;
};

/// Decides whether a library takes something new. Below the low-water mark of its disk it
/// stores nothing, and reads, deletes and what they leave on record go on in the reserve.
/// Read-only it changes nothing of what it keeps. Safe from any thread.
class Admission {
public:
    explicit Admission(Options options);

    /// Whether `bytes` fit above the reserve right now; counts nothing: for whoever can still
    /// refuse a body before it comes. Errors: NoSpace; Unavailable when the disk
    /// could not be read.
    Result<void> check(std::uint64_t bytes);
    /// The same for bytes that will be written now: they count against the disk until it is
    /// read again. Never refuses by an old reading.
    Result<void> admit(std::uint64_t bytes);
    /// For what needs no room: deletes, changes of rows. Errors: NoSpace when read-only.
    Result<void> allow_change() const;

    /// Until the end of the process. The first reason stays, but a failure replaces a switch.
    void set_read_only(ReadOnly read_only);

    /// From now on; see Options.
    void set_reserve(std::optional<std::uint64_t> bytes);

    /// How much there is above the reserve; 0 below the mark and where the disk can't be read.
    std::uint64_t spare_bytes();
    State state();

private:
    using Steady = std::chrono::steady_clock;
    Result<void> fits(std::uint64_t bytes);
    Result<void> read_disk_if_old();
    Result<void> read_disk();
    std::uint64_t reserve() const;
    std::uint64_t spare() const;
    void note_mark(bool below);

    const Options options_;
    mutable std::mutex mutex_;
    std::optional<std::uint64_t> reserve_bytes_;  ///< as it was set last
    std::optional<Steady::time_point> read_at_;
    DiskSpace disk_;
    std::uint64_t admitted_ = 0;  ///< since the reading
    bool was_below_ = false;
    std::optional<ReadOnly> read_only_;
};

}  // namespace larmor::admission
