#pragma once
#include <functional>
#include <memory>
#include <optional>

#include "reassembly/spool/reader.h"
#include "reassembly/spool/writer.h"
#include "reassembly/uid_index/builder.h"
#include "reassembly/uid_index/finder.h"

namespace larmor::reassembly::run {

/// All metadata records of a run: the index and the spool. Filled by threads through a Scribe
/// each; when all are closed and `finish` was called, read through a MetadataFinder each. The
/// spool can be gone on with from a checkpoint; the index, whose keys are this process's own,
/// is then made from it.
class MetadataStore {
public:
    struct Options {
        std::filesystem::path folder;  ///< for what has no name and is gone after the run
        std::filesystem::path spool;
        std::uint64_t index_bytes = 0;
        std::uint64_t spool_bytes = 0;
        unsigned threads = 1;
        std::uint64_t uid_hash_mask = ~std::uint64_t{0};  ///< of Request
    };
    /// Errors: Conflict where there is such a spool; those of making files.
    static Result<std::unique_ptr<MetadataStore>> create(const Options& options);
    /// Whether a record of the spool counts: its archive was read whole, and not again since.
    using Counts = std::function<bool(std::uint64_t block, std::uint32_t archive)>;
    /// Errors: Corrupt where the spool is not what it was at the mark; those of reading.
    static Result<std::unique_ptr<MetadataStore>> reopen(const Options& options,
                                                         const spool::Mark& mark,
                                                         const Counts& counts);

    /// Takes what one thread scans.
    class Scribe {
    public:
        Scribe(MetadataStore& store, unsigned thread)
            : store_(&store),
              appender_(&store.builder_.appender(thread)),
              writer_(*store.spool_) {}
        /// The ordinal of the record. Errors, after which the run can't go on: LimitExceeded,
        /// those of writing.
        Result<std::uint64_t> append(const spool::Record& record);
        /// Holds nothing back any more, as far as the spool has begun.
        Result<void> pause();
        /// Once, when the thread has no more.
        Result<void> close();

    private:
        MetadataStore* store_;
        uid_index::Appender* appender_;
        spool::Writer writer_;
    };

    /// What was appended by scribes that paused since, made durable; nothing while the spool
    /// has not begun.
    Result<std::optional<spool::Mark>> save();
    /// The same when all scribes are closed.
    Result<spool::Mark> seal() { return spool_->sync(); }
    Result<void> finish();
    std::uint64_t record_count() const { return index_->record_count(); }
    /// Whether there is a spool that can be sealed while others read it.
    bool begun() const { return spool_->begun(); }
    /// When finished: whether nothing is read from a file to find a record.
    bool in_memory() const { return !index_->in_file() && spool_->in_memory(); }

private:
    friend class MetadataFinder;
    explicit MetadataStore(const Options& options);

    uid_index::UidHasher hasher_;
    uid_index::Builder builder_;
    std::unique_ptr<spool::Spool> spool_;
    std::optional<uid_index::Index> index_;
};

/// A metadata record that was found.
struct FoundRecord {
    std::uint32_t archive = 0;
    std::uint64_t offset = 0;
    std::uint64_t ordinal = 0;
    ByteBuffer encoded;  ///< of fuse::encode
};

/// Finds records by UID; for one thread.
class MetadataFinder {
public:
    static Result<MetadataFinder> create(const MetadataStore& store);

    /// For each UID the records that have this very UID, compared letter for letter, in the
    /// order of archive and offset: none, one, or those that were there several times. Errors:
    /// Corrupt, those of reading.
    Result<std::vector<std::vector<FoundRecord>>> find(std::span<const std::string_view> uids);
    Result<FoundRecord> read(std::uint64_t ordinal);

private:
    MetadataFinder(const MetadataStore& store, uid_index::Finder finder)
        : store_(&store), finder_(std::move(finder)), reader_(*store.spool_) {}
    /// Reads records and appends those whose UID is that of their asker.
    Result<void> read_all(std::span<const std::string_view> uids,
                          std::span<const std::size_t> askers,
                          std::span<const std::uint64_t> ordinals,
                          std::vector<std::vector<FoundRecord>>& found);

    const MetadataStore* store_;
    uid_index::Finder finder_;
    spool::Reader reader_;
    bool reads_at_once_ = true;
};

}  // namespace larmor::reassembly::run
