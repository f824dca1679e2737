#pragma once
#include <atomic>
#include <deque>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "base/file.h"
#include "reassembly/spool/block.h"
#include "reassembly/spool/codec.h"
#include "reassembly/spool/record.h"

namespace larmor::reassembly::spool {

struct SpoolOptions {
    std::filesystem::path path;
    /// The first so many bytes of the file are kept in memory too: reads of them cost no disk.
    std::uint64_t memory_bytes = 0;
};

/// What a sync made durable; a checkpoint keeps it.
struct Mark {
    std::uint64_t size_bytes = 0;   ///< of the file
    std::uint64_t block_count = 0;  ///< numbers that blocks may have are below it
};

/// An append-only file of records, each compressed by itself with a dictionary trained on the
/// first 1,000, sixteen to a block, which is checked and read as a whole. An ordinal names a
/// record; what says where its block lies takes half a byte a record. Threads write through a
/// Writer each and, when all have flushed, read through a Reader each. Format:
/// docs/formats/spool.md.
class Spool {
public:
    /// Errors: Conflict where there is such a file; those of open(2).
    static Result<std::unique_ptr<Spool>> create(SpoolOptions options);

    /// Called for each record, in the order of the file.
    using Visit = std::function<Result<void>(std::uint64_t ordinal, const Record& record)>;
    /// Opens a spool after a crash as it was at a checkpoint: every block up to the mark is
    /// read and checked, what was appended behind it is cut off. Errors: Corrupt when anything
    /// before the mark is not what was written; those of `visit`.
    static Result<std::unique_ptr<Spool>> reopen(SpoolOptions options, const Mark& mark,
                                                 const Visit& visit);

    /// Makes all durable that writers have flushed. No writer may hold back records, or those
    /// are not part of the mark. Errors, after which nothing more can be relied on: those of
    /// writing.
    Result<Mark> sync();
    /// Whether the dictionary is there: until then the spool holds records back, and writers
    /// none.
    bool begun() const { return begun_; }

    std::uint64_t size_bytes() const { return end_; }
    /// When nobody writes any more: whether all of it is kept in memory too.
    bool in_memory() const { return kept_bytes_ == end_; }
    /// Of what says where blocks are, without the records that are kept.
    std::uint64_t directory_bytes() const;

private:
    friend class Writer;
    friend class Reader;

    /// Where a block lies: 46 bits of offset, 18 bits of size in units of 64 bytes. 0 is none.
    using Place = std::uint64_t;
    static constexpr unsigned kSizeBits = 18;
    static constexpr std::uint64_t kSizeUnit = 64, kUnitsMax = (1U << kSizeBits) - 1;
    struct Written {
        std::uint64_t number = 0;
        ByteRange range;  ///< in what is written at once
    };

    explicit Spool(SpoolOptions options);
    /// Keeps one of the first records for the dictionary and gives its ordinal; nothing once
    /// the dictionary is there.
    Result<std::optional<std::uint64_t>> hold(Bytes encoded);
    Result<void> begin_locked();
    Result<void> write_locked(Bytes bytes, std::span<const Written> blocks);
    Result<void> load(const Mark& mark, const Visit& visit);
    Result<void> load_block(std::uint64_t offset, Bytes block, const Mark& mark,
                            const Visit& visit);
    void keep(std::uint64_t offset, Bytes bytes);
    void note_locked(std::uint64_t number, ByteRange range);
    std::optional<Place> place_of(std::uint64_t number) const;

    const SpoolOptions options_;
    UniqueFd file_;
    SpoolId id_{};
    Dictionary dictionary_;
    std::atomic<bool> begun_{false};  ///< the dictionary and the header are there

    std::mutex mutex_;  ///< over all below, while there are writers
    ByteBuffer held_;
    std::vector<std::size_t> held_sizes_;
    std::deque<Place> directory_;
    std::uint64_t next_block_ = 0;
    std::atomic<std::uint64_t> end_{0};
    std::unique_ptr<std::byte[]> memory_;
    std::uint64_t kept_bytes_ = 0;  ///< from the start of the file
};

}  // namespace larmor::reassembly::spool
